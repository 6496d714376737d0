"""Runs the contract's expectations on batches of clean rows: quiet, in memory, with Data Docs where they are wanted."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Collection
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from bank_marketing.contract.expectations import COLUMNS, SHARE_ROWS, expectations, with_measures
from bank_marketing.contract.findings import Finding
from bank_marketing.contract.model import Contract
from bank_marketing.contract.screening import suspects

import great_expectations as gx  # isort: skip  # contract.expectations has quietened its import

# GX sets this one itself when it is imported, to say where its own temporary docs would go.
logging.getLogger("great_expectations.data_context.types.base").setLevel(logging.WARNING)

SITE = "data_docs"

#: Contacts named for each broken rule: enough to find them, few enough to read.
EXAMPLES = 5


class Suite:
    """The contract's expectations in an ephemeral GX context.

    Attributes:
        digest: changes when an expectation or GX itself does, so that remembered results are not taken for today's.
    """

    def __init__(self, contract: Contract, docs: Path) -> None:
        """Build the expectations once, for any number of batches; Data Docs go to `docs`."""
        self.contract, self.docs = contract, docs
        self.context = gx.get_context(mode="ephemeral")
        self.context.variables.progress_bars = {"globally": False, "metric_calculations": False}
        for site in list(self.context.get_site_names()):
            self.context.delete_data_docs_site(site)
        store = {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(docs)}
        index = {"class_name": "DefaultSiteIndexBuilder"}
        builder = {"class_name": "SiteBuilder", "site_index_builder": index, "store_backend": store}
        self.context.add_data_docs_site(site_name=SITE, site_config=builder)
        self.source = self.context.data_sources.add_pandas("clean_zone")
        self.suites = {
            name: self.context.suites.add(gx.ExpectationSuite(name=name, expectations=expectations(contract, rows)))
            for name, rows in ((contract.name, SHARE_ROWS), (f"{contract.name}-few-rows", 0))
        }
        told = [[entry.expectation_type, entry.configuration.kwargs, entry.meta, str(entry.severity)] for entry in self._all]
        content = json.dumps([gx.__version__, told], sort_keys=True, default=str)
        self.digest = hashlib.sha256(content.encode()).hexdigest()

    @property
    def _all(self) -> list[Any]:
        return list(self.suites[self.contract.name].expectations)

    @property
    def size(self) -> int:
        """How many expectations there are."""
        return len(self._all)

    def check(self, batch: str, table: pa.Table) -> list[Finding]:
        """The findings of `run`, without Data Docs: only what a pass over the columns does not clear is validated."""
        asked = suspects(table, self.contract)
        return self.run(batch, table.to_pandas(), only=asked) if asked else []

    def run(self, batch: str, rows: pd.DataFrame, *, docs: bool = False, only: Collection[str] | None = None) -> list[Finding]:
        """Validate one batch.

        Args:
            batch: its name, shown in Data Docs.
            rows: clean rows.
            docs: whether to render Data Docs of it.
            only: rules to validate; default all.

        Returns:
            One finding for each expectation that failed or could not be computed.
        """
        measured = with_measures(rows, self.contract)
        suite = self.suites[self.contract.name if len(rows) >= SHARE_ROWS else f"{self.contract.name}-few-rows"]
        definition = self._definition(batch)
        failed = self._failed(batch, suite, definition, measured, docs=docs) if only is None else set(only)
        if COLUMNS in failed:
            # What the columns that are there hold says little then, and every other rule would add its own noise.
            failed = {COLUMNS}
        # All failing rows are asked for only now: for a share, that is a list of every row it counts, broken or not.
        broken = [entry for entry in suite.expectations if entry.meta["rule"] in failed]
        if not broken:
            return []
        data = definition.get_batch(batch_parameters={"dataframe": measured})
        full = _format("COMPLETE", measured)
        results = [data.validate(entry, result_format=full) for entry in broken]
        return [_finding(result, batch, rows) for result in results if not result.success]

    def _failed(self, batch: str, suite: Any, definition: Any, measured: pd.DataFrame, *, docs: bool) -> set[str]:
        """Names of the rules that are broken, all of them validated."""
        validation = self.context.validation_definitions.add_or_update(
            gx.ValidationDefinition(name=batch, data=definition, suite=suite)
        )
        parameters = {"dataframe": measured}
        if docs:
            actions = [gx.checkpoint.UpdateDataDocsAction(name="docs", site_names=[SITE])]
            checkpoint = gx.Checkpoint(
                name=batch, validation_definitions=[validation], actions=actions, result_format=_format("SUMMARY", measured)
            )
            done = self.context.checkpoints.add_or_update(checkpoint).run(batch_parameters=parameters)
            result = next(iter(done.run_results.values()))
            # Films of GX's own tutorial that no page shows: four fifths of the site.
            for film in self.docs.glob("static/images/*.gif"):
                film.unlink()
        else:
            result = validation.run(batch_parameters=parameters, result_format="BASIC")
        return {entry.expectation_config.meta["rule"] for entry in result.results if not entry.success}

    def _definition(self, batch: str) -> Any:
        known = {asset.name: asset for asset in self.source.assets}
        if batch in known:
            return known[batch].get_batch_definition("rows")
        return self.source.add_dataframe_asset(batch).add_batch_definition_whole_dataframe("rows")


def _format(name: str, rows: pd.DataFrame) -> dict[str, Any]:
    index = [column for column in ("contact_id", "contact_date") if column in rows]
    return {"result_format": name, "partial_unexpected_count": EXAMPLES, "unexpected_index_column_names": index}


def _finding(entry: Any, batch: str, rows: pd.DataFrame) -> Finding:
    config, result = entry.expectation_config, entry.result
    meta, index = config.meta, result.get("unexpected_index_list") or []
    days = sorted({str(row["contact_date"]) for row in index if "contact_date" in row})
    return Finding(
        rule=meta["rule"],
        severity=str(getattr(config.severity, "value", config.severity)),
        column=meta["column"],
        chunk=batch,
        rows=len(rows),
        unexpected=int(result.get("unexpected_count") or 0),
        observed=_observed(entry),
        allowed=meta["allowed"],
        days=days,
        examples=[str(row["contact_id"]) for row in index[:EXAMPLES] if "contact_id" in row],
    )


def _observed(entry: Any) -> str:
    """What was seen instead of what is allowed."""
    config, result = entry.expectation_config, entry.result
    if not result:
        return f"cannot be computed: {_exception(entry.exception_info)}"
    rule = config.meta["rule"].partition("(")[0]
    if rule == COLUMNS:
        return "missing: " + ", ".join(sorted(result["details"]["mismatched"].get("missing", [])))
    if rule == "unknown_share":
        return f"{result['unexpected_percent']:.1f}%"
    if rule == "missing":
        return "empty"
    if "observed_value" in result:
        value = result["observed_value"]
        return f"{value:.4g}" if isinstance(value, int | float) else str(value)
    values = sorted({str(value) for value in result.get("unexpected_list", [])})
    more = f" and {len(values) - EXAMPLES} more values" if len(values) > EXAMPLES else ""
    return ", ".join(values[:EXAMPLES]) + more


def _exception(info: Any) -> str:
    """The first message in GX's exception information, which is nested by metric when there are several."""
    if not isinstance(info, dict):
        return str(info)
    if info.get("exception_message"):
        return str(info["exception_message"]).splitlines()[0]
    return next((_exception(part) for part in info.values() if isinstance(part, dict)), "unknown reason")
