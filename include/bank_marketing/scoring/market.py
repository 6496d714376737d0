"""The market of the last contact day: what a list may leave out, and what the form starts with."""

from __future__ import annotations

from bank_marketing.artifacts import ArtifactStore
from bank_marketing.components.transform_data import FEATURES
from bank_marketing.contract import Contract
from bank_marketing.scoring.scorer import CampaignState


def latest_market(store: ArtifactStore, state: CampaignState, contract: Contract) -> dict[str, float]:
    """Values of the contract's macro columns on the last contact day; empty when the features have no row of it."""
    names = [column.name for column in contract.attributes if column.role == "macro"]
    if not names:
        return {}
    last_day = [("contact_date", "==", state.last_contact_day)]
    found = store.read_table(f"{state.features_uri}/{FEATURES}", columns=names, filters=last_day).to_pandas()
    return {name: float(found[name].iloc[-1]) for name in names} if len(found) else {}
