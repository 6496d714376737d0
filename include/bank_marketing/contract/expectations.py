"""The Great Expectations suite of the contract, and a quiet context to run it in."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pandas as pd

from bank_marketing.contract.model import BatchRule, Column, Contract

# GX tells of every function it does not register: a thousand lines that hide the one that matters.
logging.getLogger("great_expectations").setLevel(logging.WARNING)

import great_expectations as gx  # noqa: E402
import great_expectations.expectations as gxe  # noqa: E402

SITE = "data_docs"

#: Enough to find the rows, few enough to read.
_RESULT = {"result_format": "SUMMARY", "unexpected_index_column_names": ["contact_id"], "partial_unexpected_count": 5}


def with_measures(rows: pd.DataFrame, contract: Contract) -> pd.DataFrame:
    """The rows with one more column for each measure of a day, so that a rule about days names the rows it concerns."""
    measured = rows.copy()
    for rule in contract.batch_rules:
        if rule.measure == "rows_per_day":
            measured[_measure(rule)] = rows.groupby("contact_date")["contact_id"].transform("size")
        elif rule.measure == "values_per_day":
            measured[_measure(rule)] = rows.groupby("contact_date")[rule.column].transform("nunique")
    return measured


def expectations(contract: Contract) -> list[Any]:
    """All expectations of the contract on the clean zone, each with its severity and the rule's name in `meta`."""
    found: list[Any] = []
    for column in contract.columns:
        found += _of_column(column, contract)
    for rule in contract.batch_rules:
        found.append(_of_batch(rule))
    return found


def _of_column(column: Column, contract: Contract) -> list[Any]:
    name, severity = column.name, column.severity

    def meta(rule: str, allowed: str) -> dict[str, str]:
        return {"rule": f"{rule}({name})", "column": name, "allowed": allowed}

    found: list[Any] = [
        gxe.ExpectColumnValuesToNotBeNull(column=name, severity="critical", meta=meta("missing", "no empty cell")),
    ]
    if column.role == "identifier":
        found.append(gxe.ExpectColumnValuesToBeUnique(column=name, severity=severity, meta=meta("unique", "once")))
    if column.pattern:
        pattern = f"^(?:{column.pattern})$"
        found.append(
            gxe.ExpectColumnValuesToMatchRegex(
                column=name, regex=pattern, severity=severity, meta=meta("pattern", column.allowed)
            )
        )
    if column.role == "outcome":
        found.append(
            gxe.ExpectColumnValuesToBeInSet(column=name, value_set=[0, 1], severity=severity, meta=meta("category", "0 | 1"))
        )
    elif column.categories:
        values = list(column.categories)
        found.append(
            gxe.ExpectColumnValuesToBeInSet(
                column=name, value_set=values, severity=severity, meta=meta("category", column.allowed)
            )
        )
    elif column.min is not None or column.max is not None:
        found.append(
            gxe.ExpectColumnValuesToBeBetween(
                column=name, min_value=column.min, max_value=column.max, severity=severity, meta=meta("range", column.allowed)
            )
        )
    if column.max_unknown_share is not None:
        allowed = f"at most {column.max_unknown_share:.0%} {contract.unknown!r}"
        found.append(
            gxe.ExpectColumnValuesToNotBeInSet(
                column=name,
                value_set=[contract.unknown],
                mostly=1 - column.max_unknown_share,
                severity="critical",
                meta=meta("unknown_share", allowed),
            )
        )
    return found


def _measure(rule: BatchRule) -> str:
    return f"measure_{rule.name}"


def _of_batch(rule: BatchRule) -> Any:
    meta = {"rule": rule.name, "column": rule.column, "allowed": f"{rule.min:g}..{rule.max:g}: {rule.description}"}
    bounds = {"min_value": rule.min, "max_value": rule.max, "severity": rule.severity, "meta": meta}
    if rule.measure == "mean":
        return gxe.ExpectColumnMeanToBeBetween(column=rule.column, **bounds)
    return gxe.ExpectColumnValuesToBeBetween(column=_measure(rule), **bounds)


class Suite:
    """The contract's suite in an ephemeral GX context; `docs` collects Data Docs of the batches that ask for them."""

    def __init__(self, contract: Contract, docs: Path) -> None:
        """Build the suite once; it is run on any number of batches."""
        self.contract = contract
        self.context = gx.get_context(mode="ephemeral")
        self.context.variables.progress_bars = {"globally": False, "metric_calculations": False}
        store = {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(docs)}
        index = {"class_name": "DefaultSiteIndexBuilder"}
        site = {"class_name": "SiteBuilder", "site_index_builder": index, "store_backend": store}
        self.context.add_data_docs_site(site_name=SITE, site_config=site)
        suite = gx.ExpectationSuite(name=contract.name, expectations=expectations(contract))
        self.suite = self.context.suites.add(suite)
        self.source = self.context.data_sources.add_pandas("clean_zone")

    def run(self, batch: str, rows: pd.DataFrame, *, docs: bool) -> list[dict[str, Any]]:
        """Validate one batch.

        Args:
            batch: its name, shown in Data Docs.
            rows: clean rows.
            docs: whether to render Data Docs for it.

        Returns:
            One entry for each expectation that failed or could not be computed: rule, severity, column, unexpected (rows),
            observed, allowed, examples (contact_ids).
        """
        existing = {asset.name for asset in self.source.assets}
        if batch in existing:
            definition = self.source.get_asset(batch).get_batch_definition("rows")
        else:
            definition = self.source.add_dataframe_asset(batch).add_batch_definition_whole_dataframe("rows")
        validation = self.context.validation_definitions.add_or_update(
            gx.ValidationDefinition(name=batch, data=definition, suite=self.suite)
        )
        parameters = {"dataframe": with_measures(rows, self.contract)}
        if docs:
            actions = [gx.checkpoint.UpdateDataDocsAction(name="docs", site_names=[SITE])]
            checkpoint = gx.Checkpoint(name=batch, validation_definitions=[validation], actions=actions, result_format=_RESULT)
            done = self.context.checkpoints.add_or_update(checkpoint).run(batch_parameters=parameters)
            result = next(iter(done.run_results.values()))
        else:
            result = validation.run(batch_parameters=parameters, result_format=_RESULT)
        return [_failure(entry) for entry in result.results if not entry.success]


def _failure(entry: Any) -> dict[str, Any]:
    config, result = entry.expectation_config, entry.result
    rows = result.get("partial_unexpected_index_list") or []
    observed = result.get("observed_value")
    if observed is None:
        observed = result.get("partial_unexpected_list", [])[:5] or entry.exception_info
    return {
        "rule": config.meta["rule"],
        "severity": str(getattr(config.severity, "value", config.severity)),
        "column": config.meta["column"],
        "unexpected": int(result.get("unexpected_count") or 0),
        "observed": observed if isinstance(observed, int | float | str | list) else str(observed),
        "allowed": config.meta["allowed"],
        "examples": [str(row["contact_id"]) for row in rows[:5] if "contact_id" in row],
    }
