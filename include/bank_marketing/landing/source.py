"""A campaign's own code: where its data come from (`source.py`) and its stand-in (`synthetic.py`), for campaigns that have them.

Standard library only at run time: the doctor reads it before anything is installed.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, TypeAlias

from bank_marketing.errors import ConfigError
from bank_marketing.landing.pinned import PinnedArchive

if TYPE_CHECKING:
    from bank_marketing.landing.daily import Day

#: Day and rows of a synthetic campaign, from a seed and a multiple of the real one's rows.
SyntheticDays: TypeAlias = "Callable[[int, int], Iterator[Day]]"


@dataclass(frozen=True)
class CampaignSource:
    """Where a campaign's daily files come from."""

    archive: PinnedArchive
    days: int
    dates: Callable[[Sequence[Mapping[str, str]]], Iterator[date]]
    synthetic: SyntheticDays | None


def load_source(folder: Path) -> CampaignSource | None:
    """The source of the campaign in `folder`; None when it has none and lives from a feed of daily files.

    Raises:
        ConfigError: `source.py` lacks what the platform asks of it.
    """
    if not (folder / "source.py").is_file():
        return None
    module = campaign_module(folder, "source")
    synthetic: SyntheticDays | None = None
    if (folder / "synthetic.py").is_file():

        def synthetic(seed: int, scale: int) -> Iterator[Day]:
            days: Iterator[Day] = campaign_module(folder, "synthetic").synthetic_days(seed, scale)
            return days

    try:
        return CampaignSource(
            archive=module.ARCHIVE,
            days=module.DAYS,
            dates=module.dates,
            synthetic=synthetic,
        )
    except AttributeError as error:
        raise ConfigError(f"the source of the campaign in {folder} is not complete: {error}") from error


def campaign_module(folder: Path, name: str) -> ModuleType:
    """A Python module of a campaign's folder, imported once."""
    full_name = f"campaigns.{folder.name}.{name}"
    path = folder / f"{name}.py"
    known = sys.modules.get(full_name)
    if known is not None and known.__file__ == str(path):
        return known
    spec = importlib.util.spec_from_file_location(full_name, path)
    if spec is None or spec.loader is None:
        raise ConfigError(f"{path} cannot be imported")
    module = importlib.util.module_from_spec(spec)
    sys.modules[full_name] = module
    try:
        spec.loader.exec_module(module)
    except FileNotFoundError as error:
        del sys.modules[full_name]
        raise ConfigError(f"the campaign in {folder} has no {name}.py") from error
    except BaseException:
        del sys.modules[full_name]
        raise
    return module
