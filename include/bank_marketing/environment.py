"""Settings that come from environment variables: a bad one is one sentence that names the variable and where it was set."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

from bank_marketing.env_file import origin
from bank_marketing.errors import ConfigError

#: Pydantic's kind of error -> what is wrong, in words.
WORDS = {
    "float_parsing": "is not a number",
    "int_parsing": "is not a whole number",
    "int_from_float": "is not a whole number",
    "bool_parsing": "is neither true nor false",
    "finite_number": "is not a finite number",
    "greater_than": "must be greater than {gt:g}",
    "greater_than_equal": "must be at least {ge:g}",
    "less_than": "must be less than {lt:g}",
    "less_than_equal": "must be at most {le:g}",
    "literal_error": "must be {expected}",
    "string_pattern_mismatch": "is not of the form {pattern}",
}


class EnvironmentSettings(BaseSettings):
    """Base of all settings: frozen, an empty variable counts as not set. Creating one raises ConfigError."""

    model_config = SettingsConfigDict(env_ignore_empty=True, frozen=True, extra="ignore", allow_inf_nan=False)

    def __init__(self, **values: Any) -> None:
        try:
            super().__init__(**values)
        except ValidationError as error:
            prefix = str(self.model_config.get("env_prefix", ""))
            raise ConfigError("; ".join(_sentence(details, prefix) for details in error.errors())) from error
        except SettingsError as error:  # a variable that must hold JSON
            raise ConfigError(f"a {self.model_config.get('env_prefix', '')}… variable is no JSON: {error}") from error


def _sentence(details: ErrorDetails, prefix: str) -> str:
    name = f"{prefix}{'__'.join(map(str, details['loc']))}".upper()
    value = str(details["input"])
    wrong = WORDS.get(details["type"], details["msg"]).format_map(details.get("ctx", {}))
    hint = f": write {value.replace(',', '.')}" if details["type"] == "float_parsing" and value.count(",") == 1 else ""
    return f"{name}={value[:60]} ({origin(name, value)}) {wrong}{hint}"
