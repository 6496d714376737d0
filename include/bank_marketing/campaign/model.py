"""The campaign as an object."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from bank_marketing.campaign.features import FeatureSpec
from bank_marketing.campaign.params import Params
from bank_marketing.campaign.presentation import Presentation
from bank_marketing.contract import Contract
from bank_marketing.economics import Economics
from bank_marketing.rules.calendar import Calendar


@dataclass(frozen=True)
class Campaign:
    """A campaign, loaded and checked as a whole.

    Attributes:
        name: of its folder, and of all that is kept apart for it.
        folder: where its files are.
        presentation: title, currency and words, for people.
        contract: of its data, `contract.yaml`.
        features: what the model may know of a contact, `features.yaml`.
        params: what the platform does for it, `params.yaml`.
        results_file: the file that says which model is trained; read when a model is trained.
    """

    name: str
    folder: Path
    presentation: Presentation
    contract: Contract
    features: FeatureSpec
    params: Params
    results_file: Path

    @property
    def economics(self) -> Economics:
        """Its prices: what a call costs, what a success brings."""
        return self.params.economics

    @property
    def calendar(self) -> Calendar:
        """On which days it calls."""
        return self.params.calendar
