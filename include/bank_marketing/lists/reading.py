"""A list while it is read: block by block judged, counted and kept."""

from __future__ import annotations

import pandas as pd

from bank_marketing.contract import Column, Contract
from bank_marketing.errors import ReconciliationError
from bank_marketing.lists import values
from bank_marketing.lists.columns import LIST_SIZE, STATUS
from bank_marketing.lists.entities import DUPLICATE, REJECTED, CustomerList, Filled
from bank_marketing.lists.judging import Judged, judge
from bank_marketing.lists.notes import Counts, notes_of
from bank_marketing.lists.opening import Opened
from bank_marketing.lists.refusals import refused
from bank_marketing.lists.separated import Row


class Reading:
    """A list while its blocks are judged."""

    def __init__(self, source: Opened, contract: Contract, filled: Filled, name: str) -> None:
        self.source, self.contract, self.filled, self.name = source, contract, filled, name
        self.header = source.header
        self.counts = Counts()
        self.identifier = next(column.name for column in contract.prospect_columns if column.role == "identifier")
        self.mark = ""
        self.good: list[pd.DataFrame] = []
        self.extras: list[pd.DataFrame] = []
        self.bad: list[pd.DataFrame] = []
        self.rules: dict[str, dict[str, object]] = {}

    def add(self, rows: list[Row]) -> None:
        """Judge a block of rows and keep what it brings."""
        whole, malformed = self._sorted(rows)
        lines = pd.Index([line for line, _ in whole], name="line")
        table = pd.DataFrame([cells for _, cells in whole], index=lines, columns=range(self.header.width), dtype=object)
        table = self._without_earlier_duplicates(table)
        self.counts.read += len(table) + len(malformed)
        self._count_unnamed(table)
        given = pd.DataFrame(
            {name: values.cleaned(table[place]) for name, place in self.header.known.items()}, index=table.index
        )
        self._count_other_days(given)
        given = given.drop(columns=[name for name in self.filled.derived if name in given])
        self._name_clients(given)
        doubles = [column.name for column in self.contract.prospect_columns if column.type == "double" and column.name in given]
        self.mark = self.mark or values.decimal_mark(given[doubles])
        judged = judge(given, self.contract, self.mark)
        self.counts.add(judged)
        self._keep(table, judged, malformed)

    def _sorted(self, rows: list[Row]) -> tuple[list[tuple[int, list[str]]], list[tuple[int, list[str], str]]]:
        """Rows of the header's width, and those of another, with the reason."""
        whole: list[tuple[int, list[str]]] = []
        malformed: list[tuple[int, list[str], str]] = []
        width = self.header.width
        for line, cells, text in rows:
            if cells is None:
                malformed.append((line, [text], "a quotation mark is not closed"))
            elif not any(cell.strip() for cell in cells):
                self.counts.empty += 1
            elif len(cells) == width:
                whole.append((line, cells))
            elif len(cells) > width and not any(cell.strip() for cell in cells[width:]):
                whole.append((line, cells[:width]))
            else:
                malformed.append((line, cells, f"{len(cells)} cells instead of {width}"))
        return whole, malformed

    def _without_earlier_duplicates(self, table: pd.DataFrame) -> pd.DataFrame:
        """Without the rows that an earlier result marks: the client was scored by another row."""
        place = self.header.own.get(STATUS)
        if place is None:
            return table
        marked = table[place].str.strip() == DUPLICATE
        self.counts.marked += int(marked.sum())
        return table.loc[~marked]

    def _count_unnamed(self, table: pd.DataFrame) -> None:
        self.counts.unnamed |= {place + 1 for place in self.header.unnamed if table[place].str.strip().any()}
        if (place := self.header.own.get(LIST_SIZE)) is not None:
            self.counts.sizes |= {text.strip() for text in table[place].unique()}

    def _count_other_days(self, given: pd.DataFrame) -> None:
        for name, value in self.filled.derived.items():
            if name in given:
                other = ~given[name].str.casefold().isin([str(value).casefold(), ""])
                self.counts.other_day[name] = self.counts.other_day.get(name, 0) + int(other.sum())

    def _name_clients(self, given: pd.DataFrame) -> None:
        """Give those without an identifier one by their line; pandas writes whole numbers with `.0` where one is missing."""
        lines = pd.Series([f"ROW-{line}" for line in given.index], index=given.index, dtype=object)
        if self.identifier not in given:
            given[self.identifier] = lines
            self.counts.named += len(given)
            return
        names = given[self.identifier]
        if len(names) and names.str.fullmatch(r"([0-9]+\.0)?").all():
            names = names.str.removesuffix(".0")
        self.counts.named += int((names == "").sum())
        given[self.identifier] = names.where(names != "", lines)

    def _keep(self, table: pd.DataFrame, judged: Judged, malformed: list[tuple[int, list[str], str]]) -> None:
        bad = pd.Index(sorted(judged.problems))
        typed = self._typed(judged.typed.drop(index=bad))
        self.good.append(typed)
        places = self.header.extra.items()
        self.extras.append(pd.DataFrame({name: table.loc[typed.index, place] for name, place in places}, index=typed.index))
        left = self._as_it_came(table.loc[bad])
        left.insert(0, "problems", ["; ".join(judged.problems[line]) for line in bad])
        self.bad.append(left)
        for line in bad:
            for rule, problem in zip(judged.rules[line], judged.problems[line], strict=True):
                self._breach(rule, line, problem)
        if malformed:
            self.bad.append(self._malformed(malformed))

    def _malformed(self, malformed: list[tuple[int, list[str], str]]) -> pd.DataFrame:
        width = self.header.width
        padded = [[*cells[:width], *[""] * (width - len(cells))] for _, cells, _ in malformed]
        lines = pd.Index([line for line, _, _ in malformed], name="line")
        table = self._as_it_came(pd.DataFrame(padded, index=lines, columns=range(width), dtype=object))
        table.insert(0, "problems", [f"{why}: {self._joined(cells)[:200]}" for _, cells, why in malformed])
        for line, _, why in malformed:
            self._breach("malformed_row", line, why)
        return table

    def _joined(self, cells: list[str]) -> str:
        return (self.source.separator or ";").join(cells)

    def _breach(self, rule: str, line: int, problem: str) -> None:
        found = self.rules.setdefault(rule, {"rows": 0, "examples": [line], "detail": problem})
        found["rows"] = int(str(found["rows"])) + 1

    def _as_it_came(self, table: pd.DataFrame) -> pd.DataFrame:
        """The list's own columns, under its own names, without those of an earlier result and those known after the call."""
        places = sorted([*self.header.known.values(), *self.header.extra.values()])
        return table[places].set_axis([self.header.names[place] for place in places], axis=1)

    def _typed(self, typed: pd.DataFrame) -> pd.DataFrame:
        """The contract's columns in their types, with what the list leaves out."""
        return pd.DataFrame(
            {column.name: self._values(typed, column) for column in self.contract.prospect_columns}, index=typed.index
        )

    def _values(self, typed: pd.DataFrame, column: Column) -> pd.Series:
        found = typed[column.name] if column.name in typed else pd.Series(self._fallback(column.name), index=typed.index)
        if column.type == "string":
            return found.astype(object)
        return found.astype("int32") if column.type == "integer" else found.astype("float64")

    def _fallback(self, name: str) -> object:
        if name in self.filled.derived:
            return self.filled.derived[name]
        if name not in self.filled.market:
            wanted = self.contract[name].source_name
            raise refused(self.name, "columns", f"missing columns: {wanted}, and no value of a contact day is known to fill in")
        return self.filled.market[name]

    def finished(self) -> CustomerList:
        """The list, once all blocks are judged: of a client's rows the last one stands."""
        if not self.good:
            raise refused(self.name, "no_rows", "it has no rows below its first line")
        rows, extras = pd.concat(self.good), pd.concat(self.extras)
        again = rows[self.identifier].duplicated(keep="last")
        twice, named_twice = self._duplicates(rows, extras, again)
        rejected = pd.concat(self.bad)
        good = rows[~again]
        self.counts.duplicates, self.counts.rejected, self.counts.clean = len(twice), len(rejected), len(good)
        self._check()
        left_out = pd.concat([rejected.assign(**{STATUS: REJECTED}), twice]).sort_index(kind="stable")
        return CustomerList(
            prospects=good.reset_index(drop=True),
            extras=extras[~again].reset_index(drop=True),
            left_out=left_out.rename_axis("line").reset_index(),
            rules=self.rules,
            notes=tuple(notes_of(self.source, self.counts, self.filled, self.contract, self.mark, named_twice)),
            counts=self.counts.rows,
            stated_size=self.counts.stated_size,
        )

    def _duplicates(self, rows: pd.DataFrame, extras: pd.DataFrame, again: pd.Series) -> tuple[pd.DataFrame, list[str]]:
        """Rows for which a later one of the same client stands, under the list's own names; and those clients with their lines."""
        names, twice = rows[self.identifier], rows[again]
        if twice.empty:
            return pd.DataFrame(), []
        columns = {place: twice[name].astype(str) for name, place in self.header.known.items()}
        columns |= {place: extras.loc[again, name] for name, place in self.header.extra.items()}
        found = pd.DataFrame({self.header.names[place]: columns[place] for place in sorted(columns)}, index=twice.index)
        who = names[again]
        every = names[names.isin(set(who))]
        lines = every.index.to_series().groupby(every.to_numpy(), sort=False).agg(list)
        found.insert(0, "problems", [f"{name} stands again in line {lines[name][-1]}, which is scored" for name in who])
        named = [f"{name} (lines {', '.join(map(str, found_lines[:5]))})" for name, found_lines in lines.items()]
        return found.assign(**{STATUS: DUPLICATE}), named

    def _check(self) -> None:
        counts = self.counts
        if counts.read != counts.clean + counts.rejected + counts.duplicates:
            raise ReconciliationError(f"{self.name}: {counts.rows} do not add up. Nothing was scored.")
        if counts.read == 0:
            raise refused(self.name, "no_rows", "it has no rows below its first line")
        if counts.clean == 0:
            worst = sorted(self.rules.items(), key=lambda item: -int(str(item[1]["rows"])))[:12]
            problems = "; ".join(f"{entry['detail']} (line {entry['examples'][0]}, {entry['rows']} rows)" for _, entry in worst)  # type: ignore[index]
            if self.header.extra:
                problems += f"; columns of other names: {', '.join(name[:40] for name in list(self.header.extra)[:12])}"
            raise refused(self.name, worst[0][0], f"none of its {counts.read:,} rows can be scored: {problems}")
