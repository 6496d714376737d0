"""`results.json`: the chosen model, how it was chosen and how good it is. Training does exactly what it says."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from bank_marketing.errors import ConfigError
from bank_marketing.modeling.choice import ModelChoice


class Scores(BaseModel):
    """Figures of one model under the time-ordered protocol, pooled over a span; `interval` holds 95 % bounds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    figures: dict[str, float]
    interval: dict[str, tuple[float, float]] = Field(default_factory=dict)


class Candidate(BaseModel):
    """A model choice and its scores, by span."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    choice: ModelChoice
    scores: dict[str, Scores] = Field(default_factory=dict)


class Results(BaseModel):
    """The content of `results.json`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    contract: str = Field(description="digest of the data contract the choice was made for")
    chosen_by: str
    winner: Candidate
    runners_up: tuple[Candidate, ...] = ()
    baselines: dict[str, dict[str, Scores]] = Field(default_factory=dict)
    data_digest: str = ""
    libraries: dict[str, str] = Field(default_factory=dict)
    seed: int = 7
    notes: dict[str, JsonValue] = Field(default_factory=dict)


def load_results(path: Path, contract_digest: str) -> Results:
    """Read a results file.

    Raises:
        ConfigError: it is missing, is no results file, or was made for another contract.
    """
    try:
        results = Results.model_validate_json(path.read_bytes())
    except FileNotFoundError as error:
        raise ConfigError(
            f"{path} does not exist: it says which model to train. `bank-marketing experiments` makes it."
        ) from error
    except ValidationError as error:
        raise ConfigError(f"{path} is no results file: {error}") from error
    if results.contract != contract_digest:
        raise ConfigError(
            f"{path} was made for the data contract {results.contract[:12]}, today's is {contract_digest[:12]}: its choice may not "
            "hold for these data. Run `bank-marketing experiments` again."
        )
    return results
