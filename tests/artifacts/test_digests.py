from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pandas as pd
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
