"""DAG tests run on an Airflow home of their own: imported first, before Airflow reads its settings."""

import tests.support.airflow_home  # noqa: F401
