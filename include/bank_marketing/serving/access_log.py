"""The service's log: one line a request and one a fault, as text or JSON, with the time and the request's id. No client data."""

from __future__ import annotations

import json
import logging
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, Literal

#: Id of the request that is being answered, for every line that is logged meanwhile.
request_id: ContextVar[str] = ContextVar("request_id", default="")

#: What a record may carry beside its message, in the order of a line.
FIELDS = ("method", "route", "status", "ms", "who", "address", "request_id")


class _Formatter(logging.Formatter):
    def fields(self, record: logging.LogRecord) -> dict[str, Any]:
        found = {name: getattr(record, name) for name in FIELDS if hasattr(record, name)}
        return found if "request_id" in found or not request_id.get() else found | {"request_id": request_id.get()}

    @staticmethod
    def time(record: logging.LogRecord) -> str:
        return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class TextFormatter(_Formatter):
    """`time level message name=value …`; a message is one line, whatever it quotes."""

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        fields = " ".join(f"{name}={value}" for name, value in self.fields(record).items())
        message = record.getMessage().replace("\n", " ").replace("\r", " ")
        return f"{self.time(record)} {record.levelname} {message} {fields}".rstrip()


class JsonFormatter(_Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        first = {"time": self.time(record), "level": record.levelname, "logger": record.name, "message": record.getMessage()}
        return json.dumps(first | self.fields(record), ensure_ascii=False)


def configure(form: Literal["text", "json"]) -> None:
    """Send the service's lines and the server's to the standard error stream in one form."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonFormatter() if form == "json" else TextFormatter())
    root = logging.getLogger()
    root.handlers, root.level = [handler], logging.WARNING
    logging.getLogger("bank_marketing").setLevel(logging.INFO)
