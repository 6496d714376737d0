"""Ask a running service what a client would: is it alive, ready, guarded, and does it predict? Exit code 1 when one answer is wrong.

python -m scripts.smoke_test http://localhost:8000      with a key in BANK_SMOKE_API_KEY
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

import httpx
import typer

from bank_marketing.campaign import open_campaign
from bank_marketing.cli.shared import console, problems
from bank_marketing.components.context import Entity
from bank_marketing.contract.request import example_prospect
from bank_marketing.settings import Settings

#: Longest acceptable answer; the service itself gives up on a request after ten seconds.
TIMEOUT_SECONDS = 15.0
POLL_SECONDS = 1.0

KEY = "BANK_SMOKE_API_KEY"


class Probe(Entity):
    """One question: whether the answer was right, how long it took, and what was said."""

    name: str
    ok: bool
    seconds: float
    said: str


class _WrongError(Exception):
    """An answer is not what it must be."""


@dataclass(frozen=True)
class _Service:
    """A service under test, and the client whom it is asked about."""

    http: httpx.Client
    key: str
    client: dict[str, Any]

    def alive(self) -> str:
        """`/healthz` answers."""
        return f"{self._json('GET', '/healthz', 200)['status']}"

    def ready(self) -> str:
        """`/readyz` has a model."""
        answer = self._json("GET", "/readyz", 200)
        return f"model version {answer['model']['version']}, trained through {answer['model']['trained_through']}"

    def guarded(self) -> str:
        """Without a key nothing is predicted."""
        self._json("POST", "/api/v1/predictions", 401, json={"prospect": self.client})
        return "refused without a key"

    def predicts(self) -> str:
        """One prediction, with reasons, which can be found again by its id."""
        if not self.key:
            raise _WrongError(f"no API key: set {KEY}")
        headers = {"Authorization": f"Bearer {self.key}"}
        made = self._json("POST", "/api/v1/predictions", 200, json={"prospect": self.client}, headers=headers)
        if not 0 <= made["probability"] <= 1:
            raise _WrongError(f"a probability of {made['probability']}")
        if not made["reasons"]:
            raise _WrongError("a prediction without reasons")
        self._json("GET", f"/api/v1/predictions/{made['prediction_id']}", 200, headers=headers)
        return f"probability {made['probability']:.3f}, on record as {made['prediction_id']}"

    def _json(self, method: str, path: str, status: int, **arguments: Any) -> Any:
        answer = self.http.request(method, path, **arguments)
        if answer.status_code != status:
            raise _WrongError(f"{method} {path} answers {answer.status_code} instead of {status}: {answer.text[:300]}")
        return answer.json()


def probe(url: str, key: str, patience: float = 60.0) -> list[Probe]:
    """Ask all questions; liveness and readiness are asked again until `patience` seconds are over, the rest once.

    The client who is asked about is the example of the campaign that the settings name (BANK_CAMPAIGN).
    Questions that cannot be answered once an earlier one failed are not asked.
    """
    deadline = time.monotonic() + patience
    client = example_prospect(open_campaign(Settings()).contract)
    with httpx.Client(base_url=url, timeout=TIMEOUT_SECONDS) as http:
        service = _Service(http, key, client)
        probes: list[Probe] = []
        for name, question, waits in (
            ("alive", service.alive, True), ("ready", service.ready, True),
            ("guarded", service.guarded, False), ("predicts", service.predicts, False),
        ):  # fmt: skip
            probes.append(_ask(name, question, deadline if waits else 0.0))
            if not probes[-1].ok and waits:
                break
    return probes


def _ask(name: str, question: Callable[[], str], deadline: float) -> Probe:
    started = time.monotonic()
    while True:
        try:
            said, ok = question(), True
        except (_WrongError, httpx.HTTPError) as error:
            said, ok = str(error) or type(error).__name__, False
        except (ValueError, KeyError, TypeError) as error:  # JSON of another shape, or none
            said, ok = f"an answer that is not the service's ({type(error).__name__}: {error})", False
        if ok or time.monotonic() > deadline:
            return Probe(name=name, ok=ok, seconds=round(time.monotonic() - started, 3), said=said)
        time.sleep(POLL_SECONDS)


def show(probes: list[Probe]) -> None:
    """Print the answers."""
    for found in probes:
        console.print(
            f"  {'✓' if found.ok else '✗'} {found.name:<9} {found.seconds:6.2f} s  {found.said}", highlight=False, markup=False
        )


def main(
    url: Annotated[str, typer.Argument(help="Where the service listens, for example http://localhost:8000.")],
    patience: Annotated[float, typer.Option(help="Seconds to wait until it is ready.")] = 60.0,
) -> None:
    """Ask a running service what a client would. The API key is taken from BANK_SMOKE_API_KEY."""
    if not url.startswith(("http://", "https://")):
        problems.print(f"{url} is no address: it starts with http:// or https://", highlight=False)
        raise typer.Exit(2)
    probes = probe(url, os.environ.get(KEY, ""), patience)
    show(probes)
    if not all(found.ok for found in probes):
        raise typer.Exit(1)


if __name__ == "__main__":
    typer.run(main)
