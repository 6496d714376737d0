"""The one scorer: the nightly batch and the service call exactly this, and a client gets the same bits alone or in any list."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict

from bank_marketing.artifacts import ArtifactStore
from bank_marketing.contract import Contract
from bank_marketing.economics import Economics
from bank_marketing.errors import ArtifactMissing
from bank_marketing.modeling.explanations import reasons
from bank_marketing.modeling.model import TermDepositModel
from bank_marketing.registry.registry import ModelVersion


class CampaignState(BaseModel):
    """The campaign's counts as the evening of its last contact day knows them, and the features artifact that they come from."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    as_of: date
    last_contact_day: date
    counts: dict[str, int]
    features_uri: str
    features_digest: str


def latest_campaign_state(store: ArtifactStore, as_of: date | None = None) -> CampaignState:
    """The latest published campaign state, of a day up to `as_of` when it is given. Raises ArtifactMissing when there is none."""
    found = None
    for uri in store.list_files(store.uri("runs")):
        if not uri.endswith("/transform_data/manifest.json"):
            continue
        manifest = store.manifest(uri.removesuffix("/manifest.json"))
        if (
            manifest.as_of is None
            or (as_of is not None and manifest.as_of > as_of)
            or not manifest.details.get("campaign_state")
        ):
            continue
        if found is None or (manifest.as_of, manifest.created_at) > (found.as_of, found.created_at):
            found = manifest
    if found is None or found.as_of is None:
        raise ArtifactMissing("no features were published yet: run the training DAG (`make run`)")
    state = dict(found.details["campaign_state"])  # type: ignore[arg-type]
    last = date.fromisoformat(str(state.pop("last_contact_day")))
    counts = {name: int(value) for name, value in state.items()}  # type: ignore[arg-type]
    return CampaignState(
        as_of=found.as_of, last_contact_day=last, counts=counts, features_uri=found.uri, features_digest=found.content_digest
    )


class Scorer:
    """Scores prospects with one model version."""

    def __init__(self, model: TermDepositModel, version: ModelVersion, economics: Economics, contract: Contract) -> None:
        self.model, self.version, self.economics, self.contract = model, version, economics, contract

    def score(self, prospects: pd.DataFrame, day: date, state: CampaignState, list_size: int) -> pd.DataFrame:
        """Score the prospects of a day.

        Args:
            prospects: one row a client, the contract's attributes known before the call; `contact_id` may be there.
            day: of the calls.
            state: of the campaign, as of an evening before `day`.
            list_size: clients on the whole list of that day.

        Returns:
            contact_id when it was there, probability, decision (bool), expected_profit (euro), reasons, in the order of `prospects`.
        """
        table = prospects.reset_index(drop=True)
        gap = (day - state.last_contact_day).days
        table = table.assign(**(state.counts | {"list_size": list_size, "days_since_last_contact_day": gap}))
        p = self.model.predict_proba(table)
        scored = table[["contact_id"]].copy() if "contact_id" in table else pd.DataFrame(index=table.index)
        scored["probability"] = p
        scored["decision"] = np.asarray(self.model.decide(p), dtype=bool)
        scored["expected_profit"] = self.economics.deposit_margin * p - self.economics.call_cost
        scored["reasons"] = pd.Series(reasons(self.model, table), index=table.index, dtype=object)
        return scored
