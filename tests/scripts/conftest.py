"""Tests of the scripts; Airflow, where they start it, has a home of its own."""

import tests.support.airflow_home  # noqa: F401
