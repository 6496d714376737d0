"""The search for the model: a fixed grid, then Optuna, all under the time-ordered protocol; resumable, and written to `results.json`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypedDict, Unpack, get_args

import pandas as pd

from bank_marketing.campaign.features import FeatureSpec
from bank_marketing.contract import Contract
from bank_marketing.economics import Economics
from bank_marketing.errors import NotEnoughHistory
from bank_marketing.modeling import baselines, experimental, protocol
from bank_marketing.modeling.choice import Algorithm, ModelSpec, ThresholdPolicy
from bank_marketing.modeling.grid import Experiment, experiments, tuned_variants
from bank_marketing.modeling.reads import columns_read
from bank_marketing.modeling.results import Candidate, Results, Scores
from bank_marketing.modeling.search import Progress, Recorder, data_digest, predict, tune
from bank_marketing.modeling.spans import Span, Spans, month_before, spans_of

#: The winner has the best F1 on B among the models that also rank and are calibrated about as well as the best: within these distances,
#: the sampling errors of PR AUC and of a Brier score on B. Without it, a model with useless probabilities could win by a lucky threshold.
PR_AUC_TOLERANCE, BRIER_TOLERANCE = 0.015, 0.005

#: F1 scores on B closer than this are equal, a quarter of their sampling error: then F1 on A, which has the crisis too, decides.
F1_TOLERANCE = 0.0025

#: Optuna's trials of each algorithm, as a share of the asked-for number: forests are slow and hardly react.
TRIAL_SHARE: Mapping[Algorithm, float] = {"logistic_regression": 1, "lightgbm": 0.5, "xgboost": 0.25, "random_forest": 0.1}

#: Experiments with each tuned choice: its rules for the threshold.
VARIANTS = len(get_args(ThresholdPolicy))

LIBRARIES = ("scikit-learn", "lightgbm", "xgboost-cpu", "imbalanced-learn", "optuna", "numpy", "pandas")


@dataclass(frozen=True)
class Outcome:
    """An experiment and its scores by span."""

    experiment: Experiment
    scores: dict[str, Scores]

    @property
    def pooled(self) -> dict[str, float]:
        """The figures on B."""
        return self.scores["B"].figures


def steps(
    spec: FeatureSpec,
    trials: int,
    algorithms: Sequence[Algorithm] = get_args(Algorithm),
    grid: Sequence[Experiment] | None = None,
) -> int:
    """How many times `run_experiments` reports progress."""
    fixed = len(grid_of(spec, algorithms) if grid is None else grid)
    return fixed + sum(_trials(name, trials) + VARIANTS for name in algorithms if trials)


def run_experiments(
    features: pd.DataFrame,
    spec: FeatureSpec,
    folder: Path,
    *,
    contract: Contract,
    economics: Economics,
    spans: Spans | None = None,
    trials: int = 40,
    algorithms: Sequence[Algorithm] = get_args(Algorithm),
    grid: Sequence[Experiment] | None = None,
    seed: int = 7,
    resamples: int = 1000,
    record: Recorder = lambda group, name, choice, figures: None,
    progress: Progress = lambda name: None,
) -> tuple[Results, pd.DataFrame]:
    """Search and choose.

    Args:
        features: the features table of the whole campaign, with `y`.
        spec: the campaign's features.
        folder: predictions and Optuna's studies are kept here; the same folder resumes a search.
        contract: that the features keep.
        economics: today's prices: they price every decision, and the policies that follow prices follow them.
        spans: months to choose and to confirm on; the later halves of the campaign when not given.
        trials: of Optuna, for ridge; the others get a share of it. None at all with 0.
        algorithms: which compete: in the fixed experiments, and tuned by Optuna.
        grid: the fixed experiments; all of `grid.experiments` with these algorithms when not given.
        seed: of everything.
        resamples: of the bootstrap of the finalists.
        record: keeps each experiment, for example in MLflow.
        progress: called after each step.

    Returns:
        The content of `results.json`, and the table of all experiments.

    Raises:
        NotEnoughHistory: the campaign is too short for the protocol, or has one outcome only where models are chosen.
    """
    table = protocol.in_time_order(features)
    spans = spans or spans_of(table, protocol.decided_months(table))
    named = spans.named
    for name in ("B", "selection", "confirmation"):
        _check_outcomes(table[named[name].holds(table["month"])], name)
    digest = data_digest(table)
    table = experimental.with_experimental_columns(table, spec)
    folder.mkdir(parents=True, exist_ok=True)
    outcomes: list[Outcome] = []

    def run(experiment: Experiment) -> None:
        raw = predict(experiment.choice, table, spec, folder, digest)
        scores = protocol.score(protocol.decide(experiment.choice, table, raw, economics=economics), named, economics=economics)
        outcomes.append(Outcome(experiment, scores))
        flat = {
            f"{name}_{span.replace(' ', '_')}": value for span, part in scores.items() for name, value in part.figures.items()
        }
        record(experiment.group, experiment.name, experiment.choice, flat)
        progress(experiment.name)

    for experiment in grid_of(spec, algorithms) if grid is None else grid:
        run(experiment)
    for algorithm in algorithms if trials else ():
        choice = tune(
            algorithm,
            table,
            spec,
            folder,
            digest,
            _trials(algorithm, trials),
            seed,
            record,
            progress,
            selection=named["selection"],
        )
        for experiment in tuned_variants(algorithm, choice):
            run(experiment)
    chosen, *others = finalists(outcomes, spec)
    judged: Judged = {"spans": named, "economics": economics, "resamples": resamples, "seed": seed}
    decided = protocol.decided_months(table)
    results = Results(
        contract=contract.digest,
        contract_version=contract.version,
        reads=columns_read(chosen.experiment.choice, spec),
        economics=economics,
        spans=spans,
        chosen_by=f"F1 pooled from {spans.choose_from}, among point-in-time models with PR AUC within {PR_AUC_TOLERANCE} and Brier score "
        f"within {BRIER_TOLERANCE} of the best; of F1 scores within {F1_TOLERANCE} of the best, the one with the best F1 from {decided[0]}",
        winner=_candidate(chosen, table, spec, folder, digest, **judged),
        runners_up=tuple(_candidate(other, table, spec, folder, digest, **judged) for other in others),
        baselines=baseline_scores(table, spec, folder, digest, **judged),
        data_digest=digest,
        libraries={name: version(name) for name in LIBRARIES},
        seed=seed,
        notes={
            "experiments": len(outcomes),
            "trials": {name: _trials(name, trials) for name in algorithms if trials},
            "tuned_on": f"log loss of {spans.choose_from} to {month_before(spans.confirm_from)}; {spans.confirm_from} and later confirm",
            "told_apart": told_apart(outcomes, spans, spec),
        },
    )
    return results, overview(outcomes)


def _check_outcomes(rows: pd.DataFrame, span: str) -> None:
    if rows["y"].nunique() < 2:
        raise NotEnoughHistory(
            f"the {len(rows)} contacts of the months for {span} ({rows['month'].iloc[0]} to {rows['month'].iloc[-1]}) all ended the same "
            "way: no model can be chosen on them. Name other months with --choose-from and --confirm-from, or wait for more contacts"
        )


def grid_of(spec: FeatureSpec, algorithms: Sequence[Algorithm], groups: Sequence[str] = ()) -> list[Experiment]:
    """The fixed experiments with these algorithms, in these groups; in all of them where none is named."""
    return [one for one in experiments(spec) if one.choice.algorithm in algorithms and (not groups or one.group in groups)]


def _trials(algorithm: Algorithm, trials: int) -> int:
    return max(1, round(TRIAL_SHARE[algorithm] * trials))


def finalists(outcomes: list[Outcome], spec: FeatureSpec, others: int = 3) -> list[Outcome]:
    """The winner, the next best `others`, and the best of each algorithm that is not among them."""
    distinct: dict[str, Outcome] = {}
    for outcome in outcomes:
        # One choice found twice counts once.
        distinct.setdefault(outcome.experiment.choice.model_dump_json(), outcome)
    by_f1 = sorted((one for one in distinct.values() if eligible(one, spec)), key=lambda outcome: -outcome.pooled["f1"])
    sound = _sound(by_f1)
    equal = [outcome for outcome in sound if outcome.pooled["f1"] >= sound[0].pooled["f1"] - F1_TOLERANCE]
    winner = max(equal, key=lambda outcome: outcome.scores["A"].figures["f1"])
    found = [winner, *(outcome for outcome in sound if outcome is not winner)][: 1 + others]
    for outcome in by_f1:
        if all(outcome.experiment.choice.algorithm != one.experiment.choice.algorithm for one in found):
            found.append(outcome)
    return found


def eligible(outcome: Outcome, spec: FeatureSpec) -> bool:
    """Whether the platform could run it: its columns are known before the call, and are in the features table."""
    choice = outcome.experiment.choice
    return spec.point_in_time(choice.feature_set) and not choice.extra_columns


def told_apart(outcomes: list[Outcome], spans: Spans, spec: FeatureSpec) -> dict[str, Any]:
    """What would have been chosen on earlier months alone, and how it did on the months after: figures that no choice has flattered."""
    pairs = {
        f"up to {month_before(spans.choose_from)}, by log loss": ("before B", "B"),
        f"{spans.choose_from} to {month_before(spans.confirm_from)}, by log loss": ("selection", "confirmation"),
    }
    found: dict[str, Any] = {}
    for name, (chosen_on, judged_on) in pairs.items():
        known = [one for one in outcomes if eligible(one, spec) and {chosen_on, judged_on} <= set(one.scores)]
        if known:
            best = min(known, key=lambda one: one.scores[chosen_on].figures["log_loss"])
            figures = best.scores[judged_on].figures
            names = ("f1", "roc_auc", "pr_auc", "lift_at_10", "brier")
            found[name] = {"chosen": best.experiment.name, "judged_on": judged_on} | {key: figures[key] for key in names}
    return found


def _sound(outcomes: list[Outcome]) -> list[Outcome]:
    pr_auc = max(outcome.pooled["pr_auc"] for outcome in outcomes)
    sharp = [outcome for outcome in outcomes if outcome.pooled["pr_auc"] >= pr_auc - PR_AUC_TOLERANCE]
    brier = min(outcome.pooled["brier"] for outcome in sharp)
    return [outcome for outcome in sharp if outcome.pooled["brier"] <= brier + BRIER_TOLERANCE]


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


class Judged(TypedDict):
    """How finalists and baselines are judged: spans, prices, and resamples and seed of their intervals."""

    spans: Mapping[str, Span]
    economics: Economics
    resamples: int
    seed: int


def baseline_scores(
    table: pd.DataFrame, spec: FeatureSpec, folder: Path, digest: str, **judged: Unpack[Judged]
) -> dict[str, dict[str, Scores]]:
    """Scores of everything that the model must beat, on A and B."""
    judged["spans"] = {name: judged["spans"][name] for name in ("A", "B")}
    return {
        name: protocol.score(predictions, **judged)
        for name, predictions in baseline_predictions(table, spec, folder, digest, judged["economics"]).items()
    }


def baseline_predictions(
    table: pd.DataFrame, spec: FeatureSpec, folder: Path, digest: str, economics: Economics
) -> dict[str, pd.DataFrame]:
    """Decided predictions of the baselines: call everyone, the trailing rate, and models of the raw columns."""
    rule = ModelSpec(algorithm="logistic_regression", threshold="best_f1")
    trailing = protocol.decide(rule, table, baselines.trailing_rate(table, spec), economics=economics)
    everyone = trailing.assign(
        probability=baselines.overall_rate(table), threshold=trailing["threshold"].where(trailing["threshold"].isna(), 0.0)
    )
    found = {
        baselines.CALL_EVERYONE: everyone.assign(called=everyone["threshold"].notna()),
        baselines.TRAILING_RATE: trailing,
    }
    for name, choice in baselines.raw_models(spec).items():
        found[name] = protocol.decide(choice, table, predict(choice, table, spec, folder, digest), economics=economics)
    return found


def _candidate(
    outcome: Outcome, table: pd.DataFrame, spec: FeatureSpec, folder: Path, digest: str, **judged: Unpack[Judged]
) -> Candidate:
    choice = outcome.experiment.choice
    predictions = protocol.decide(choice, table, predict(choice, table, spec, folder, digest), economics=judged["economics"])
    return Candidate(name=outcome.experiment.name, choice=choice, scores=protocol.score(predictions, **judged))
