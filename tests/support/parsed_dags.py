"""Parses the project's DAG files in a process of its own and prints what came of it as JSON: `python -m tests.support.parsed_dags`."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

#: What no DAG file may load: each of them costs more than all parsing together.
HEAVY = (
    "pyspark",
    "great_expectations",
    "evidently",
    "mlflow",
    "sklearn",
    "pandas",
    "matplotlib",
    "shap",
    "lightgbm",
    "xgboost",
)


def serialized(dags: Path) -> dict[str, Any]:
    """The DAGs of a folder as the scheduler keeps them, with the errors of files that cannot be imported."""
    from airflow.dag_processing.dagbag import DagBag
    from airflow.serialization.serialized_objects import DagSerialization

    bag = DagBag(str(dags))
    return {
        "errors": bag.import_errors,
        "dags": {
            dag_id: json.loads(json.dumps(DagSerialization.to_dict(dag), default=str)) for dag_id, dag in bag.dags.items()
        },
    }


def main() -> None:
    """Print DAGs, errors, loaded heavy modules, and the seconds Airflow itself and the parsing took."""
    started = time.perf_counter()
    import airflow.dag_processing.dagbag
    import airflow.providers.apache.spark.operators.spark_submit
    import airflow.providers.smtp.notifications.smtp  # noqa: F401

    own = time.perf_counter() - started
    before = {name for name in HEAVY if name in sys.modules}
    started = time.perf_counter()
    parsed = serialized(Path(sys.argv[1]))
    parsing = time.perf_counter() - started
    heavy = sorted({name for name in HEAVY if name in sys.modules} - before)
    sys.stdout.write("\n" + json.dumps(parsed | {"heavy": heavy, "airflow_seconds": own, "parse_seconds": parsing}) + "\n")


if __name__ == "__main__":
    main()
