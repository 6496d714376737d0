"""A list that somebody brought, as the artifact that the nightly list is: clean rows and others, in the columns that Spark writes."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

from bank_marketing.contract import Contract
from bank_marketing.lists import CustomerList
from bank_marketing.lists.columns import STATUS, known_columns


def write(customers: CustomerList, day: date, clean: Path, rejected: Path, contract: Contract) -> None:
    """Write the rows of a list into two folders; its further columns, which may hold anything, are not kept."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    kinds = {"integer": pa.int32(), "double": pa.float64(), "string": pa.string()}
    names = [column.name for column in contract.prospect_columns]
    fields = [pa.field(names[0], kinds[contract[names[0]].type]), pa.field("contact_date", pa.date32())]
    fields += [pa.field(name, kinds[contract[name].type]) for name in names[1:]]
    table = pa.Table.from_pandas(customers.prospects.assign(contact_date=day), pa.schema(fields), preserve_index=False)
    _write(pq, table, clean)
    breach = pa.list_(pa.struct([("rule", pa.string()), ("detail", pa.string())]))
    schema = pa.schema(
        [
            ("source_row", pa.int32()),
            ("contact_id", pa.string()),
            ("status", pa.string()),
            ("breaches", breach),
            ("raw", pa.string()),
        ]
    )
    _write(pq, pa.Table.from_pylist(list(_left_out(customers, contract)), schema=schema), rejected)


def _write(pq: Any, table: Any, folder: Path) -> None:
    folder.mkdir(parents=True)
    pq.write_table(table, folder / "part-0.parquet", compression="zstd")


def _left_out(customers: CustomerList, contract: Contract) -> list[dict[str, Any]]:
    table = customers.left_out
    names = known_columns([str(name) for name in table.columns], contract)
    places = [names.get(column.name) for column in contract.prospect_columns]
    return [
        {
            "source_row": row["line"] - 1,
            "contact_id": row[places[0]] if places[0] else None,
            "status": row[STATUS],
            "breaches": [{"rule": row[STATUS], "detail": row["problems"]}],
            "raw": _line([str(row[name]) if name else "" for name in places], contract.delimiter),
        }
        for row in table.to_dict("records")
    ]


def _line(cells: Sequence[str], delimiter: str) -> str:
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=delimiter, lineterminator="").writerow(cells)
    return out.getvalue()
