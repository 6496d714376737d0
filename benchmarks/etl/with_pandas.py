"""pandas: a file a thread, text kept by Arrow."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bank_marketing.contract import Column, Contract
from benchmarks.etl.work import DAY_RULES, OUTCOME_RULE, Counts, DayFile, day_files, summed


def clean(zone: Path, out: Path, contract: Contract) -> Counts:
    """Clean all files, then look for contacts of two days."""
    with ThreadPoolExecutor() as pool:
        total = summed(list(pool.map(partial(_clean_file, contract=contract), day_files(zone, out))))
    ids = pd.concat([pd.read_parquet(path, columns=["contact_id"]) for path in sorted(out.glob("*/clean.parquet"))])
    return total | {"superseded": int(ids["contact_id"].duplicated().sum())}


def _clean_file(file: DayFile, contract: Contract) -> Counts:
    columns = contract.columns
    raw = pd.read_csv(
        file.path,
        sep=contract.delimiter,
        quotechar=contract.quote,
        dtype="string[pyarrow]",
        keep_default_na=False,
        engine="pyarrow",
    )
    raw.columns = pd.Index([column.name for column in columns])
    typed = pd.DataFrame({column.name: _value(column, raw[column.name]) for column in columns})
    flags = {f"cell({column.name})": _bad(column, raw[column.name], typed[column.name]) for column in columns}
    flags |= {DAY_RULES[name]: raw[name] != value for name, value in file.names.items()}
    flags[OUTCOME_RULE] = (typed["previous"] == 0) != (raw["poutcome"] == "nonexistent")
    broken = np.logical_or.reduce([flag.to_numpy(bool) for flag in flags.values()])
    good = typed[~broken]
    integers = [column.name for column in columns if column.type == "integer" or column.role == "outcome"]
    kept = good.drop_duplicates("contact_id", keep="last").astype(dict.fromkeys(integers, "int32"))
    kept.insert(1, "contact_date", file.day)
    kept.to_parquet(file.out / "clean.parquet", compression="zstd", index=False)
    if broken.any():
        _reject(raw, broken, flags, file.out / "rejected.parquet")
    odd = (kept["emp_var_rate"].abs() > 10) | ((kept["poutcome"] == "success") & (kept["pdays"] >= 999))
    return {
        "clean": len(kept),
        "rejected": int(broken.sum()),
        "duplicates": len(good) - len(kept),
        "warned": int(odd.sum()),
    }


def _reject(raw: pd.DataFrame, broken: Any, flags: dict[str, Any], path: Path) -> None:
    rows, places = raw[broken], np.flatnonzero(broken)
    told = {
        "source_row": places + 1,
        "contact_id": rows["contact_id"].to_numpy(),
        "breaches": [[name for name, flag in flags.items() if flag.iloc[place]] for place in places],
        "raw": rows.agg(";".join, axis=1).to_numpy(),
    }
    pd.DataFrame(told).to_parquet(path, compression="zstd", index=False)


def _value(column: Column, text: pd.Series) -> pd.Series:
    if column.role == "outcome":
        return text.map({"yes": 1, "no": 0})
    if column.type == "string":
        return text
    number: pd.Series = pd.to_numeric(text, errors="coerce")
    return number.where(number % 1 == 0) if column.type == "integer" else number


def _bad(column: Column, text: pd.Series, value: pd.Series) -> pd.Series:
    broken = text.isna() | (text.str.strip(" ") == "") | value.isna()
    if column.severity == "warning":
        return broken
    if column.categories:
        return broken | ~text.isin(column.categories)
    if column.pattern:
        return broken | ~text.str.fullmatch(column.pattern)
    return broken | (value < column.min) | (value > column.max)
