"""A task's log tells what the task did: what libraries say to their own developers is left out."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

#: Libraries that tell of their own starting up at INFO.
CHATTY = ("matplotlib", "great_expectations", "evidently", "mlflow", "alembic", "py4j", "botocore", "boto3", "urllib3")


@contextmanager
def story_only() -> Iterator[None]:
    """Silence deprecations and MLflow's warnings; chatty libraries speak from WARNING on.

    skops asks every loaded module for names, Airflow's deprecated ones among them: three thousand lines in `train_model` without this.
    """
    for name in CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)
    with warnings.catch_warnings():
        for kind in (DeprecationWarning, FutureWarning):
            warnings.simplefilter("ignore", category=kind)
        warnings.filterwarnings("ignore", category=UserWarning, module=r"mlflow\..*")
        yield
