"""Cuts of the unseen days that an evaluation looks at one by one: those that the campaign words, and every other column of categories."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bank_marketing.campaign.features import FeatureSpec, Slice

#: A category with fewer rows is shown only where the campaign asks for its column.
LEAST_ROWS = 20


def slices(days: pd.DataFrame, spec: FeatureSpec) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    """Name and rows (n,) of each cut of a features table that has any."""
    for column, cut in spec.slices.items():
        yield from _cuts(_named(days[column], column, cut), least=1)
    for column in spec.categories:
        if column not in spec.slices:
            title = spec.attributes[column].title
            yield from _cuts(_named(days[column], column, Slice(label=f"{title}: {{{column}}}")), least=LEAST_ROWS)


def _named(values: pd.Series, column: str, cut: Slice) -> NDArray[np.object_]:
    """The name of each row's cut (n,)."""
    if cut.bins:
        labels = np.array(cut.labels, dtype=object)
        return np.asarray(labels[np.searchsorted(cut.bins, values.to_numpy(float), side="left")])
    template = cut.label or f"{{{column}}}"
    return np.array([template.format(**{column: value}) for value in values.to_numpy(object)], dtype=object)


def _cuts(names: NDArray[np.object_], least: int) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    for name in sorted(set(names)):
        rows = np.asarray(names == name)
        if rows.sum() >= least:
            yield str(name), rows
