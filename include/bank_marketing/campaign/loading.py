"""From a campaign's folder to the object."""

from __future__ import annotations

from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from bank_marketing.campaign.model import Campaign
from bank_marketing.contract import load_contract
from bank_marketing.errors import ConfigError
from bank_marketing.settings import Settings

#: Folder of the campaigns that come with the platform, one folder each.
CAMPAIGNS = Path(__file__).resolve().parents[2] / "campaigns"

CONTRACT = "contract.yaml"
PARAMS = "params.yaml"
RESULTS = "results.json"


class _Params(BaseModel):
    """The content of `params.yaml`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str


def open_campaign(settings: Settings) -> Campaign:
    """The campaign that the settings name. Raises ConfigError: see `load_campaign`."""
    return load_campaign(settings.campaign, results_file=settings.results_file)


def load_campaign(name_or_folder: str | Path, *, results_file: Path | None = None) -> Campaign:
    """Load a campaign and check it as a whole.

    Args:
        name_or_folder: name of a folder in `CAMPAIGNS`, or a path to a folder anywhere.
        results_file: instead of the folder's own `results.json`.

    Raises:
        ConfigError: there is no such campaign, or a file of it cannot be used; it names the file.
    """
    folder = _folder(name_or_folder)
    params = _params(folder / PARAMS)
    return Campaign(
        name=folder.name,
        folder=folder,
        title=params.title,
        contract=load_contract(folder / CONTRACT),
        results_file=(results_file or folder / RESULTS).resolve(),
    )


def _params(path: Path) -> _Params:
    try:
        return _Params.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")) or {})
    except (OSError, yaml.YAMLError, ValidationError) as error:
        raise ConfigError(f"the parameters {path} cannot be used: {error}") from error


def _folder(name_or_folder: str | Path) -> Path:
    given = Path(name_or_folder)
    folder = given if len(given.parts) > 1 else CAMPAIGNS / given
    if not (folder / CONTRACT).is_file():
        known = ", ".join(sorted(path.parent.name for path in CAMPAIGNS.glob(f"*/{CONTRACT}")))
        raise ConfigError(f"there is no campaign {str(name_or_folder)!r}: {folder} has no {CONTRACT}. There are: {known}")
    return folder.resolve()
