"""The file `.env`: one parser, with the meaning that docker compose gives it.

python-dotenv reads the lines (comments, quotes, `export`, the line ends of Windows); `$NAME`, `${NAME}` and `${NAME:-default}` are replaced
outside single quotes, `$$` is a dollar. What the environment says already wins.
"""

from __future__ import annotations

import io
import os
import re
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from pathlib import Path

from dotenv.parser import parse_stream

from bank_marketing.errors import ConfigError

#: Whose variables are taken over; those of other programs (docker compose's own, for one) are none of ours.
PREFIXES = ("BANK_", "AIRFLOW_", "MLFLOW_", "AWS_")

#: Says which file has been taken over, so that nothing takes it over twice.
MARKER = "BANK_ENV_FILE"

_REFERENCE = re.compile(
    r"\\\$|\$\$"
    r"|\$\{(?P<braced>[A-Za-z_]\w*)(?:(?P<operator>:?-)(?P<default>[^}]*))?\}"
    r"|\$(?P<bare>[A-Za-z_]\w*)"
)


@dataclass(frozen=True)
class Line:
    """What one statement sets, and the number of its line, from 1."""

    value: str
    number: int


def read(path: Path, environ: Mapping[str, str] | None = None) -> dict[str, Line]:
    """All that a file sets, by name; later lines win, and an empty dictionary where there is no file.

    Raises:
        ConfigError: it is no UTF-8 text, a line is no setting, or a line refers to a name that nothing sets.
    """
    if not path.is_file():
        return {}
    around = os.environ if environ is None else environ
    found: dict[str, Line] = {}
    for binding in parse_stream(io.StringIO(_text(path), newline="")):
        statement = binding.original.string
        skipped = len(statement) - len(statement.lstrip())
        number = binding.original.line + len(re.findall(r"\r\n|\n|\r", statement[:skipped]))
        place = f"{path}, line {number}"
        if binding.error:
            raise ConfigError(f"{place}: `{statement.strip()[:60]}` is no NAME=value: is a quote left open?")
        if binding.key is None or binding.value is None:  # a comment, an empty line, a name alone
            continue
        literal = statement.partition("=")[2].lstrip().startswith("'")
        known = {name: line.value for name, line in found.items()} | dict(around)
        value = binding.value if literal else _interpolated(binding.value, known, place)
        found[binding.key] = Line(value, number)
    return found


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} is not UTF-8 text: save it again with the encoding UTF-8") from error
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}") from error


def _interpolated(value: str, known: Mapping[str, str], place: str) -> str:
    def replace(match: re.Match[str]) -> str:
        name = match["braced"] or match["bare"]
        if name is None:
            return "$"
        if match["operator"] and (name not in known or (match["operator"] == ":-" and not known[name])):
            return match["default"]
        if name not in known:
            raise ConfigError(f"{place}: nothing sets {name}; where the $ belongs to the value, put it in 'single quotes'")
        return known[name]

    return _REFERENCE.sub(replace, value)


def missing(path: Path, environ: Mapping[str, str]) -> dict[str, str]:
    """What a file adds to an environment: the platform's names that are not set there."""
    lines = read(path, environ)
    return {name: line.value for name, line in lines.items() if name.startswith(PREFIXES) and name not in environ}


def take_over(path: Path, environ: MutableMapping[str, str] = os.environ) -> None:
    """Add to an environment what a file says and it lacks; once, so where the shell has done it already nothing happens."""
    if MARKER not in environ and path.is_file():
        environ.update(missing(path, environ) | {MARKER: str(path)})


def origin(name: str, value: str) -> str:
    """Where a variable's value comes from, in words: the file that was taken over with its line, or the environment."""
    if os.environ.get(name) != value:
        return "as given"
    path = os.environ.get(MARKER)
    line = read(Path(path)).get(name) if path else None
    return f"{path}, line {line.number}" if line is not None and line.value == value else "the environment"
