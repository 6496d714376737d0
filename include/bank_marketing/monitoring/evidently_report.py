"""The drift report for people: Evidently's page, with this platform's own measures and thresholds in it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from bank_marketing.etl.drift import ks_distance, psi

if TYPE_CHECKING:
    import pandas as pd

    from bank_marketing.monitoring.drift import DriftFinding

KS, PSI = "ks_distance", "population_stability_index"


def write_report(reference: pd.DataFrame, recent: pd.DataFrame, finding: DriftFinding, path: Path) -> None:
    """Write the page.

    Args:
        reference: rows the production model learned from, with `probability` and `y`.
        recent: rows of the window, with the same columns.
        finding: which columns are compared, how, and the thresholds.
        path: of the HTML file (some 4 MB: Evidently puts its scripts in).
    """
    from evidently import DataDefinition, Dataset, Report
    from evidently.metrics import DriftedColumnsCount, ValueDrift

    _register()
    # What has drifted comes first: the page is long.
    compared = sorted(
        (entry for entry in finding.columns if entry.column in reference.columns), key=lambda entry: not entry.drifted
    )
    numbers = [entry.column for entry in compared if entry.method == "ks"] + ["probability"]
    categories = [entry.column for entry in compared if entry.method == "psi"] + ["y"]
    thresholds: dict[str, float] = {entry.method: entry.threshold for entry in finding.columns}
    definition = DataDefinition(numerical_columns=numbers, categorical_columns=categories)

    def dataset(rows: pd.DataFrame) -> Any:
        kept = rows[[*numbers, *categories]].reset_index(drop=True).astype(dict.fromkeys(numbers, float)).astype({"y": str})
        return Dataset.from_pandas(kept, data_definition=definition)

    methods: dict[str, str] = {**dict.fromkeys(numbers, "ks"), **dict.fromkeys(categories, "psi")}
    order = [entry.column for entry in compared] + ["probability", "y"]
    drift: list[Any] = [
        ValueDrift(column=name, method={"ks": KS, "psi": PSI}[methods[name]], threshold=thresholds[methods[name]])
        for name in order
    ]
    count = DriftedColumnsCount(
        columns=[entry.column for entry in compared if entry.weight == "decides"],
        num_method=KS, num_threshold=thresholds["ks"], cat_method=PSI, cat_threshold=thresholds["psi"],
    )  # fmt: skip
    made = Report([count, *drift]).run(dataset(recent), dataset(reference))
    made.save_html(str(path))


def _register() -> None:
    """Teach Evidently the two measures: its own KS decides by p-value, its own PSI bins differently."""
    from evidently.legacy.calculations.stattests import StatTest, register_stattest
    from evidently.legacy.core import ColumnType

    def ks_measure(reference: pd.Series, recent: pd.Series, feature_type: Any, threshold: float) -> tuple[float, bool]:
        distance = ks_distance(reference, recent)
        return distance, distance > threshold

    def psi_measure(reference: pd.Series, recent: pd.Series, feature_type: Any, threshold: float) -> tuple[float, bool]:
        index = psi(reference, recent)
        return index, index > threshold

    for name, title, kind, measure in (
        (KS, "Kolmogorov-Smirnov distance", ColumnType.Numerical, ks_measure),
        (PSI, "Population stability index", ColumnType.Categorical, psi_measure),
    ):
        register_stattest(StatTest(name=name, display_name=title, allowed_feature_types=[kind]), measure)
