"""Tell people how a pipeline ended, whatever happened: a mail through SES, a line in a chat, or both."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from bank_marketing.errors import ConfigError
from scripts.deploy.aws import Clients, told
from scripts.deploy.record import Release

#: The mark of each result of a GitHub job.
MARKS = {"success": "✓", "failure": "✗", "cancelled": "·", "skipped": "·"}


class JobResult(BaseModel):
    """What GitHub's `needs` context says of a job."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    result: str = Field(pattern="^(success|failure|cancelled|skipped)$")


_Jobs = TypeAdapter(dict[str, JobResult])


@dataclass(frozen=True)
class Message:
    """A mail; its subject is also the chat's line."""

    subject: str
    text: str


def read_jobs(text: str) -> dict[str, str]:
    """Job -> result, from `toJSON(needs)`. Raises ConfigError."""
    try:
        return {name: job.result for name, job in _Jobs.validate_json(text or "{}").items()}
    except ValidationError as error:
        raise ConfigError(f"NEEDS must be the JSON of GitHub's `needs` context: {error}") from error


def compose(jobs: Mapping[str, str], commit: str, run_url: str, releases: list[Release]) -> Message:
    """The message: one line that says it, then each stage, then each release with its moves and probes."""
    failed = [name for name, result in jobs.items() if result == "failure"]
    cut_off = [name for name, result in jobs.items() if result == "cancelled"]
    if failed:
        headline = f"FAILED in {', '.join(failed)}"
    elif cut_off:
        headline = f"cancelled in {', '.join(cut_off)}"
    else:
        places = [release.environment for release in releases if release.outcome == "deployed"]
        headline = f"deployed to {' and '.join(places)}" if places else "passed; nothing was deployed"
    back = [release.environment for release in releases if release.outcome == "rolled back"]
    if back:
        headline += f"; rolled back in {', '.join(back)}"
    lines = [headline, "", *(f"{MARKS[result]} {name}: {result}" for name, result in jobs.items())]
    for release in releases:
        lines += ["", *_of_release(release)]
    lines += ["", f"Commit {commit}", run_url]
    return Message(f"[bank-marketing] {commit[:8]} {headline}", "\n".join(lines))


def _of_release(release: Release) -> list[str]:
    minutes = (release.ended_at - release.started_at).total_seconds() / 60
    lines = [f"{release.environment}: {release.outcome} after {minutes:.1f} min, by {release.who}"]
    lines += [f"  {release.reason}"] if release.reason else []
    lines += [f"  {move.service}: {move.former} -> {move.new}" for move in release.moves]
    return lines + [f"  {'✓' if probe.ok else '✗'} {probe.name}: {probe.said}" for probe in release.probes]


def read_releases(folder: Path) -> list[Release]:
    """The records that the deploy jobs left, oldest first."""
    found = [Release.model_validate_json(path.read_bytes()) for path in folder.rglob("*.json")] if folder.is_dir() else []
    return sorted(found, key=lambda release: release.started_at)


def mail(clients: Clients, message: Message, sender: str, recipients: list[str]) -> None:
    """Send the message through SES. Raises AwsRefused."""
    with told(f"mailing {', '.join(recipients)}"):
        clients.mail.send_email(
            FromEmailAddress=sender,
            Destination={"ToAddresses": recipients},
            Content={"Simple": {"Subject": {"Data": message.subject}, "Body": {"Text": {"Data": message.text}}}},
        )


def chat(message: Message, webhook: str) -> None:
    """Post the message to an incoming webhook (Slack, Mattermost, Teams take `text`). Raises ConfigError: it was not taken."""
    if not webhook.startswith(("https://", "http://127.0.0.1:")):
        raise ConfigError("the chat's webhook must be an https:// address")
    try:
        answer = httpx.post(webhook, content=json.dumps({"text": f"*{message.subject}*\n```{message.text}```"}), timeout=10,
                            headers={"Content-Type": "application/json"})  # fmt: skip
    except httpx.HTTPError as error:
        raise ConfigError(
            f"the chat's webhook does not answer ({type(error).__name__}); its address is not repeated here"
        ) from error
    if not answer.is_success:
        raise ConfigError(f"the chat's webhook answers {answer.status_code}: make a new one and store it as NOTIFY_WEBHOOK_URL")
