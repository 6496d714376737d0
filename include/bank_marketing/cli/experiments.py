"""Commands that choose a model in the open: the time-ordered protocol, and the search that writes `results.json`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, get_args

import typer
from rich import box
from rich.table import Table

from bank_marketing.cli.shared import AsOf, command, console, day_or_last, progress_bar

if TYPE_CHECKING:
    import pandas as pd

    from bank_marketing.campaign import Campaign
    from bank_marketing.modeling.choice import Algorithm
    from bank_marketing.modeling.grid import Experiment
    from bank_marketing.modeling.results import Scores
    from bank_marketing.modeling.spans import Spans
    from bank_marketing.settings import Settings

Features = Annotated[
    Path | None, typer.Option(help="A features table on disk (Parquet); made from the landed files when not given.")
]

#: Figures shown in the terminal: key, heading; the first ones on a narrow one.
SHOWN = {
    "f1": "F1",
    "roc_auc": "ROC AUC",
    "pr_auc": "PR AUC",
    "lift_at_10": "lift@10%",
    "brier": "Brier",
    "roc_auc_within": "ROC within",
    "lift_at_10_within": "lift within",
    "precision": "precision",
    "recall": "recall",
    "alift": "ALIFT",
    "log_loss": "log loss",
}

#: Characters of a column of figures, and of the column of names, with the space between them.
FIGURE_WIDTH, NAME_WIDTH = 13, 24
MONTHS_FIGURE_WIDTH, MONTH_WIDTH = 11, 11


@command
def experiments(
    as_of: AsOf = "",
    features: Features = None,
    choose_from: Annotated[
        str, typer.Option(help="First month (YYYY-MM) that models are chosen on; that of the last search, else the later half.")
    ] = "",
    confirm_from: Annotated[str, typer.Option(help="First month that only confirms the choice; likewise.")] = "",
    trials: Annotated[
        int, typer.Option(min=0, help="Optuna's trials for ridge; trees get a share of it. 0: none is tuned.")
    ] = 40,
    algorithm: Annotated[
        list[str] | None,
        typer.Option(help="One that competes, repeat it for each: logistic_regression, lightgbm, ...; all when none is named."),
    ] = None,
    group: Annotated[
        list[str] | None, typer.Option(help="Fixed experiments to run: threshold, window, ...; all groups when none is named.")
    ] = None,
    resamples: Annotated[
        int, typer.Option(min=0, help="Of the bootstrap of the finalists; 0 leaves their intervals out.")
    ] = 1000,
    seed: Annotated[int, typer.Option(help="Of everything that is drawn.")] = 7,
    output: Annotated[Path | None, typer.Option(help="File to write; the platform's results.json when not given.")] = None,
) -> None:
    """Search for the model under the time-ordered protocol and write results.json. A search that was broken off goes on."""
    from bank_marketing.campaign import open_campaign
    from bank_marketing.modeling.experiments import run_experiments, steps
    from bank_marketing.registry.experiment_log import experiment_log
    from bank_marketing.settings import Settings

    settings = Settings()
    algorithms = _algorithms(algorithm or [])
    table = _features(settings, features, as_of)
    folder = settings.cache / "experiments"
    campaign = open_campaign(settings)
    target = output or campaign.results_file
    spans = _spans(table, campaign, choose_from, confirm_from)
    tags = {"seed": str(seed), "trials": str(trials), "rows": str(len(table))}
    grid = _grid(campaign, algorithms, group or [])
    with experiment_log(settings, f"search, seed {seed}", tags) as log, progress_bar() as progress:
        task = progress.add_task("searching", total=steps(campaign.features, trials, algorithms, grid))
        results, overview = run_experiments(
            table,
            campaign.features,
            folder,
            contract=campaign.contract,
            spans=spans,
            economics=campaign.economics,
            trials=trials,
            algorithms=algorithms,
            grid=grid,
            seed=seed,
            resamples=resamples,
            record=log.record,
            progress=lambda name: progress.update(task, advance=1, description=name),
        )
        overview.to_csv(folder / "experiments.csv", index=False)
        target.write_text(results.model_dump_json(indent=1) + "\n", encoding="utf-8")
        log.keep(target, folder / "experiments.csv")
    finalists = {one.name: one.scores for one in (results.winner, *results.runners_up)}
    for span, title in _titles("From", table, spans):
        console.print(_table(title, {name: scores[span] for name, scores in {**finalists, **results.baselines}.items()}))
    console.print(f"[bold]{results.winner.name}[/] is chosen by {results.chosen_by}: {target}", highlight=False, soft_wrap=True)
    console.print(f"All {len(overview)} experiments: {folder / 'experiments.csv'} and MLflow run {log.parent}", soft_wrap=True)


@command
def evaluate_protocol(
    as_of: AsOf = "",
    features: Features = None,
    resamples: Annotated[int, typer.Option(min=0, help="Of the bootstrap; 0 leaves the intervals out.")] = 1000,
    output: Annotated[Path | None, typer.Option(help="Predictions file; `.csv` or `.parquet`.")] = None,
) -> None:
    """Judge the chosen model and its baselines month by month, as it would have done, and write every prediction to a file."""
    from bank_marketing.campaign import open_campaign
    from bank_marketing.modeling import baselines, protocol
    from bank_marketing.modeling.experiments import baseline_predictions
    from bank_marketing.modeling.random_split import LABEL, random_split_figures
    from bank_marketing.modeling.results import load_results
    from bank_marketing.modeling.search import data_digest, predict
    from bank_marketing.modeling.spans import spans_of
    from bank_marketing.settings import Settings

    settings = Settings()
    campaign = open_campaign(settings)
    results = load_results(campaign.results_file, campaign.contract)
    table = protocol.in_time_order(_features(settings, features, as_of))
    spans = results.spans or spans_of(table, protocol.decided_months(table))
    digest, folder = data_digest(table), settings.cache / "experiments"
    choice = results.winner.choice
    with console.status("predicting month after month"):
        raw = predict(choice, table, campaign.features, folder, digest)
        predictions = {results.winner.name: protocol.decide(choice, table, raw, economics=campaign.economics)}
        predictions |= baseline_predictions(table, campaign.features, folder, digest, campaign.economics)
        scores = {
            name: protocol.score(rows, spans.named, resamples=resamples, seed=results.seed, economics=campaign.economics)
            for name, rows in predictions.items()
        }
    if results.spans is None:
        console.print(f"{results.origin[:1].upper()}{results.origin[1:]}.", highlight=False, soft_wrap=True)
    for span, title in _titles("Report {}: pooled from", table, spans)[::-1]:
        console.print(_table(title, {name: found[span] for name, found in scores.items() if span in found}))
    console.print(
        _months(protocol.by_month(predictions[results.winner.name], economics=campaign.economics), results.winner.name)
    )
    models = {results.winner.name: choice, **baselines.raw_models(campaign.features)}
    random = random_split_figures(table, models, results.seed, spec=campaign.features, economics=campaign.economics)
    console.print(
        _table(f"NOT the protocol: {LABEL}", {name: _as_scores(found.model_dump()) for name, found in random.items()})
    )
    path = _write(predictions, output or folder / "protocol_predictions.parquet")
    console.print(f"Every prediction, to recompute every figure: {path}", highlight=False, soft_wrap=True)


def _algorithms(named: Sequence[str]) -> tuple[Algorithm, ...]:
    """The algorithms that compete: those that are named, in the order of the search. Raises ConfigError."""
    from bank_marketing.errors import ConfigError
    from bank_marketing.modeling.choice import Algorithm

    known: tuple[Algorithm, ...] = get_args(Algorithm)
    if unknown := sorted(set(named) - set(known)):
        raise ConfigError(f"--algorithm {', '.join(unknown)} is not known: choose of {', '.join(known)}")
    return tuple(name for name in known if name in named) or known


def _grid(campaign: Campaign, algorithms: Sequence[Algorithm], groups: Sequence[str]) -> list[Experiment]:
    """The fixed experiments of the groups that are named. Raises ConfigError."""
    from bank_marketing.errors import ConfigError
    from bank_marketing.modeling.experiments import grid_of
    from bank_marketing.modeling.grid import experiments

    known = list(dict.fromkeys(one.group for one in experiments(campaign.features)))
    if unknown := sorted(set(groups) - set(known)):
        raise ConfigError(f"--group {', '.join(unknown)} is not known: choose of {', '.join(known)}")
    return grid_of(campaign.features, algorithms, groups)


def _spans(table: pd.DataFrame, campaign: Campaign, choose_from: str, confirm_from: str) -> Spans:
    """The months to choose and to confirm on: as asked for, as in the last search, or as the data give them."""
    from bank_marketing.modeling import protocol
    from bank_marketing.modeling.results import load_results
    from bank_marketing.modeling.spans import spans_of

    if (
        not choose_from
        and not confirm_from
        and (last := load_results(campaign.results_file, campaign.contract).spans) is not None
    ):
        choose_from, confirm_from = last.choose_from, last.confirm_from
    ordered = protocol.in_time_order(table)
    return spans_of(ordered, protocol.decided_months(ordered), choose_from, confirm_from)


def _titles(start: str, table: pd.DataFrame, spans: Spans) -> list[tuple[str, str]]:
    """The spans B and A with a title that says from when on: `From March 2009`."""
    from bank_marketing.modeling import protocol

    first = {"B": spans.choose_from, "A": protocol.decided_months(protocol.in_time_order(table))[0]}
    return [(name, f"{start.format(name)} {date.fromisoformat(f'{month}-01'):%B %Y}") for name, month in first.items()]


def _features(settings: Settings, path: Path | None, as_of: str) -> pd.DataFrame:
    import pandas as pd

    from bank_marketing.errors import ConfigError

    if path is not None:
        try:
            return pd.read_parquet(path)
        except (OSError, ValueError) as error:
            raise ConfigError(f"--features {path} cannot be read as Parquet: {error}") from error
    from bank_marketing.components.context import RunContext
    from bank_marketing.components.train_model import load_features
    from bank_marketing.pipelines import run_steps
    from bank_marketing.pipelines.training import STEPS

    made_by = ("ingest_data", "validate_data", "transform_data")
    context = RunContext("experiments", f"features__{datetime.now(UTC):%Y%m%dT%H%M%S}", day_or_last(as_of), settings)
    with console.status("making the features of the landed campaign"):
        refs = run_steps({name: STEPS[name] for name in made_by}, context).refs
    return load_features(refs["transform_data"], context)


def _table(title: str, rows: Mapping[str, Scores]) -> Table:
    table = Table(title=title, box=box.SIMPLE_HEAD, title_justify="left")
    table.add_column("model")
    names = [name for name in SHOWN if any(name in scores.figures for scores in rows.values())]
    names = _fitting(names, NAME_WIDTH, FIGURE_WIDTH)
    for name in names:
        table.add_column(SHOWN[name], justify="right", no_wrap=True)
    for model, scores in rows.items():
        table.add_row(model, *(_cell(scores, name) for name in names))
    return table


def _fitting(names: Sequence[str], first: int, each: int) -> list[str]:
    """The first of the figures, as many as the terminal has room for beside the first column."""
    return list(names[: max(3, (console.width - first) // each)])


def _cell(scores: Scores, name: str) -> str:
    if name not in scores.figures:
        return ""
    value = f"{scores.figures[name]:.3f}"
    if name not in scores.interval:
        return value
    low, high = scores.interval[name]
    return f"{value}\n{low:.3f}-{high:.3f}"


def _months(by_month: pd.DataFrame, name: str) -> Table:
    known = ("rows", "rate", "predicted", "roc_auc", "lift_at_10", "f1", "precision", "recall", "brier", "threshold")
    shown = _fitting(known, MONTH_WIDTH, MONTHS_FIGURE_WIDTH)
    table = Table(title=f"Within months: {name}", box=box.SIMPLE_HEAD, title_justify="left")
    for column in ("month", *shown):
        table.add_column(SHOWN.get(column, column), justify="left" if column == "month" else "right")
    for row in by_month.to_dict("records"):
        table.add_row(row["month"], f"{row['rows']:,}", *(f"{row[column]:.3f}" for column in shown[1:]))
    return table


def _as_scores(figures: dict[str, float]) -> Scores:
    from bank_marketing.modeling.results import Scores

    return Scores(figures=figures)


def _write(predictions: Mapping[str, pd.DataFrame], path: Path) -> Path:
    import pandas as pd

    path.parent.mkdir(parents=True, exist_ok=True)
    rows = pd.concat([table.assign(model=name) for name, table in predictions.items()], ignore_index=True)
    if path.suffix == ".csv":
        rows.to_csv(path, index=False)
    else:
        rows.to_parquet(path, index=False)
    return path
