"""What Prometheus scrapes: latency, counts, the distribution of scores, the model, the age of what it reads, memory and time."""

from __future__ import annotations

from collections.abc import Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest

from bank_marketing.scoring.single import Scored

#: Seconds; one prediction takes some 5 ms, a batch of a thousand some hundreds.
LATENCIES = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

SCORES = tuple(step / 20 for step in range(1, 21))


class Measures:
    """The service's instruments, in a registry of their own so that several apps can live in one process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        labels = ["method", "route", "status"]
        self.requests = Counter("bank_api_requests", "Requests", labels, registry=self.registry)
        self.latency = Histogram(
            "bank_api_request_seconds", "Latency of requests", ["method", "route"], buckets=LATENCIES, registry=self.registry
        )
        self.predictions = Counter(
            "bank_api_predictions", "Stored predictions", ["source", "decision", "model_version"], registry=self.registry
        )
        self.scores = Histogram(
            "bank_api_score", "Probabilities given", ["model_version"], buckets=SCORES, registry=self.registry
        )
        self.model = Gauge("bank_api_model_info", "1 for the model in use", ["version", "digest"], registry=self.registry)
        self.model_loaded = Gauge("bank_api_model_loaded_timestamp_seconds", "When it was loaded", registry=self.registry)
        self.reload_failed = Gauge(
            "bank_api_model_check_failed", "1 when the last check of the registry failed", registry=self.registry
        )
        self.features_through = Gauge(
            "bank_api_features_last_contact_day_seconds", "Last contact day that the features know", registry=self.registry
        )

        self.features_published = Gauge(
            "bank_api_features_published_timestamp_seconds", "When the features in use were published", registry=self.registry
        )

    def use_model(self, version: int, digest: str, loaded_at: float) -> None:
        """Say which model is in use."""
        self.model.clear()
        self.model.labels(str(version), digest[:12]).set(1)
        self.model_loaded.set(loaded_at)

    def count(self, scored: Sequence[Scored], source: str, version: int) -> None:
        """Count the predictions of a request that are on record."""
        observe = self.scores.labels(str(version)).observe
        for row in scored:
            observe(row.probability)
        called = sum(row.decision for row in scored)
        for decision, rows in (("call", called), ("do_not_call", len(scored) - called)):
            if rows:
                self.predictions.labels(source, decision, str(version)).inc(rows)

    def page(self) -> bytes:
        """The exposition text."""
        return generate_latest(self.registry)
