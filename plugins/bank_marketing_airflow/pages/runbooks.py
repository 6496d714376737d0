"""docs/runbooks.md and its pictures."""

from __future__ import annotations

from bank_marketing.errors import ArtifactMissing
from bank_marketing.settings import PROJECT_DIR
from bank_marketing_airflow.addresses import PREFIX
from bank_marketing_airflow.pages.markdown import markdown_page

DOCS = PROJECT_DIR / "docs"
PICTURES = "images/airflow/"


def page() -> str:
    """The runbooks. Raises ArtifactMissing where they are not installed."""
    text = _read("runbooks.md").decode()
    return markdown_page(text.replace(f"({PICTURES}", f"({PREFIX}/images/"), title="Runbooks")


def picture(name: str) -> bytes:
    """A picture of the runbooks; `name` holds no folder. Raises ArtifactMissing."""
    return _read(f"{PICTURES}{name}")


def _read(path: str) -> bytes:
    try:
        return (DOCS / path).read_bytes()
    except FileNotFoundError as error:
        raise ArtifactMissing(f"docs/{path} is not installed here; it is in the project's repository") from error
