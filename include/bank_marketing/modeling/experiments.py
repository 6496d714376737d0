"""The search for the model: a fixed grid, then Optuna, all under the time-ordered protocol; resumable, and written to `results.json`."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pandas as pd

from bank_marketing.modeling import baselines, protocol
from bank_marketing.modeling.choice import Algorithm, ModelChoice
from bank_marketing.modeling.grid import Experiment, experiments, suggest, tuned_name
from bank_marketing.modeling.metrics import Floats
from bank_marketing.modeling.results import Candidate, Results, Scores

#: The winner has the best F1 on B among the models that also rank and are calibrated about as well as the best: within these distances,
#: the sampling errors of PR AUC and of a Brier score on B. Without it, a model with useless probabilities could win by a lucky threshold.
PR_AUC_TOLERANCE, BRIER_TOLERANCE = 0.015, 0.005

#: Feature sets that only stand for comparison: their macro figures were published after the calls.
NOT_POINT_IN_TIME = frozenset({"raw_macro"})

#: Optuna's trials of each algorithm, as a share of the asked-for number: forests are slow and hardly react.
TRIAL_SHARE: Mapping[Algorithm, float] = {"logistic_regression": 1, "lightgbm": 0.5, "xgboost": 0.5, "random_forest": 0.15}

LIBRARIES = ("scikit-learn", "lightgbm", "xgboost-cpu", "imbalanced-learn", "optuna", "numpy", "pandas")

#: Called after each experiment or trial with its group, name, choice and figures.
Recorder = Callable[[str, str, ModelChoice, dict[str, float]], None]

#: Called with what was just done; the total is known to `steps`.
Progress = Callable[[str], None]


@dataclass(frozen=True)
class Outcome:
    """An experiment and its scores by span."""

    experiment: Experiment
    scores: dict[str, Scores]

    @property
    def pooled(self) -> dict[str, float]:
        """The figures on B."""
        return self.scores["B"].figures


def data_digest(table: pd.DataFrame) -> str:
    """sha256 of a features table's content, whatever the order of its columns."""
    ordered = table.drop(columns=["split"], errors="ignore")
    hashes = pd.util.hash_pandas_object(ordered[sorted(ordered.columns)].astype(str), index=False)
    return hashlib.sha256(hashes.to_numpy().tobytes()).hexdigest()


def steps(trials: int) -> int:
    """How many times `run_experiments` reports progress."""
    return sum(1 for _ in experiments()) + sum(_trials(name, trials) + 1 for name in get_args(Algorithm))


def run_experiments(
    features: pd.DataFrame,
    folder: Path,
    *,
    contract_digest: str,
    trials: int = 40,
    seed: int = 7,
    resamples: int = 1000,
    record: Recorder = lambda group, name, choice, figures: None,
    progress: Progress = lambda name: None,
) -> tuple[Results, pd.DataFrame]:
    """Search and choose.

    Args:
        features: the features table of the whole campaign, with `y`.
        folder: predictions and Optuna's studies are kept here; the same folder resumes a search.
        contract_digest: of the data contract the features keep.
        trials: of Optuna, for ridge; the others get a share of it.
        seed: of everything.
        resamples: of the bootstrap of the finalists.
        record: keeps each experiment, for example in MLflow.
        progress: called after each step.

    Returns:
        The content of `results.json`, and the table of all experiments.

    Raises:
        NotEnoughHistory: the campaign is too short for the protocol.
    """
    table = protocol.in_time_order(features)
    digest = data_digest(table)
    folder.mkdir(parents=True, exist_ok=True)
    outcomes: list[Outcome] = []

    def run(experiment: Experiment) -> None:
        raw = predict(experiment.choice, table, folder, digest)
        scores = protocol.score(protocol.decide(experiment.choice, table, raw))
        outcomes.append(Outcome(experiment, scores))
        flat = {
            f"{name}_{span.replace(' ', '_')}": value for span, part in scores.items() for name, value in part.figures.items()
        }
        record(experiment.group, experiment.name, experiment.choice, flat)
        progress(experiment.name)

    for experiment in experiments():
        run(experiment)
    for algorithm in get_args(Algorithm):
        choice = tune(algorithm, table, folder, digest, _trials(algorithm, trials), seed, record, progress)
        run(Experiment("tuned", tuned_name(algorithm), choice))
    chosen, *others = ranked(outcomes)
    results = Results(
        contract=contract_digest,
        chosen_by=f"F1 pooled from 2009-03, among point-in-time models with PR AUC within {PR_AUC_TOLERANCE} and Brier score within "
        f"{BRIER_TOLERANCE} of the best",
        winner=_candidate(chosen, table, folder, digest, resamples, seed),
        runners_up=tuple(_candidate(other, table, folder, digest, resamples, seed) for other in others[:4]),
        baselines=baseline_scores(table, folder, digest, resamples, seed),
        data_digest=digest,
        libraries={name: version(name) for name in LIBRARIES},
        seed=seed,
        notes={
            "experiments": len(outcomes),
            "trials": {name: _trials(name, trials) for name in get_args(Algorithm)},
            "tuned_on": "log loss of 2009-03 to 2009-08; 2009-09 and later confirm",
        },
    )
    return results, overview(outcomes)


def _trials(algorithm: Algorithm, trials: int) -> int:
    return max(1, round(TRIAL_SHARE[algorithm] * trials))


def predict(choice: ModelChoice, table: pd.DataFrame, folder: Path, digest: str, since: str = "") -> Floats:
    """Out-of-sample probabilities, kept in `folder` by choice and data; calibration and threshold do not change them."""
    named = choice.model_dump_json(exclude={"calibration", "threshold"}) + digest + since
    path = folder / "predictions" / f"{hashlib.sha256(named.encode()).hexdigest()[:20]}.npy"
    if path.exists():
        kept: Floats = np.load(path, allow_pickle=False)
        return kept
    raw = protocol.out_of_sample(choice, table, since=since)
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".tmp.npy")
    np.save(unfinished, raw)
    unfinished.replace(path)
    return raw


def tune(
    algorithm: Algorithm,
    table: pd.DataFrame,
    folder: Path,
    digest: str,
    trials: int,
    seed: int,
    record: Recorder,
    progress: Progress,
) -> ModelChoice:
    """Let Optuna lower the log loss on the span `selection` (Akiba et al. 2019); a study that was broken off goes on."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    first, last = protocol.SPANS["selection"]
    early = table[table["month"] <= last]

    def log_loss(trial: optuna.Trial) -> float:
        choice = suggest(algorithm, trial)
        raw = predict(choice, early, folder, digest, since=first)
        known = ~np.isnan(raw)
        y, p = early["y"].to_numpy(int)[known], np.clip(raw[known], 1e-12, 1 - 1e-12)
        loss = float(-np.mean(np.where(y == 1, np.log(p), np.log(1 - p))))
        name = f"{tuned_name(algorithm)}, trial {trial.number}"
        record("trial", name, choice, {"log_loss_selection": loss})
        progress(name)
        return loss

    study = optuna.create_study(
        storage=f"sqlite:///{(folder / 'optuna.db').resolve()}",
        study_name=f"{algorithm} {digest[:12]} seed {seed}",
        load_if_exists=True,
    )
    done = sum(trial.state == optuna.trial.TrialState.COMPLETE for trial in study.trials)
    for number in range(done, trials):
        # Seeded a trial: a search that was broken off and resumed finds what one in a single go finds.
        study.sampler = optuna.samplers.TPESampler(seed=seed + number)
        study.optimize(log_loss, n_trials=1)
    for _ in range(min(done, trials)):
        progress(tuned_name(algorithm))
    return suggest(algorithm, optuna.trial.FixedTrial(study.best_params))


def ranked(outcomes: list[Outcome]) -> list[Outcome]:
    """Experiments that may win, best F1 on B first. One choice found twice counts once."""
    distinct = list({outcome.experiment.choice: outcome for outcome in reversed(_hashable(outcomes))}.values())[::-1]
    honest = [outcome for outcome in distinct if outcome.experiment.choice.feature_set not in NOT_POINT_IN_TIME]
    pr_auc = max(outcome.pooled["pr_auc"] for outcome in honest)
    brier = min(outcome.pooled["brier"] for outcome in honest)
    sound = [
        outcome
        for outcome in honest
        if outcome.pooled["pr_auc"] >= pr_auc - PR_AUC_TOLERANCE and outcome.pooled["brier"] <= brier + BRIER_TOLERANCE
    ]
    return sorted(sound or honest, key=lambda outcome: -outcome.pooled["f1"])


def overview(outcomes: list[Outcome]) -> pd.DataFrame:
    """One row an experiment: group, name, and the figures on B, on A and on the confirmation months."""
    names = ("roc_auc", "pr_auc", "f1", "lift_at_10", "brier", "log_loss", "roc_auc_within", "lift_at_10_within")
    rows: list[dict[str, Any]] = []
    for outcome in outcomes:
        row: dict[str, Any] = {"group": outcome.experiment.group, "name": outcome.experiment.name}
        row |= {name: outcome.pooled[name] for name in names if name in outcome.pooled}
        for span in ("A", "confirmation"):
            if span in outcome.scores:
                row |= {f"{name} {span}": outcome.scores[span].figures[name] for name in ("roc_auc", "f1")}
        rows.append(row)
    return pd.DataFrame(rows)


def baseline_scores(table: pd.DataFrame, folder: Path, digest: str, resamples: int, seed: int) -> dict[str, dict[str, Scores]]:
    """Scores of everything that the model must beat, on A and B."""
    return {
        name: protocol.score(predictions, ("A", "B"), resamples=resamples, seed=seed)
        for name, predictions in baseline_predictions(table, folder, digest).items()
    }


def baseline_predictions(table: pd.DataFrame, folder: Path, digest: str) -> dict[str, pd.DataFrame]:
    """Decided predictions of the baselines: call everyone, the trailing rate, and models of the raw columns."""
    rule = ModelChoice(algorithm="logistic_regression", threshold="best_f1")
    trailing = protocol.decide(rule, table, baselines.trailing_rate(table))
    everyone = trailing.assign(
        probability=baselines.overall_rate(table), threshold=trailing["threshold"].where(trailing["threshold"].isna(), 0.0)
    )
    found = {
        baselines.CALL_EVERYONE: everyone.assign(called=everyone["threshold"].notna()),
        baselines.TRAILING_RATE: trailing,
    }
    for name, choice in baselines.RAW_MODELS.items():
        found[name] = protocol.decide(choice, table, predict(choice, table, folder, digest))
    return found


def _hashable(outcomes: list[Outcome]) -> list[Outcome]:
    return outcomes


def _candidate(outcome: Outcome, table: pd.DataFrame, folder: Path, digest: str, resamples: int, seed: int) -> Candidate:
    choice = outcome.experiment.choice
    predictions = protocol.decide(choice, table, predict(choice, table, folder, digest))
    return Candidate(
        name=outcome.experiment.name, choice=choice, scores=protocol.score(predictions, resamples=resamples, seed=seed)
    )
