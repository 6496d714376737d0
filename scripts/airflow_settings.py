"""Connections, pools and variables of `airflow_settings.yaml`, as the files that `airflow … import` takes.

The Astro CLI reads that YAML itself; everything else (the embedded default, compose) loads the same file through this module:
`python -m scripts.airflow_settings [--into FOLDER] [--import]`. It imports no Airflow, only calls its command line. A connection
that the environment states (AIRFLOW_CONN_SPARK_DEFAULT=…) is loaded as stated there.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

PROJECT = Path(__file__).resolve().parents[1]
SETTINGS = PROJECT / "airflow_settings.yaml"

#: Astro's field -> the field of `airflow connections import`.
CONNECTION_FIELDS = {
    "conn_type": "conn_type",
    "conn_host": "host",
    "conn_schema": "schema",
    "conn_login": "login",
    "conn_password": "password",
    "conn_port": "port",
    "conn_extra": "extra",
}

KINDS = ("connections", "pools", "variables")

#: Options with which `airflow … import` replaces what is there.
OVERWRITE = {"connections": ("--overwrite",), "variables": ("--action-on-existing-key", "overwrite")}

#: Several commands of Airflow's command line in one process: starting it costs more than what they do.
_AIRFLOW = """\
import json, sys
from airflow.__main__ import main
for words in json.loads(sys.argv[1]):
    sys.argv = ["airflow", *words]
    main()
"""


class SettingsFileError(ValueError):
    """`airflow_settings.yaml` cannot be used; the message says where and why."""


def load(path: Path = SETTINGS) -> dict[str, dict[str, Any]]:
    """Content of the import files, by kind.

    Raises:
        SettingsFileError: the file is no YAML, or an entry has no name or an unknown field.
    """
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except (OSError, yaml.YAMLError) as error:
        raise SettingsFileError(f"{path}: {error}") from error
    content = document.get("airflow") if isinstance(document, dict) else None
    if not isinstance(content, dict):
        raise SettingsFileError(f"{path}: the top level must be `airflow:` with connections, pools and variables below it")
    unknown = set(content) - set(KINDS)
    if unknown:
        raise SettingsFileError(f"{path}: unknown section {', '.join(sorted(unknown))}; there are {', '.join(KINDS)}")
    return {
        "connections": dict(_connection(entry, path) for entry in _entries(content, "connections", "conn_id", path)),
        "pools": dict(_pool(entry) for entry in _entries(content, "pools", "pool_name", path)),
        "variables": {
            entry["variable_name"]: entry.get("variable_value", "")
            for entry in _entries(content, "variables", "variable_name", path)
        },
    }


def _entries(content: Mapping[str, Any], kind: str, name: str, path: Path) -> list[dict[str, Any]]:
    """The named entries of a section. Astro's template carries entries without a name as placeholders: they are left out."""
    entries = content.get(kind) or []
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise SettingsFileError(f"{path}: `{kind}` must be a list of mappings, each with `{name}`")
    for entry in entries:
        if not entry.get(name) and any(value not in (None, "", {}) for value in entry.values()):
            raise SettingsFileError(f"{path}: an entry of `{kind}` has no `{name}`: {entry}")
    named = [entry for entry in entries if entry.get(name)]
    doubles = {entry[name] for entry in named if sum(other[name] == entry[name] for other in named) > 1}
    if doubles:
        raise SettingsFileError(f"{path}: {', '.join(sorted(doubles))} stands twice in `{kind}`")
    return named


def _connection(entry: Mapping[str, Any], path: Path) -> tuple[str, dict[str, Any] | str]:
    name = str(entry["conn_id"])
    stated = os.environ.get(f"AIRFLOW_CONN_{name.upper()}")
    if stated:  # a URI or JSON, as Airflow takes it
        fields: dict[str, Any] | str = json.loads(stated) if stated.lstrip().startswith("{") else stated
        return name, fields
    unknown = set(entry) - set(CONNECTION_FIELDS) - {"conn_id", "conn_uri"}
    if unknown:
        raise SettingsFileError(f"{path}: connection {name} has the unknown field {', '.join(sorted(unknown))}")
    if entry.get("conn_uri"):
        return name, str(entry["conn_uri"])
    if not entry.get("conn_type"):
        raise SettingsFileError(f"{path}: connection {name} needs `conn_type` or `conn_uri`")
    given = {CONNECTION_FIELDS[key]: value for key, value in entry.items() if key != "conn_id" and value not in (None, "")}
    given.pop("conn_uri", None)
    if isinstance(given.get("extra"), dict):
        given["extra"] = json.dumps(given["extra"])
    return name, given


def _pool(entry: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    pool = {
        "slots": int(entry.get("pool_slot") or 1),
        "description": entry.get("pool_description") or "",
        "include_deferred": False,
    }
    return str(entry["pool_name"]), pool


def write(folder: Path, path: Path = SETTINGS) -> dict[str, Path]:
    """Write one JSON file a kind that has entries, readable by the owner only: connections may hold passwords."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    written = {}
    for kind, content in load(path).items():
        if content:
            written[kind] = folder / f"{kind}.json"
            written[kind].touch(mode=0o600)
            written[kind].write_text(json.dumps(content, indent=1), encoding="utf-8")
    return written


def main(arguments: list[str] | None = None) -> int:
    """Write the files, and import them where asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--file", type=Path, default=SETTINGS)
    parser.add_argument("--into", type=Path, required=True, help="folder for the JSON files")
    parser.add_argument("--import", dest="load", action="store_true", help="import them into the Airflow of this environment")
    options = parser.parse_args(arguments)
    try:
        written = write(options.into, options.file)
    except SettingsFileError as error:
        print(error, file=sys.stderr)
        return 2
    if options.load:
        commands = [[kind, "import", *OVERWRITE.get(kind, ()), str(path)] for kind, path in written.items()]
        done = subprocess.run(
            [sys.executable, "-c", _AIRFLOW, json.dumps(commands)], capture_output=True, text=True, check=False
        )
        if done.returncode:
            print(f"airflow … import: {(done.stdout + done.stderr)[-2000:]}", file=sys.stderr)
            return 1
    print(
        ", ".join(f"{len(json.loads(path.read_text(encoding='utf-8')))} {kind}" for kind, path in written.items())
        or "nothing to load"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
