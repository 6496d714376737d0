"""Out-of-sample predictions that are kept, and Optuna's turn at the hyper-parameters: a search that was broken off goes on."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

from bank_marketing.campaign.features import ExperimentalColumn, FeatureSpec
from bank_marketing.modeling import protocol
from bank_marketing.modeling.choice import Algorithm, ModelSpec
from bank_marketing.modeling.grid import suggest, tuned_name
from bank_marketing.modeling.metrics import Floats
from bank_marketing.modeling.spans import Span

#: Called after each experiment or trial with its group, name, choice and figures.
Recorder = Callable[[str, str, ModelSpec, dict[str, float]], None]

#: Called with what was just done.
Progress = Callable[[str], None]

#: Modules of this folder that decide a prediction: kept predictions of other code are not used.
DECISIVE = ("encoding", "numbers", "estimators", "model", "protocol", "experimental")


def data_digest(table: pd.DataFrame) -> str:
    """sha256 of a features table's content, whatever the order of its columns."""
    ordered = table.drop(columns=["split"], errors="ignore")
    hashes = pd.util.hash_pandas_object(ordered[sorted(ordered.columns)].astype(str), index=False)
    return hashlib.sha256(hashes.to_numpy().tobytes()).hexdigest()


@cache
def _code_digest() -> str:
    folder = Path(__file__).parent
    return hashlib.sha256(b"".join((folder / f"{name}.py").read_bytes() for name in DECISIVE)).hexdigest()


def _extra(choice: ModelSpec, spec: FeatureSpec) -> list[tuple[str, ExperimentalColumn]]:
    """The experimental columns of a choice, as they are declared."""
    declared = {name: column for block in spec.experimental.values() for name, column in block.items()}
    return [(name, declared[name]) for name in choice.extra_columns]


def predict(choice: ModelSpec, table: pd.DataFrame, spec: FeatureSpec, folder: Path, digest: str, since: str = "") -> Floats:
    """Out-of-sample probabilities, kept in `folder` by choice, features, data and code; calibration and threshold do not change them."""
    named = choice.model_dump_json(exclude={"calibration", "threshold"}) + spec.digest + digest + since + _code_digest()
    named += "".join(f"{name}{column!r}" for name, column in _extra(choice, spec))
    path = folder / "predictions" / f"{hashlib.sha256(named.encode()).hexdigest()[:20]}.npy"
    if path.exists():
        kept: Floats = np.load(path, allow_pickle=False)
        return kept
    raw = protocol.out_of_sample(choice, table, spec, since=since)
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".tmp.npy")
    np.save(unfinished, raw)
    unfinished.replace(path)
    return raw


def tune(
    algorithm: Algorithm,
    table: pd.DataFrame,
    spec: FeatureSpec,
    folder: Path,
    digest: str,
    trials: int,
    seed: int,
    record: Recorder,
    progress: Progress,
    *,
    selection: Span,
) -> ModelSpec:
    """Let Optuna lower the log loss on the months of `selection` (Akiba et al. 2019); a study that was broken off goes on."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    early = table[table["month"] < selection.before]

    def log_loss(trial: optuna.Trial) -> float:
        choice = suggest(algorithm, trial, spec.default_set)
        raw = predict(choice, early, spec, folder, digest, since=selection.first)
        known = ~np.isnan(raw)
        y, p = early["y"].to_numpy(int)[known], np.clip(raw[known], 1e-12, 1 - 1e-12)
        loss = float(-np.mean(np.where(y == 1, np.log(p), np.log(1 - p))))
        name = f"{tuned_name(algorithm)}, trial {trial.number}"
        record("trial", name, choice, {"log_loss_selection": loss})
        progress(name)
        return loss

    study = optuna.create_study(
        storage=f"sqlite:///{(folder / 'optuna.db').resolve()}",
        study_name=f"{algorithm} {digest[:12]} {spec.digest[:12]} {selection.first} seed {seed} code {_code_digest()[:12]}",
        load_if_exists=True,
    )
    done = sum(trial.state == optuna.trial.TrialState.COMPLETE for trial in study.trials)
    for number in range(done, trials):
        # Seeded a trial: a search that was broken off and resumed finds what one in a single go finds.
        study.sampler = optuna.samplers.TPESampler(seed=seed + number)
        study.optimize(log_loss, n_trials=1)
    for _ in range(min(done, trials)):
        progress(tuned_name(algorithm))
    return suggest(algorithm, optuna.trial.FixedTrial(study.best_params), spec.default_set)
