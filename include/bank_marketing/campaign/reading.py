"""YAML files of a campaign, read so that a refusal names the line."""

from __future__ import annotations

from collections.abc import Container, Iterator
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from bank_marketing.errors import ConfigError

#: Keys and positions from the top of a file down to a value.
Place = tuple[str | int, ...]

M = TypeVar("M", bound=BaseModel)


class YamlFile:
    """A YAML file's content, and the line on which each of its values begins.

    Raises:
        ConfigError: the file is missing, is no YAML mapping, or says a key twice.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            root = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
            self._lines = {} if root is None else dict(self._walk(root, ()))
            self.content: dict[str, Any] = {} if root is None else _constructed(root)
        except OSError as error:
            raise ConfigError(f"{path} cannot be read: {error.strerror}") from error
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            raise ConfigError(f"{path} is no YAML: {error}") from error
        if not isinstance(self.content, dict):
            raise ConfigError(f"{path} must be a mapping of names to values")

    def parse(self, model: type[M], *, without: Container[str] = (), **derived: Any) -> M:
        """The content but for the keys in `without`, and derived values, as an entity. Raises ConfigError with the line."""
        try:
            return model.model_validate({key: value for key, value in self.content.items() if key not in without} | derived)
        except ValidationError as error:
            first, *others = error.errors(include_url=False, include_context=False)
            more = f" (and {len(others)} more)" if others else ""
            raise self.refusal(first["loc"], f"{first['msg']}{more}") from error

    def refusal(self, place: Place, problem: str) -> ConfigError:
        """The error that says what is wrong, and where in this file."""
        known = next((place[:length] for length in range(len(place), 0, -1) if place[:length] in self._lines), ())
        where = f", line {self._lines[known]}" if known else ""
        name = ".".join(str(part) for part in place)
        return ConfigError(f"{self.path}{where}: {name}: {problem}" if name else f"{self.path}: {problem}")

    def _walk(self, node: yaml.Node, place: Place) -> Iterator[tuple[Place, int]]:
        if isinstance(node, yaml.MappingNode):
            seen = set()
            for key, value in node.value:
                inner = (*place, _constructed(key))
                if inner in seen:
                    raise ConfigError(f"{self.path}, line {key.start_mark.line + 1}: {inner[-1]} is said twice")
                seen.add(inner)
                yield inner, key.start_mark.line + 1
                yield from self._walk(value, inner)
        elif isinstance(node, yaml.SequenceNode):
            for number, value in enumerate(node.value):
                yield (*place, number), value.start_mark.line + 1
                yield from self._walk(value, (*place, number))


def _constructed(node: yaml.Node) -> Any:
    return yaml.constructor.SafeConstructor().construct_document(node)
