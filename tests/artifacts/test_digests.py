from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bank_marketing.artifacts.digests import content_digest, file_digest, parquet_digest

WRITE = """
import sys
from bank_marketing.etl.session import spark_session
from bank_marketing.settings import Settings

spark = spark_session("writer", Settings())
spark.createDataFrame([(1, "a"), (2, None)], "n int, s string").coalesce(1).write.parquet(sys.argv[1])
"""


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "table.parquet"
    pd.DataFrame({"n": [1, 2, 3], "s": ["a", "b", None]}).to_parquet(path, index=False)
    return path


def test_spark_writes_the_same_content_in_every_process(tmp_path: Path) -> None:
    for name in ("one", "two"):
        subprocess.run([sys.executable, "-c", WRITE, str(tmp_path / name)], check=True, capture_output=True)
    one, two = (next((tmp_path / name).glob("*.parquet")) for name in ("one", "two"))
    assert parquet_digest(one) == parquet_digest(two)


@pytest.mark.parametrize(
    "change",
    [
        lambda table: table.assign(n=[1, 2, 4]),
        lambda table: table.rename(columns={"n": "m"}),
        lambda table: table.iloc[::-1],
        lambda table: table.head(2),
        lambda table: table.astype({"n": "int32"}),
    ],
    ids=["a value", "a name", "the order", "a row less", "a type"],
)
def test_another_table_has_another_content(table: Path, change: object) -> None:
    before = parquet_digest(table)
    changed = table.with_name("changed.parquet")
    change(pd.read_parquet(table)).to_parquet(changed, index=False)  # type: ignore[operator]
    assert parquet_digest(changed) != before


def test_other_files_say_what_their_bytes_say(tmp_path: Path) -> None:
    path = tmp_path / "split.json"
    path.write_text("{}", encoding="utf-8")
    assert content_digest(path) == ""
    assert file_digest(path) == "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"


def written(path: Path, table: pa.Table, **options: Any) -> Path:
    pq.write_table(table, path, **options)
    return path


TABLE = pa.table({"n": list(range(7)), "s": ["a", "b", None, "a", "b", "c", "d"]})


@pytest.mark.parametrize(
    "options",
    [{"row_group_size": 3}, {"compression": "gzip"}, {"use_dictionary": False}, {"data_page_size": 8, "write_batch_size": 1}],
    ids=lambda options: next(iter(options)),
)
def test_another_layout_is_other_content(tmp_path: Path, options: dict[str, Any]) -> None:
    plain = parquet_digest(written(tmp_path / "one.parquet", TABLE))
    assert parquet_digest(written(tmp_path / "same.parquet", TABLE)) == plain
    assert parquet_digest(written(tmp_path / "other.parquet", TABLE, **options)) != plain


def test_what_the_footer_says_of_the_table_is_content_and_the_order_it_says_it_in_is_not(tmp_path: Path) -> None:
    def said(name: str, **metadata: str) -> str:
        path = tmp_path / f"{name}.parquet"
        with pq.ParquetWriter(path, TABLE.schema, store_schema=False) as writer:
            writer.write_table(TABLE)
            writer.add_key_value_metadata(metadata)
        return parquet_digest(path)

    assert said("a", x="1", y="2") == said("b", y="2", x="1")
    assert len({said("c", x="1"), said("d", x="2"), said("e", z="1"), said("f")}) == 4


def test_every_page_counts_also_of_a_file_of_many_blocks(tmp_path: Path) -> None:
    """Incompressible numbers of three megabytes: the last value lies in the last of several blocks that are read."""
    numbers = np.random.default_rng(1).integers(0, 2**62, 400_000)
    plain = parquet_digest(
        written(tmp_path / "one.parquet", pa.table({"n": numbers}), use_dictionary=False, write_statistics=False)
    )
    for place in (0, 200_000, 399_999):
        changed = numbers.copy()
        changed[place] += 1
        other = written(tmp_path / "other.parquet", pa.table({"n": changed}), use_dictionary=False, write_statistics=False)
        assert parquet_digest(other) != plain, place


def test_the_digest_is_that_of_the_pages_and_a_description_of_them(tmp_path: Path) -> None:
    path = written(tmp_path / "one.parquet", TABLE, row_group_size=4)
    data, footer = path.read_bytes(), pq.read_metadata(path)
    pages = data[: len(data) - 8 - int.from_bytes(data[-8:-4], "little")]
    described: list[Any] = [str(TABLE.schema), sorted(footer.metadata.items())]
    for number, rows in enumerate((4, 3)):
        described.append(rows)
        for place, name in enumerate(("n", "s")):
            column = footer.row_group(number).column(place)
            described.append((name, "SNAPPY", column.data_page_offset, column.total_compressed_size))
    assert parquet_digest(path) == hashlib.sha256(pages + repr(described).encode()).hexdigest()
    assert content_digest(path) == parquet_digest(path)


def test_a_table_without_a_word_of_metadata_has_a_digest(tmp_path: Path) -> None:
    path = written(tmp_path / "bare.parquet", TABLE, store_schema=False)
    assert pq.read_metadata(path).metadata is None
    assert len(parquet_digest(path)) == 64
