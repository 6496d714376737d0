"""Landing a campaign: its archive where it can be had, the labelled synthetic campaign where not."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date

from bank_marketing.campaign import Campaign, open_campaign
from bank_marketing.errors import ConfigError
from bank_marketing.landing.archive import find_archive
from bank_marketing.landing.daily import Day, archive_days, write_atomically, write_day
from bank_marketing.landing.source import CampaignSource, load_source
from bank_marketing.landing.zone import SOURCE_FILE, LandedSource, LandingZone
from bank_marketing.settings import Settings

#: Any number would do; it is fixed so that every clone lands the same synthetic campaign.
DEFAULT_SEED = 20080505

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class LandingSummary:
    """What lies in the landing zone after `land`."""

    source: LandedSource
    days: int
    rows: int
    written: int
    last_day: date


def land(
    settings: Settings,
    *,
    synthetic: bool = False,
    scale: int = 1,
    seed: int = DEFAULT_SEED,
    replace: bool = False,
    until: date | None = None,
    progress: Callable[[int, int], None] = lambda done, days: None,
) -> LandingSummary:
    """Land the daily files of the campaign; files that are there with the same bytes are not touched.

    Args:
        settings: where the archive and the landing zone are.
        synthetic: land the synthetic campaign although the archive may be at hand.
        scale: rows a day of the synthetic campaign, as a multiple of the real one's.
        seed: of the synthetic campaign.
        replace: empty a zone that holds another campaign first; without it, that is an error.
        until: land no later day.
        progress: called after each day with the days landed and the days of the campaign.

    Raises:
        ArchiveCorrupt, ArchiveUnavailable: see `find_archive`.
        ConfigError: the zone holds another campaign, or the campaign has no source that could be landed.
    """
    campaign = open_campaign(settings)
    origin = _source(campaign)
    pinned = origin.archive
    real = LandedSource(kind="archive", title=pinned.title, digest=pinned.sha256)
    archive = None if synthetic else find_archive(settings, pinned)
    days: Iterable[Day]
    if archive is None and not synthetic and _present(settings) == real:
        return _kept(settings, real)
    if archive is not None:
        source = real
        days = archive_days(archive.csv, campaign.contract, origin.dates)
    elif origin.synthetic is not None:
        log.warning("landing the SYNTHETIC campaign%s", "" if synthetic else ": the archive cannot be had")
        source = LandedSource(kind="synthetic", seed=seed, scale=scale)
        days = origin.synthetic(seed, scale)
    else:
        raise ConfigError(
            f"the campaign has no synthetic stand-in, and its archive cannot be had: download {pinned.name} from {pinned.urls[-1]} "
            "and set BANK_ARCHIVE to it"
        )
    _claim(settings, source, replace=replace)
    landed = rows = written = 0
    last = date.min
    for day in days:
        if until is not None and day[0] > until:
            break
        written += write_day(settings.landing, *day, campaign.contract)
        landed, rows, last = landed + 1, rows + len(day[1]), day[0]
        progress(landed, origin.days)
    log.info("landed %d days with %d contacts up to %s, %d of them new", landed, rows, last, written)
    return LandingSummary(source, landed, rows, written, last)


def _source(campaign: Campaign) -> CampaignSource:
    source = load_source(campaign.folder)
    if source is None:
        raise ConfigError(
            f"the campaign in {campaign.folder} has no source.py: its daily files are landed by a feed of its own"
        )
    return source


def _present(settings: Settings) -> LandedSource | None:
    """What lies in the zone; None when nothing has landed."""
    root = settings.landing
    return LandingZone(root).source() if (root / SOURCE_FILE).exists() or (root / "contacts").exists() else None


def _kept(settings: Settings, source: LandedSource) -> LandingSummary:
    """The real campaign landed earlier; the archive is out of reach today, and nothing needs it."""
    log.warning("the archive cannot be had; %s keeps the campaign that landed from it before", settings.landing)
    zone = LandingZone(settings.landing)
    files = zone.contact_days(until=date.max)
    rows = sum(file.path.read_bytes().count(b"\n") - 1 for file in files)
    return LandingSummary(source, len(files), rows, 0, zone.last_day or date.min)


def _claim(settings: Settings, source: LandedSource, *, replace: bool) -> None:
    """Say in the zone what it holds, or refuse to mix two campaigns."""
    root, present = settings.landing, _present(settings)
    if present is not None and present != source:
        if not replace:
            raise ConfigError(
                f"{root} holds the {present.label}; the {source.label} would mix with it. Add --replace to empty the zone first, "
                "or set BANK_LANDING_ROOT to another folder."
            )
        for kind in ("contacts", "prospects"):
            try:
                shutil.rmtree(root / kind)
            except FileNotFoundError:
                continue
            except OSError as error:
                raise ConfigError(
                    f"{root / kind} cannot be emptied ({error.strerror}): remove it by hand and land again"
                ) from error
    write_atomically(root / SOURCE_FILE, (source.model_dump_json(indent=1) + "\n").encode())
