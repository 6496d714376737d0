"""`results.json`: the chosen model, how it was chosen and how good it is. Training does exactly what it says.

Where there is none yet, the documented default model is trained: a campaign has a list on its first day.
"""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from bank_marketing.contract import Contract
from bank_marketing.economics import Economics
from bank_marketing.errors import ConfigError
from bank_marketing.modeling.choice import ModelSpec
from bank_marketing.modeling.reads import check_reads
from bank_marketing.modeling.spans import Spans


class Scores(BaseModel):
    """Figures of one model under the time-ordered protocol, pooled over a span; `interval` holds 95 % bounds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    figures: dict[str, float]
    interval: dict[str, tuple[float, float]] = Field(default_factory=dict)


class Candidate(BaseModel):
    """A model choice and its scores, by span."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    choice: ModelSpec
    scores: dict[str, Scores] = Field(default_factory=dict)


class Results(BaseModel):
    """The content of `results.json`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    contract: str = Field(description="digest of the data contract that the choice was made under; it binds nothing")
    contract_version: int = 1
    reads: dict[str, str] = Field(
        description="name and type of the contract's columns that the choice reads: it is bound to these"
    )
    economics: Economics | None = Field(default=None, description="prices that the choice was made at")
    spans: Spans | None = Field(default=None, description="months that it was chosen and confirmed on; None without a search")
    chosen_by: str
    winner: Candidate
    runners_up: tuple[Candidate, ...] = ()
    baselines: dict[str, dict[str, Scores]] = Field(default_factory=dict)
    data_digest: str = ""
    libraries: dict[str, str] = Field(default_factory=dict)
    seed: int = 7
    notes: dict[str, JsonValue] = Field(default_factory=dict)

    @property
    def origin(self) -> str:
        """Where the choice comes from, in a sentence for logs and reports."""
        if self.spans is None:
            return f"{self.winner.name}: {self.chosen_by}"
        prices = (
            f" at {self.economics.call_cost:g} a call and {self.economics.deposit_margin:g} a success" if self.economics else ""
        )
        return (
            f"{self.winner.name}: chosen under version {self.contract_version} of the contract ({self.contract[:12]}){prices}"
        )


#: What a campaign trains before anybody has searched: ridge on the campaign's default feature set, with a penalty that a
#: few thousand contacts can bear, and no call at a loss.
DEFAULT = Candidate(
    name="default ridge",
    choice=ModelSpec(
        algorithm="logistic_regression",
        hyper_parameters={"C": 0.01},
        threshold="half_best_f1_that_pays",
    ),
)


def load_results(path: Path, contract: Contract) -> Results:
    """Read a results file; the default model's where there is none.

    A new title, range, category or a column that the model does not read leaves a choice valid.

    Raises:
        ConfigError: it is no results file, or a column that its choice reads is gone or of another type.
    """
    try:
        results = Results.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return Results(
            contract=contract.digest,
            contract_version=contract.version,
            reads={},
            chosen_by=f"there is no {path.name}, and no search was made; `bank-marketing experiments` makes one",
            winner=DEFAULT,
        )
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise ConfigError(
            f"{path} is no results file of this release: {place}: {first['msg']}. `bank-marketing experiments` writes a new one."
        ) from error
    check_reads(results.reads, contract, str(path))
    return results
