"""From a campaign's folder to the object."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bank_marketing.campaign.feature_checks import problems
from bank_marketing.campaign.features import Attribute, FeatureSpec
from bank_marketing.campaign.model import Campaign
from bank_marketing.campaign.params import load_params
from bank_marketing.campaign.reading import YamlFile
from bank_marketing.contract import Contract
from bank_marketing.errors import ConfigError
from bank_marketing.settings import Settings

#: Folder of the campaigns that come with the platform, one folder each.
CAMPAIGNS = Path(__file__).resolve().parents[2] / "campaigns"

CONTRACT = "contract.yaml"
FEATURES = "features.yaml"
PARAMS = "params.yaml"
RESULTS = "results.json"


def open_campaign(settings: Settings) -> Campaign:
    """The campaign that the settings name. Raises ConfigError: see `load_campaign`."""
    prices = {"call_cost": settings.call_cost, "deposit_margin": settings.deposit_margin}
    return load_campaign(
        settings.campaign,
        results_file=settings.results_file,
        params=settings.params,
        prices={name: price for name, price in prices.items() if price is not None},
    )


def load_campaign(
    name_or_folder: str | Path,
    *,
    results_file: Path | None = None,
    params: Mapping[str, Mapping[str, Any]] | None = None,
    prices: Mapping[str, float] | None = None,
) -> Campaign:
    """Load a campaign and check it as a whole.

    Args:
        name_or_folder: name of a folder in `CAMPAIGNS`, or a path to a folder anywhere.
        results_file: instead of the folder's own `results.json`.
        params: instead of values in `params.yaml`, by section and name.
        prices: instead of those in `params.yaml`, by name.

    Raises:
        ConfigError: there is no such campaign, or a file of it cannot be used; it names file and line.
    """
    folder = _folder(name_or_folder)
    contract = YamlFile(folder / CONTRACT).parse(Contract)
    loaded = load_params(folder / PARAMS, params or {}, prices or {})
    return Campaign(
        name=folder.name,
        folder=folder,
        presentation=loaded.presentation.model_copy(update={"title": loaded.presentation.title or folder.name}),
        contract=contract,
        params=loaded,
        features=load_features(folder / FEATURES, contract),
        results_file=(results_file or folder / RESULTS).resolve(),
    )


def load_features(path: Path, contract: Contract) -> FeatureSpec:
    """Read what the model may know of a contact, and hold it against the contract. Raises ConfigError with file and line."""
    file = YamlFile(path)
    attributes = {
        column.name: Attribute(
            type=column.type,
            title=column.title,
            categories=column.categories,
            never=column.never,
            of_the_day=column.derived or column.role == "macro",
            published_later=column.published_later,
        )
        for column in contract.attributes
    }
    forbidden = tuple(column.name for column in contract.columns if column.phase == "after_call")
    features = file.parse(FeatureSpec, attributes=attributes, forbidden=forbidden)
    for place, problem in problems(features):
        raise file.refusal(place, problem)
    return features


def _folder(name_or_folder: str | Path) -> Path:
    given = Path(name_or_folder)
    folder = given if len(given.parts) > 1 else CAMPAIGNS / given
    if not (folder / CONTRACT).is_file():
        known = ", ".join(sorted(path.parent.name for path in CAMPAIGNS.glob(f"*/{CONTRACT}")))
        raise ConfigError(f"there is no campaign {str(name_or_folder)!r}: {folder} has no {CONTRACT}. There are: {known}")
    return folder.resolve()
