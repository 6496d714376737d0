"""Polars: eager by file, lazy within it, on all cores."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl

from bank_marketing.contract import Column, Contract
from benchmarks.etl.work import DAY_RULES, OUTCOME_RULE, Counts, DayFile, day_files, summed

KINDS: dict[str, Any] = {"integer": pl.Int32, "double": pl.Float64, "string": pl.String}


def clean(zone: Path, out: Path, contract: Contract) -> Counts:
    """Clean all files, then look for contacts of two days."""
    total = summed([_clean_file(file, contract) for file in day_files(zone, out)])
    ids = pl.scan_parquet(out / "*" / "clean.parquet").select("contact_id").group_by("contact_id").len()
    return total | {"superseded": ids.filter(pl.col("len") > 1).select(pl.len()).collect(engine="streaming").item()}


def _clean_file(file: DayFile, contract: Contract) -> Counts:
    names = [column.name for column in contract.columns]
    raw = pl.read_csv(file.path, separator=contract.delimiter, quote_char=contract.quote, infer_schema=False, new_columns=names)
    rules = _rules(file, contract)
    broken = raw.lazy().select(pl.any_horizontal(rules)).collect().to_series()
    good = raw.filter(~broken)
    kept = good if good["contact_id"].is_unique().all() else good.unique("contact_id", keep="last", maintain_order=True)
    identifier, *others = (_value(column) for column in contract.columns)
    kept = kept.lazy().select(identifier, pl.lit(file.day).alias("contact_date"), *others).collect()
    kept.write_parquet(file.out / "clean.parquet", compression="zstd")
    if broken.any():
        told = [pl.when(rule).then(pl.lit(rule.meta.output_name())) for rule in rules]
        reasons = pl.concat_list(told).list.drop_nulls().alias("breaches")
        line = pl.concat_str(names, separator=contract.delimiter).alias("raw")
        rejected = raw.with_row_index("source_row", 1).filter(broken).select("source_row", "contact_id", reasons, line)
        rejected.write_parquet(file.out / "rejected.parquet", compression="zstd")
    odd = (pl.col("emp_var_rate").abs() > 10) | ((pl.col("poutcome") == "success") & (pl.col("pdays") >= 999))
    return {
        "clean": len(kept),
        "rejected": int(broken.sum()),
        "duplicates": len(good) - len(kept),
        "warned": kept.select(odd.sum()).item(),
    }


def _rules(file: DayFile, contract: Contract) -> list[pl.Expr]:
    rules = [_bad(column).fill_null(value=True).alias(f"cell({column.name})") for column in contract.columns]
    rules += [(pl.col(name) != value).fill_null(value=False).alias(DAY_RULES[name]) for name, value in file.names.items()]
    never = pl.col("previous").cast(pl.Int32, strict=False) == 0
    return [*rules, (never != (pl.col("poutcome") == "nonexistent")).fill_null(value=False).alias(OUTCOME_RULE)]


def _value(column: Column) -> pl.Expr:
    if column.role == "outcome":
        return pl.col(column.name).replace_strict({"yes": 1, "no": 0}, default=None, return_dtype=pl.Int32)
    return pl.col(column.name).cast(KINDS[column.type], strict=False)


def _bad(column: Column) -> pl.Expr:
    text, value = pl.col(column.name), _value(column)
    broken = text.is_null() | (text.str.strip_chars(" ") == "") | value.is_null()
    if column.severity == "warning":
        return broken
    if column.categories:
        return broken | ~text.is_in(list(column.categories))
    if column.pattern:
        return broken | ~text.str.contains(f"^(?:{column.pattern})$")
    if column.type == "double":
        broken = broken | value.is_nan()
    return broken | (value < column.min) | (value > column.max)
