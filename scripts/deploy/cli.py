"""The commands, in the order in which an environment comes to life: stacks, secrets, images, scan, release; and notify."""

from __future__ import annotations

import logging
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.logging import RichHandler

from bank_marketing.cli.shared import console, failing_well, problems
from bank_marketing.errors import ConfigError
from scripts.deploy import credentials, notify, scan, stacks, task_definition
from scripts.deploy.aws import Clients
from scripts.deploy.environment import PREFIX, Environment, load_environment
from scripts.deploy.images import Images
from scripts.deploy.record import Release
from scripts.deploy.release import Releasing
from scripts.deploy.template import chosen, load_template
from scripts.environment import PROJECT
from scripts.smoke_test import Probe, probe, show

ACCEPTED = PROJECT / "deploy" / "accepted_findings.yaml"

app = typer.Typer(
    help="Build, check and deploy: what the pipeline runs, by hand.", no_args_is_help=True, pretty_exceptions_show_locals=False
)

Name = Annotated[str, typer.Argument(help="Environment: a file of deploy/environments/.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")]
ImagesFile = Annotated[Path, typer.Option("--images", help="What `images` wrote.")]
REGISTRY = f"{PREFIX}-registry"


@app.callback()
def main() -> None:
    """Log to the terminal, with what AWS's library says only when it warns."""
    logging.basicConfig(
        level=logging.INFO, format="%(message)s", handlers=[RichHandler(console=problems, show_path=False)], force=True
    )
    for noisy in ("botocore", "boto3", "urllib3", "httpx"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


@app.command("stacks")
@failing_well
def apply_stacks(
    name: Name,
    part: Annotated[str, typer.Option(help="registry, platform or services; all, in this order, when empty.")] = "",
    images: Annotated[
        Path | None, typer.Option("--images", help="For the first time; later the images that run are kept.")
    ] = None,
    dry_run: DryRun = False,
) -> None:
    """Make or change an environment's stacks; an operator's command, the pipeline has no right to it."""
    environment = load_environment(name)
    clients = Clients(environment.region)
    for each in (part,) if part else ("registry", "platform", "services"):
        stack = REGISTRY if each == "registry" else environment.stack(each)
        template = load_template(each)
        parameters = chosen(template, _stack_values(clients, environment, each, images))
        changes = stacks.apply(clients, stack, template, parameters, dry_run=dry_run)
        console.print(f"{stack}: {len(changes)} change(s){', none made' if dry_run else ''}", highlight=False)
        for change in changes:
            replaced = ", replaced" if change.replaced else ""
            console.print(f"  {change.action:<7} {change.resource} ({change.kind}{replaced})", highlight=False, markup=False)


@app.command("secrets")
@failing_well
def fill_secrets(name: Name) -> None:
    """Make the secrets of an environment that are not there yet. None is shown, none is replaced."""
    environment = load_environment(name)
    clients = Clients(environment.region)
    mail_from = environment.all_parameters().get("MailFrom", "")
    for place, made in credentials.fill(
        clients, environment, stacks.outputs(clients, environment.stack("platform")), mail_from
    ).items():
        console.print(f"{credentials.name_of(environment, place)}: {', '.join(made) or 'complete'}", highlight=False)


@app.command("images")
@failing_well
def write_images(
    metadata: Annotated[Path, typer.Option(help="What `docker buildx bake --metadata-file` wrote.")],
    output: Annotated[Path, typer.Option(help="Where the images go, by digest.")] = Path("images.json"),
) -> None:
    """Write down what a build pushed: each image by its digest."""
    found = Images.of_build(metadata)
    output.write_text(found.model_dump_json(indent=1) + "\n", encoding="utf-8")
    for target, uri in found.root.items():
        console.print(f"{target}: {uri}", highlight=False, soft_wrap=True)


@app.command("scan")
@failing_well
def check_scan(
    images: ImagesFile,
    region: Annotated[str, typer.Option(help="Of the registry.", envvar="AWS_REGION")],
    stop_at: Annotated[str, typer.Option(help="Least severity that stops: CRITICAL, HIGH, MEDIUM …")] = "HIGH",
) -> None:
    """Wait for the registry's scan of the images; stop at what is too severe and not accepted."""
    severity = next((known for known in scan.SEVERITIES if known == stop_at), None)
    if severity is None:
        raise ConfigError(f"{stop_at} is no severity: {', '.join(scan.SEVERITIES)}")
    accepted = scan.load_accepted(ACCEPTED)
    found = scan.check(
        Clients(region), Images.load(images), stop_at=severity, accepted=accepted, today=datetime.now(UTC).date()
    )
    counts = {level: sum(finding.severity == level for finding in found) for level in scan.SEVERITIES}
    console.print(
        "scan: " + (", ".join(f"{count} {level}" for level, count in counts.items() if count) or "nothing found"),
        highlight=False,
    )


@app.command("release")
@failing_well
def release_images(
    name: Name,
    images: ImagesFile,
    commit: Annotated[str, typer.Option(help="What is released.", envvar="GITHUB_SHA")],
    who: Annotated[str, typer.Option(help="Who releases.", envvar="GITHUB_ACTOR")] = "",
    record: Annotated[Path | None, typer.Option(help="Also write the record here.")] = None,
    dry_run: DryRun = False,
) -> None:
    """Move an environment to these images, test it from outside, and move it back when the test fails."""
    environment = load_environment(name)
    clients = Clients(environment.region)
    values = stacks.outputs(clients, REGISTRY) | stacks.outputs(clients, environment.stack("services"))
    for needed, part in (("RecordBucket", "registry"), ("ApiUrl", "services")):
        if needed not in values:
            raise ConfigError(f"the stack {part} has no output {needed}: `python -m scripts.deploy stacks {name}` makes it")

    def smoke() -> list[Probe]:
        found = probe(values["ApiUrl"], credentials.smoke_key(clients, environment), environment.smoke_seconds)
        show(found)
        return found

    releasing = Releasing(
        environment, Images.load(images), clients, smoke, commit, who or os.environ.get("USER", "?"), values["RecordBucket"]
    )
    if dry_run:
        for service, definition in releasing.plan().items():
            used = ", ".join(container["image"] for container in definition["containerDefinitions"])
            console.print(f"{service}: {definition['family']} with {used}", highlight=False, soft_wrap=True)
        console.print("Nothing was changed.", highlight=False)
        return
    try:
        done: Release = releasing.run()
        console.print(f"{name}: {done.outcome}; {len(done.moves)} service(s) moved", highlight=False)
    finally:
        if record and releasing.ended:
            record.write_text(releasing.ended.model_dump_json(indent=1) + "\n", encoding="utf-8")


@app.command("notify")
@failing_well
def tell(
    needs: Annotated[str, typer.Option(help="GitHub's `needs` context as JSON.", envvar="NEEDS")],
    commit: Annotated[str, typer.Option(envvar="GITHUB_SHA")],
    run_url: Annotated[str, typer.Option(help="Where the run is read.", envvar="RUN_URL")] = "",
    records: Annotated[Path, typer.Option(help="Folder with the records of the releases.")] = Path("records"),
    dry_run: DryRun = False,
) -> None:
    """Say how the pipeline ended: by mail (NOTIFY_MAIL_FROM, NOTIFY_MAIL_TO), in a chat (NOTIFY_WEBHOOK_URL), or both."""
    message = notify.compose(notify.read_jobs(needs), commit, run_url, notify.read_releases(records))
    console.print(message.text, highlight=False, markup=False, soft_wrap=True)
    recipients = [address.strip() for address in os.environ.get("NOTIFY_MAIL_TO", "").split(",") if address.strip()]
    sender, webhook = os.environ.get("NOTIFY_MAIL_FROM", ""), os.environ.get("NOTIFY_WEBHOOK_URL", "")
    if dry_run:
        return
    if not webhook and not (sender and recipients):
        raise ConfigError(
            "nobody is told: set NOTIFY_MAIL_FROM and NOTIFY_MAIL_TO, or NOTIFY_WEBHOOK_URL, in the repository's settings"
        )
    if sender and recipients:
        notify.mail(Clients(os.environ.get("AWS_REGION", "eu-central-1")), message, sender, recipients)
    if webhook:
        notify.chat(message, webhook)


def _stack_values(clients: Clients, environment: Environment, part: str, images: Path | None) -> dict[str, str]:
    """All values that a template may ask for: settings, outputs of the stacks before it, secrets, images."""
    values = environment.all_parameters()
    if part == "services":
        values |= stacks.outputs(clients, REGISTRY) | stacks.outputs(clients, environment.stack("platform"))
        values |= credentials.arns(clients, environment)
        values |= {f"{target.title()}Image": uri for target, uri in _images_that_run(clients, environment, images).items()}
    return values


def _images_that_run(clients: Clients, environment: Environment, images: Path | None) -> dict[str, str]:
    """The images that a change of the stack must keep: those that run now, else those of the file."""
    if images is not None:
        return Images.load(images).root
    return task_definition.images_in_use(clients, environment.cluster, environment.order)
