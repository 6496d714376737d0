"""What identifies an artifact, and what does not."""

from __future__ import annotations

import hashlib
import json
import math
import subprocess
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bank_marketing.artifacts import ArtifactRef, Manifest
from bank_marketing.artifacts.manifest import FileEntry, _git, digest_of, scalar_json

WHOLE = Manifest(
    kind="scores", uri="file:///a", as_of=date(2010, 6, 30), dag_id="scoring", run_id="1", created_at=datetime(2026, 1, 1, tzinfo=UTC),
    rows={"rows": 7}, schema_digest="c" * 64, parameters={"seed": 1}, details={"day": "2010-07-01"}, notes={"link": "x"},
    files=(
        FileEntry(path="b.parquet", sha256="b" * 64, size=2, content="said"),
        FileEntry(path="a.json", sha256="a" * 64, size=1),
        FileEntry(path="page.html", sha256="d" * 64, size=3, volatile=True),
    ),
    parents=(ArtifactRef(kind="model", uri="file:///m", digest="m" * 64),), code_version="v", libraries={"python": "3"},
)  # fmt: skip


def test_the_digest_is_over_what_it_contains_and_was_made_from() -> None:
    content = {
        "kind": "scores", "as_of": "2010-06-30", "rows": {"rows": 7}, "schema": "c" * 64, "parameters": {"seed": 1},
        "details": {"day": "2010-07-01"}, "files": [["a.json", "a" * 64], ["b.parquet", "said"]], "parents": [["model", "m" * 64]],
    }  # fmt: skip
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    assert WHOLE.digest() == hashlib.sha256(text.encode()).hexdigest()
    undated = WHOLE.model_copy(update={"as_of": None})
    assert undated.digest() == digest_of(content | {"as_of": None})


@pytest.mark.parametrize(
    "change",
    [{"uri": "file:///b"}, {"dag_id": "x"}, {"run_id": "2"}, {"created_at": datetime(2027, 1, 1, tzinfo=UTC)}, {"notes": {}},
     {"code_version": "w"}, {"libraries": {}}, {"content_digest": "e" * 64}, {"files": WHOLE.files[:2]}, {"files": WHOLE.files[::-1]}],
    ids=lambda change: next(iter(change)),
)  # fmt: skip
def test_places_times_runs_and_versions_do_not_identify_it(change: dict[str, Any]) -> None:
    assert WHOLE.model_copy(update=change).digest() == WHOLE.digest()


def test_a_digest_follows_the_content_and_not_the_order_of_keys() -> None:
    assert digest_of({"b": 1, "a": date(2010, 6, 30)}) == hashlib.sha256(b'{"a":"2010-06-30","b":1}').hexdigest()
    assert digest_of("ü") == hashlib.sha256(b'"\\u00fc"').hexdigest()


@settings(derandomize=True)
@given(st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.dates())
@example('\ud83d\ude00 \\ " \n ü')
@example(math.nan)
@example(-math.inf)
@example(True)
@example(0.1)
def test_a_single_value_is_written_as_json_writes_it(value: object) -> None:
    assert scalar_json(value) == json.dumps(value, default=str)


def test_git_answers_without_the_line_end_and_a_question_it_refuses_is_an_error(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "--quiet", str(tmp_path)], check=True)
    (tmp_path / "inner").mkdir()
    assert Path(_git(tmp_path / "inner", "rev-parse", "--show-toplevel")).resolve() == tmp_path.resolve()
    with pytest.raises(subprocess.CalledProcessError):
        _git(tmp_path, "rev-parse", "HEAD")
