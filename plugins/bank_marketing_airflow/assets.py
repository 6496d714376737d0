"""What a campaign's DAGs make for each other and for whoever listens, from the landed files to the decision to train again."""

from __future__ import annotations

from dataclasses import dataclass

from airflow.sdk import Asset


@dataclass(frozen=True)
class Assets:
    """The assets of a campaign.

    Attributes:
        landed: by the call centre's system, outside Airflow: read, never written here.
        snapshot: of the clean contacts.
        features: of all contacts that are known.
        production_model: an event of it means that another version is in production than before.
        call_list: of a coming contact day.
        decision: to train again, or not.
    """

    landed: Asset
    snapshot: Asset
    features: Asset
    production_model: Asset
    call_list: Asset
    decision: Asset


def assets_of(campaign: str) -> Assets:
    """The assets of a campaign, by its name."""
    slug = campaign.replace("_", "-")

    def asset(name: str, path: str = "") -> Asset:
        return Asset(f"{slug}-{name}", uri=f"{slug}://{path or name}")

    return Assets(
        landed=asset("landed-contacts"),
        snapshot=asset("snapshot"),
        features=asset("features"),
        production_model=asset("production-model", "model/production"),
        call_list=asset("call-list"),
        decision=asset("retraining-decision"),
    )
