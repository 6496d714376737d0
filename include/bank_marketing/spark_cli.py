"""The command line that every Spark job has: which run, which inputs, and where to write down why it failed."""

from __future__ import annotations

import argparse
import json
import logging
import sys
from collections.abc import Sequence

from bank_marketing.artifacts import ArtifactRef
from bank_marketing.components.context import RunContext, parse_as_of
from bank_marketing.errors import BankMarketingError
from bank_marketing.pipelines import run_step
from bank_marketing.settings import Settings


def main(step: str, arguments: Sequence[str] | None = None) -> int:
    """Run one step as a Spark job; returns the exit code.

    A failure of the platform's own is written as JSON to `--error-uri`, so that whoever submitted the job can raise it again.
    """
    parser = argparse.ArgumentParser(
        prog=f"spark-submit {step}.py", description=f"Runs the step {step} and publishes its artifact."
    )
    parser.add_argument("--dag-id", default="spark-submit", help="DAG the run belongs to [%(default)s]")
    parser.add_argument("--run-id", default="manual", help="id of the run [%(default)s]")
    parser.add_argument("--as-of", required=True, help="day whose data are used, YYYY-MM-DD")
    parser.add_argument("--refs", default="{}", help="JSON: step -> reference of the artifact it made")
    parser.add_argument("--options", default="{}", help="JSON: what the run was asked for")
    parser.add_argument("--error-uri", default="", help="where the reason of a failure is written")
    given = parser.parse_args(arguments)
    logging.basicConfig(stream=sys.stdout, level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    logging.getLogger("py4j").setLevel(logging.WARNING)
    settings = Settings()
    try:
        context = RunContext(given.dag_id, given.run_id, parse_as_of(given.as_of), settings)
        refs = {name: ArtifactRef.model_validate(ref) for name, ref in json.loads(given.refs).items()}
        run_step(step, refs, context, json.loads(given.options))
    except BankMarketingError as error:
        logging.error("%s: %s", type(error).__name__, error)
        _write_down(error, given.error_uri, settings)
        return 1
    return 0


def _write_down(error: BankMarketingError, uri: str, settings: Settings) -> None:
    if not uri:
        return
    from bank_marketing.artifacts import open_store

    told = {
        "error": type(error).__name__,
        "message": str(error),
        "rule": getattr(error, "rule", ""),
        "location": getattr(error, "location", ""),
    }
    try:
        open_store(settings).write_bytes(uri, json.dumps(told).encode())
    except BankMarketingError as unwritten:
        logging.error("the reason could not be written down: %s", unwritten)
