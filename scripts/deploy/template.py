"""CloudFormation templates as CloudFormation takes them: YAML with anchors in the repository, JSON on the wire."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

from bank_marketing.errors import ConfigError
from scripts.environment import PROJECT

FOLDER = PROJECT / "deploy" / "cloudformation"

#: What CloudFormation accepts in a request's body; a longer template would have to go through S3.
MAX_BYTES = 51_200


class _Loader(yaml.SafeLoader):
    """YAML with CloudFormation's short forms: `!Ref x` and `!GetAtt a.b`."""


def _short_form(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    if isinstance(node, yaml.ScalarNode):
        value: Any = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        assert isinstance(node, yaml.MappingNode)
        value = loader.construct_mapping(node, deep=True)
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}


_Loader.add_multi_constructor("!", _short_form)


def load_template(part: str, folder: Path = FOLDER) -> dict[str, Any]:
    """A template, anchors and short forms written out."""
    loaded = yaml.load((folder / f"{part}.yaml").read_text(encoding="utf-8"), _Loader)  # noqa: S506  a SafeLoader
    assert isinstance(loaded, dict)
    return loaded


def body(template: dict[str, Any]) -> str:
    """The template as a request carries it. Raises ConfigError: it is too long."""
    text = json.dumps(template, separators=(",", ":"), default=str)
    if len(text.encode()) > MAX_BYTES:
        raise ConfigError(f"a template of {len(text.encode()):,} bytes; CloudFormation takes {MAX_BYTES:,}: split the stack")
    return text


def chosen(template: dict[str, Any], values: dict[str, str]) -> dict[str, str]:
    """The values of the parameters that a template has. Raises ConfigError: one without a default has no value."""
    declared = template.get("Parameters", {})
    missing = [name for name, spec in declared.items() if "Default" not in spec and not values.get(name)]
    if missing:
        raise ConfigError(
            f"the template's parameters {', '.join(missing)} have no value: put them into deploy/environments/, or, where they belong "
            "to the account, into DEPLOY_PARAMETERS"
        )
    return {name: values[name] for name in declared if name in values}
