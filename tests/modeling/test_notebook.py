"""The experiments' notebook: what is committed is in step with its source, and it runs from the first cell to the last."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import jupytext
import nbformat
import pytest

from bank_marketing.components.context import RunContext
from bank_marketing.settings import PROJECT_DIR, Settings
from scripts.notebook import SOURCE, execute
from tests.support.campaign_features import campaign_features
from tests.support.features import publish_features

LAST_DAY = date(2010, 11, 26)
COMMITTED = SOURCE.with_suffix(".ipynb")
PICTURES = {"campaign", "level", "within", "experiments", "smote", "effects", "permutation"}


def test_the_committed_notebook_holds_the_sources_cells_with_their_outputs() -> None:
    committed, source = nbformat.read(COMMITTED, as_version=4), jupytext.read(SOURCE)
    assert [cell.source for cell in committed.cells] == [cell.source for cell in source.cells]
    outputs = [output for cell in committed.cells for output in cell.get("outputs", [])]
    assert sum("image/png" in output.get("data", {}) for output in outputs) == len(PICTURES)
    assert not [output for output in outputs if output.output_type == "error"]
    assert COMMITTED.stat().st_size < 1_000_000
    assert str(PROJECT_DIR) not in COMMITTED.read_text(encoding="utf-8")


def test_the_documentation_shows_the_notebooks_pictures() -> None:
    folder, page = PROJECT_DIR / "docs" / "images" / "model", (PROJECT_DIR / "docs" / "model.md").read_text(encoding="utf-8")
    for name in PICTURES:
        assert f"images/model/{name}.png" in page
        assert (folder / f"{name}.png").stat().st_size < 150_000


@pytest.mark.timeout(900)
def test_the_notebook_runs_and_finds_the_shipped_figures_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table, real = campaign_features()
    settings = Settings(home=tmp_path / "home")
    context = RunContext("bank_marketing_training", "notebook", LAST_DAY, settings)
    publish_features(table.assign(split="train"), context, synthetic=not real)
    (tmp_path / "pictures").mkdir()
    for name, value in {
        "HOME": settings.home,
        "FIGURES": tmp_path / "pictures",
    }.items():
        monkeypatch.setenv(f"BANK_{name}", str(value))
    notebook = nbformat.read(execute(SOURCE, tmp_path / "experiments.ipynb"), as_version=4)
    assert {path.stem for path in (tmp_path / "pictures").iterdir()} == PICTURES
    printed = "".join(output.get("text", "") for cell in notebook.cells for output in cell.get("outputs", []))
    assert ("These are the data of results.json" in printed) == real
