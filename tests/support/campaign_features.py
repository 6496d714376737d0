"""The features table of the whole campaign without Spark: the real one where the archive is at hand, else the synthetic one."""

from __future__ import annotations

from datetime import date

import pandas as pd

from bank_marketing.components.transform_data import TransformationConfig
from bank_marketing.etl.split import temporal_split
from bank_marketing.landing.archive import find_archive
from bank_marketing.landing.commands import DEFAULT_SEED
from bank_marketing.landing.daily import archive_days
from bank_marketing.settings import Settings
from tests.support.campaign import CONTRACT
from tests.support.features import with_history
from tests.support.sources import module_of, source_of


def campaign_features() -> tuple[pd.DataFrame, bool]:
    """The table in time order, `contact_date` as ISO text, and whether it is the real campaign's."""
    contract = CONTRACT
    source = source_of("bank_marketing")
    archive = find_archive(Settings(), source.archive) if Settings().archive else None
    synthetic = module_of("bank_marketing", "synthetic").synthetic_days
    days = archive_days(archive.csv, contract, source.dates) if archive else synthetic(DEFAULT_SEED)
    rows = pd.DataFrame([row | {"contact_date": day.isoformat()} for day, list_ in days for row in list_])
    names = {column.source_name: column.name for column in contract.columns}
    table = rows.rename(columns=names).drop(columns=["duration", "month"])
    types = {"integer": "int32", "double": "float64"}
    kept = {column.name: types[column.type] for column in contract.attributes if column.type in types}
    table = table.astype(kept).assign(y=(table["y"] == "yes").astype("int32"))
    table = with_history(table)
    sizes = table.groupby("contact_date").size()
    gaps = pd.Series(pd.to_datetime(sizes.index), index=sizes.index).diff().dt.days
    return table.assign(
        list_size=table["contact_date"].map(sizes), days_since_last_contact_day=table["contact_date"].map(gaps)
    ), archive is not None


def split_as_of(table: pd.DataFrame, as_of: str) -> dict[str, pd.DataFrame]:
    """Train, validation and holdout rows, cut as the platform cuts them on the evening of `as_of`."""
    known = table[table["contact_date"] <= as_of]
    days = [(date.fromisoformat(day), int(rows)) for day, rows in known.groupby("contact_date").size().items()]
    config = TransformationConfig().model_dump(exclude={"rows_per_file"})
    split = temporal_split(days, **config)
    first, second = split.validation_from.isoformat(), split.holdout_from.isoformat()
    return {
        "train": known[known["contact_date"] < first],
        "validation": known[known["contact_date"].between(first, second, inclusive="left")],
        "holdout": known[known["contact_date"] >= second],
    }
