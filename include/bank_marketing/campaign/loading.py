"""From a campaign's folder to the object."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict

from bank_marketing.campaign.feature_checks import problems
from bank_marketing.campaign.features import Attribute, FeatureSpec
from bank_marketing.campaign.model import Campaign
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


class _Params(BaseModel):
    """The content of `params.yaml`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str = ""


def open_campaign(settings: Settings) -> Campaign:
    """The campaign that the settings name. Raises ConfigError: see `load_campaign`."""
    return load_campaign(settings.campaign, results_file=settings.results_file)


def load_campaign(name_or_folder: str | Path, *, results_file: Path | None = None) -> Campaign:
    """Load a campaign and check it as a whole.

    Args:
        name_or_folder: name of a folder in `CAMPAIGNS`, or a path to a folder anywhere.
        results_file: instead of the folder's own `results.json`.

    Raises:
        ConfigError: there is no such campaign, or a file of it cannot be used; it names file and line.
    """
    folder = _folder(name_or_folder)
    contract = YamlFile(folder / CONTRACT).parse(Contract)
    return Campaign(
        name=folder.name,
        folder=folder,
        title=YamlFile(folder / PARAMS).parse(_Params).title or folder.name,
        contract=contract,
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
