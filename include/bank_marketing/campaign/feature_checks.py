"""Whether a campaign's features fit its contract and each other: found when it is loaded, not when a client is scored."""

from __future__ import annotations

from collections.abc import Iterator

from bank_marketing.campaign.features import GAP, LIST_SIZE, ExperimentalColumn, FeatureSpec, Number, ReasonGroup
from bank_marketing.campaign.reading import Place
from bank_marketing.campaign.wording import known_names, names_in

#: What makes 1 or 0 of a column.
FLAGS = ("above", "below", "among", "never")

#: Where in the file, and what is wrong there.
Problem = tuple[Place, str]


def problems(spec: FeatureSpec) -> Iterator[Problem]:
    """What is wrong with a specification."""
    yield from _categories(spec)
    yield from _segments(spec)
    for block, numbers in spec.blocks.items():
        for name, number in numbers.items():
            for problem in _number(spec, number):
                yield ("blocks", block, name), problem
    yield from _sets(spec)
    yield from _slices(spec)
    yield from _experimental(spec)
    yield from _reasons(spec)
    if spec.baseline_window not in spec.windows:
        yield ("baseline_window",), _no_window(spec, spec.baseline_window)


def _categories(spec: FeatureSpec) -> Iterator[Problem]:
    for number, name in enumerate(spec.categories):
        for problem in _column(spec, name, text=True):
            yield ("categories", number), problem
        if spec.categories.index(name) < number:
            yield ("categories", number), f"{name} is named twice"


def _segments(spec: FeatureSpec) -> Iterator[Problem]:
    labels: set[str] = set()
    for name, segment in spec.segments.items():
        place: Place = ("segments", name)
        wrong = list(_column(spec, name, text=True))
        yield from ((place, problem) for problem in wrong)
        if segment.window not in spec.windows:
            yield (*place, "window"), _no_window(spec, segment.window)
        for label, categories in segment.counted.items():
            unknown = set() if wrong else set(categories) - set(spec.attributes[name].categories)
            for category in sorted(unknown):
                yield (*place, "counted", label), f"{name} has no category {category!r}"
            if label in labels or not label.isidentifier():
                yield (*place, "counted", label), "every counted segment needs a name of its own, of letters, digits and _"
            labels.add(label)


def _number(spec: FeatureSpec, number: Number) -> Iterator[str]:
    if len(number.sources) != 1:
        yield "a number is of exactly one of column, rate, volume, segment"
    if len(number.transforms) > 1:
        yield f"only one of {', '.join(number.transforms)} can be done"
    if number.column:
        yield from _column(spec, number.column, text=bool(number.among))
        known = spec.attributes.get(number.column)
        for category in sorted(set(number.among) - set(known.categories if known else number.among)):
            yield f"{number.column} has no category {category!r}"
        never = known.never if known else None
        if number.never and never is not None and never not in number.never:
            yield f"the contract says that {number.column} {never:g} means never: add it to never"
    elif number.transforms or number.missing is not None:
        yield "only a column can be transformed"
    if number.segment and number.segment not in spec.segments:
        yield f"there is no segment {number.segment!r}"
    for window in number.windows:
        if window not in spec.windows:
            yield _no_window(spec, window)


def _column(spec: FeatureSpec, name: str, *, text: bool) -> Iterator[str]:
    if name in spec.forbidden:
        yield f"{name} is known only after the call: it can be no feature"
    elif name in (LIST_SIZE, GAP):
        if text:
            yield f"{name} is a number, a column of categories is needed"
    elif name not in spec.attributes:
        yield f"the contract has no column {name!r} that is known before the call"
    elif text and not spec.attributes[name].categories:
        yield f"{name} has no categories in the contract"
    elif not text and spec.attributes[name].type == "string":
        yield f"{name} is text, a number is needed"


def _no_window(spec: FeatureSpec, window: int) -> str:
    return f"no count has a window of {window} contact days: windows has {', '.join(map(str, spec.windows))}"


def _sets(spec: FeatureSpec) -> Iterator[Problem]:
    for name, blocks in spec.sets.items():
        for block in blocks:
            if block not in spec.blocks:
                yield ("sets", name), f"there is no block {block!r}"
    for place, name in (("default_set", spec.default_set), ("baseline_set", spec.baseline_set)):
        if name not in spec.sets:
            yield (place,), f"there is no set {name!r}"


def _slices(spec: FeatureSpec) -> Iterator[Problem]:
    for name, cut in spec.slices.items():
        for problem in _column(spec, name, text=not cut.bins):
            yield ("slices", name), problem
        if cut.bins and len(cut.labels) != len(cut.bins) + 1:
            yield ("slices", name), f"{len(cut.bins)} bins need {len(cut.bins) + 1} labels, not {len(cut.labels)}"


def _experimental(spec: FeatureSpec) -> Iterator[Problem]:
    seen = {name for numbers in spec.blocks.values() for name in numbers} | known_names(spec)
    for block, columns in spec.experimental.items():
        for name, column in columns.items():
            place: Place = ("experimental", block, name)
            if name in seen:
                yield place, f"there is a number or a column called {name} already"
            seen.add(name)
            for problem in _experimental_column(spec, column):
                yield place, problem


def _experimental_column(spec: FeatureSpec, column: ExperimentalColumn) -> Iterator[str]:
    if len(column.kinds) != 1:
        yield "a column that is tried is of exactly one of segment, half_life, share, change_of, published, number"
    if column.segment:
        yield from _column(spec, column.segment, text=True)
    for figure in filter(None, (column.change_of, column.published)):
        yield from _column(spec, figure, text=False)
        if not column.days:
            yield f"over how many days {figure} is taken: `days` is missing"
    for flag in column.share:
        yield from _number(spec, flag)
        if set(flag.transforms).isdisjoint(FLAGS):
            yield f"a share is of flags: one of {', '.join(FLAGS)} is needed"
    if column.number:
        yield from _number(spec, column.number)
        if not column.number.column:
            yield "only a number of a column can be tried so"


def _reasons(spec: FeatureSpec) -> Iterator[Problem]:
    members = {name for numbers in spec.blocks.values() for name in numbers} | set(spec.categories)
    seen: set[str] = set()
    for name, group in spec.reasons.items():
        place: Place = ("reasons", name)
        if name not in spec.groups.values():
            yield place, f"a sentence for {name}, which no number and no column of categories belongs to"
        for member in group.of:
            if member not in members:
                yield (*place, "of"), f"there is no number and no column of categories {member!r}"
            if member in seen:
                yield (*place, "of"), f"{member} belongs to another group already"
            seen.add(member)
        yield from _words(spec, name, group)


def _words(spec: FeatureSpec, name: str, group: ReasonGroup) -> Iterator[Problem]:
    place: Place = ("reasons", name)
    categories = spec.attributes[name].categories if name in spec.attributes else ()
    for category in sorted(set(group.categories) - set(categories)):
        yield (*place, "categories", category), f"{name} has no category {category!r}"
    if group.categories and group.cases:
        yield place, "either sentences by category or cases"
    if group.of and not group.categories and not group.cases:
        yield place, "a group of several needs words: categories or cases"
    if group.cases and group.cases[-1].when:
        yield (*place, "cases", len(group.cases) - 1), "the last case must hold always: leave its `when` out"
    for number, case in enumerate(group.cases):
        for field in sorted(names_in(case) - known_names(spec)):
            yield (*place, "cases", number), f"there is nothing called {field!r} to speak of"
