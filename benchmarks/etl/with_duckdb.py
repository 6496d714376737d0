"""DuckDB: all files in a few statements, written by day."""

from __future__ import annotations

from pathlib import Path

import duckdb

from bank_marketing.contract import Column, Contract
from benchmarks.etl.work import DAY_RULES, OUTCOME_RULE, Counts

KINDS = {"integer": "INTEGER", "double": "DOUBLE", "string": "VARCHAR"}


def clean(zone: Path, out: Path, contract: Contract) -> Counts:
    """Judge all rows into a table, write what stands and what does not, count."""
    database = duckdb.connect()
    database.execute(f"SET temp_directory = '{out}/spilled'")
    schema = ", ".join(f"'{column.name}': 'VARCHAR'" for column in contract.columns)
    dialect = f"delim = '{contract.delimiter}', quote = '{contract.quote}', header = true"
    days = "hive_partitioning = true, hive_types = {'dt': DATE}"
    files = f"read_csv('{zone}/contacts/*/*.csv', {dialect}, columns = {{{schema}}}, {days})"
    reasons = f"list_filter([{', '.join(_reasons(contract))}], lambda reason: reason IS NOT NULL)"
    database.execute(f"CREATE TEMP TABLE judged AS SELECT *, {reasons} AS breaches, row_number() OVER () AS place FROM {files}")
    database.execute(
        "CREATE TEMP TABLE stands AS SELECT max(place) AS place FROM judged WHERE len(breaches) = 0 GROUP BY dt, contact_id"
    )
    typed = ", ".join(f'{_value(column)} AS "{column.name}"' for column in contract.columns)
    target = "(FORMAT parquet, COMPRESSION zstd, PARTITION_BY (dt))"
    standing = f"SELECT dt, dt AS contact_date, {typed} FROM judged JOIN stands USING (place) ORDER BY dt, place"
    database.execute(f"COPY ({standing}) TO '{out}/clean' {target}")
    line = "concat_ws(';', " + ", ".join(f'"{column.name}"' for column in contract.columns) + ")"
    rejected = f"SELECT dt, place, contact_id, breaches, {line} AS raw FROM judged WHERE len(breaches) > 0 ORDER BY dt, place"
    database.execute(f"COPY ({rejected}) TO '{out}/rejected' {target}")

    def count(query: str) -> int:
        found = database.execute(f"SELECT count(*) FROM {query}").fetchone()
        return int(found[0]) if found else 0

    stands, bad = count("stands"), count("judged WHERE len(breaches) > 0")
    written = f"read_parquet('{out}/clean/*/*.parquet')"
    return {
        "clean": stands,
        "rejected": bad,
        "duplicates": count("judged") - stands - bad,
        "warned": count(f"{written} WHERE abs(emp_var_rate) > 10 OR (poutcome = 'success' AND pdays >= 999)"),
        "superseded": count(f"(SELECT 1 FROM {written} GROUP BY contact_id HAVING count(*) > 1)"),
    }


def _reasons(contract: Contract) -> list[str]:
    conditions = {f"cell({column.name})": _bad(column) for column in contract.columns}
    conditions[DAY_RULES["month"]] = "month <> lower(strftime(dt, '%b'))"
    conditions[DAY_RULES["day_of_week"]] = "day_of_week <> lower(strftime(dt, '%a'))"
    conditions[OUTCOME_RULE] = "(TRY_CAST(previous AS INTEGER) = 0) <> (poutcome = 'nonexistent')"
    return [f"CASE WHEN {condition} THEN '{name}' END" for name, condition in conditions.items()]


def _value(column: Column) -> str:
    if column.role == "outcome":
        return f"""CASE "{column.name}" WHEN 'yes' THEN 1 WHEN 'no' THEN 0 END"""
    return f'TRY_CAST("{column.name}" AS {KINDS[column.type]})'


def _bad(column: Column) -> str:
    text, value = f'"{column.name}"', _value(column)
    broken = f"{text} IS NULL OR trim({text}) = '' OR {value} IS NULL"
    if column.severity == "warning":
        return broken
    if column.categories:
        return f"{broken} OR {text} NOT IN ({', '.join(map(repr, column.categories))})"
    if column.pattern:
        return f"{broken} OR NOT regexp_full_match({text}, '{column.pattern}')"
    broken += f" OR isnan({value})" if column.type == "double" else ""
    return f"{broken} OR {value} < {column.min} OR {value} > {column.max}"
