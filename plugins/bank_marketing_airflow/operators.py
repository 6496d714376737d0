"""Operators for the platform's steps: in the task's own process, or through spark-submit. XCom carries references only."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from airflow.providers.apache.spark.operators.spark_submit import SparkSubmitOperator
from airflow.sdk import BaseOperator, Context
from airflow.sdk.definitions.xcom_arg import PlainXComArg
from airflow.sdk.exceptions import AirflowException
from pydantic import ValidationError

from bank_marketing import errors
from bank_marketing.artifacts import ArtifactRef
from bank_marketing.components.context import RunContext
from bank_marketing.errors import ArtifactMissing
from bank_marketing.etl import s3a
from bank_marketing.etl.driver_java import driver_java_options
from bank_marketing.settings import PROJECT_DIR
from bank_marketing_airflow.addresses import reachable
from bank_marketing_airflow.campaigns import campaign_environment
from bank_marketing_airflow.links import LINKS
from bank_marketing_airflow.quiet import story_only
from bank_marketing_airflow.run_context import begin, live, run_context, run_options, run_type

SPARK_JOBS = PROJECT_DIR / "spark_jobs"


def announced(ref: ArtifactRef, task: BaseOperator, run: RunContext, context: Context) -> dict[str, str]:
    """The reference as XCom carries it, on the task's asset events too: who listens then works on the same day.

    A run that is not live announces nothing, unless its task says that it is about the same for all (`announces_past`).
    """
    message: dict[str, str] = ref.model_dump()
    if task.outlets and not getattr(task, "announces_past", False) and not live(context, run):
        silent = ", ".join(asset.name for asset in task.outlets)
        task.log.info("not announced, as this is a run of the past or may not promote: %s", silent)
        task.outlets = []  # Airflow makes an event of each outlet
    for asset in task.outlets:
        context["outlet_events"][asset].extra.update({"as_of": run.as_of.isoformat()} | message)
    return message


def remembered(refs: Mapping[str, Any] | None) -> dict[str, Any]:
    """Outputs as the ids of their tasks: an output among an operator's arguments draws an arrow from its task, and a step reads many.

    What runs before what is said by the DAG file alone.
    """
    return {step: ref.operator.task_id if isinstance(ref, PlainXComArg) else ref for step, ref in (refs or {}).items()}


def references(refs: Mapping[str, Any], context: Context) -> dict[str, ArtifactRef]:
    """The references behind remembered outputs.

    Raises:
        ArtifactMissing: a task has left none, as somebody marked it as done.
    """
    found = {}
    for step, ref in refs.items():
        told = context["ti"].xcom_pull(task_ids=ref) if isinstance(ref, str) else ref
        try:
            found[step] = ArtifactRef.model_validate(told)
        except ValidationError as error:
            raise ArtifactMissing(
                f"{step} left no artifact in this run ({told!r}): it was skipped, or marked as success without having run. "
                "Clear it, with downstream."
            ) from error
    return found


class StepOperator(BaseOperator):
    """Runs one step of the pipeline in the task's process.

    Args:
        refs: outputs of the steps before it, by task id.
    """

    template_fields: Sequence[str] = ("refs",)
    ui_color = "#e3eef6"

    def __init__(self, *, refs: dict[str, Any] | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.refs = remembered(refs)
        self.operator_extra_links = LINKS.get(self.task_id, ())

    def run_options(self, context: Context) -> dict[str, Any]:
        """What the run was asked for."""
        return run_options(context)

    def execute(self, context: Context) -> dict[str, str]:
        """Run the step; returns its reference."""
        return self.work(context)

    def work(self, context: Context) -> dict[str, str]:
        """What `execute` does, for operators that come to it later: Airflow warns of an `execute` that it has not called itself."""
        from bank_marketing.pipelines import run_step

        self.platform_run = run = begin(context)  # the links are made from it, also when the step fails
        with story_only():
            ref = run_step(self.task_id, references(self.refs, context), run, self.run_options(context))
        return announced(ref, self, run, context)


class ReportOperator(StepOperator):
    """Runs the reporting step and mails its summary; of a night on which nothing is to be done there is the report alone."""

    ui_color = "#e6f4ea"

    def execute(self, context: Context) -> dict[str, str]:
        """Make the report, send the mail; returns the report's reference."""
        from bank_marketing.reporting import report
        from bank_marketing_airflow.mail import send
        from bank_marketing_airflow.mail_content import Mail
        from bank_marketing_airflow.recovered import recovered_mail_part

        ref = super().execute(context)
        run = run_context(context)
        made = report.load(ArtifactRef.model_validate(ref), run)
        if made.quiet and run_type(context) in ("scheduled", "asset_triggered"):
            self.log.info("nothing to act on, no mail: %s", made.mail_subject)
            return ref
        recovered = recovered_mail_part(run) if self.task_id == "notify_scored" else ""
        send(Mail(made.mail_subject, reachable(made.mail_html, run) + recovered), context)
        return ref


class SparkStepOperator(SparkSubmitOperator):  # type: ignore[misc]  # the provider has no type hints
    """Submits one step as a Spark job (`spark_jobs/<task_id>.py`) and returns the reference of what it published.

    A reason that the job wrote down is raised here as the package's own exception, so that the retry policy and the mail see it.

    Args:
        refs: outputs of the steps before it, by task id.
    """

    template_fields: Sequence[str] = ("refs",)
    ui_color = "#fdebd7"

    def __init__(self, *, task_id: str, refs: dict[str, Any] | None = None, **kwargs: Any) -> None:
        super().__init__(
            task_id=task_id,
            application=str(SPARK_JOBS / f"{task_id}.py"),
            name=f"bank-marketing-{task_id}",
            **kwargs,
        )
        self.refs = remembered(refs)

    def execute(self, context: Context) -> dict[str, str]:
        """Submit the job, wait for it, and read back what it published."""
        return self.submit(context)

    def submit(self, context: Context) -> dict[str, str]:
        """What `execute` does, for operators that submit a job only where one is asked for."""
        run = begin(context)
        # The job must find this Python, its pyspark and its campaign, on every machine that runs the driver.
        self.env_vars = {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}",
            "PYSPARK_PYTHON": sys.executable,
            **campaign_environment(run.dag_id),
        }
        refs = {step: ref.model_dump() for step, ref in references(self.refs, context).items()}
        error_uri = run.error_uri(self.task_id)
        run.store.remove(error_uri)
        self.application_args = [
            "--dag-id", run.dag_id, "--run-id", run.run_id, "--as-of", run.as_of.isoformat(),
            "--refs", json.dumps(refs), "--options", json.dumps(run_options(context)), "--error-uri", error_uri,
        ]  # fmt: skip
        self.conf = {"spark.driver.extraJavaOptions": driver_java_options(run.settings)}
        if jars := s3a.jars(run.settings):
            self.jars = ",".join(map(str, jars))
        self._hook = self._get_hook()
        try:
            # A session of its own: on_kill can then end spark-submit, its JVM and its Python together.
            self._hook.submit(self.application, start_new_session=True)
        except AirflowException as error:
            raise _reason(run, error_uri, error) from error
        return announced(run.store.manifest(run.component_uri(self.task_id)).ref, self, run, context)

    def on_kill(self) -> None:
        """Leave no Spark process behind."""
        submitted = getattr(self._hook, "_submit_sp", None)
        if submitted is not None and submitted.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(submitted.pid, signal.SIGKILL)
        elif self._hook is not None:
            self._hook.on_kill()


class TrainOperator(StepOperator):
    """Trains in the task's process, or as a Spark job where the chosen model says on how many workers (`spark_workers`)."""

    def execute(self, context: Context) -> dict[str, str]:
        """Train; returns the model's reference."""
        from bank_marketing.components.train_model import TrainingConfig, chosen

        self.platform_run = run = run_context(context)
        if chosen(run.config("train_model", TrainingConfig), run)[0].spark_workers is None:
            return super().execute(context)
        self._job = SparkStepOperator(task_id=self.task_id, refs=self.refs)
        return self._job.submit(context)

    def on_kill(self) -> None:
        """Leave no Spark process behind."""
        if self._job is not None:
            self._job.on_kill()

    _job: SparkStepOperator | None = None


def _reason(run: RunContext, error_uri: str, error: AirflowException) -> errors.BankMarketingError:
    """The exception that a Spark job wrote down before it ended, else what spark-submit said."""
    if not run.store.exists(error_uri):
        return errors.SparkJobFailed(f"the Spark job ended without a reason of its own: {str(error)[-1500:]}")
    told = json.loads(run.store.read_bytes(error_uri))
    kind = getattr(errors, told["error"], errors.SparkJobFailed)
    if issubclass(kind, errors.ContractViolation):
        return errors.ContractViolation(told["message"], rule=told["rule"], location=told["location"])
    made: errors.BankMarketingError = kind(told["message"])
    return made
