"""What a model reads of the contract: the columns that it cannot be encoded without. A choice is bound to these and to nothing else."""

from __future__ import annotations

from bank_marketing.contract import Contract
from bank_marketing.errors import ConfigError, ModelIncompatible
from bank_marketing.modeling.choice import ModelChoice


def columns_read(choice: ModelChoice, contract: Contract) -> dict[str, str]:
    """Name and type of each contract column that a choice reads, found by leaving out one column after the other."""
    import pandas as pd

    from bank_marketing.etl.features import CAMPAIGN_COLUMNS
    from bank_marketing.modeling.encoding import FeatureEncoder

    row: dict[str, object] = {**dict.fromkeys((*CAMPAIGN_COLUMNS, *choice.extra_columns), 1)}
    row |= {column.name: column.categories[0] if column.categories else column.min or 0 for column in contract.attributes}
    table = pd.DataFrame([row, row])
    encoder = FeatureEncoder(choice.feature_set, choice.prior_rows, choice.category_weight, choice.extra_columns).fit(table)
    read: dict[str, str] = {}
    for column in contract.attributes:
        try:
            encoder.transform(table.drop(columns=column.name))
        except ModelIncompatible:
            read[column.name] = column.type
    return read


def check_reads(reads: dict[str, str], contract: Contract, where: str) -> None:
    """Refuse a choice whose columns are gone or of another type. Raises ConfigError that names each."""
    known = {column.name: column.type for column in contract.attributes}
    gone = [name for name in reads if name not in known]
    changed = [f"{name} ({reads[name]}, now {known[name]})" for name in reads if known.get(name, reads[name]) != reads[name]]
    told = [f"{what}: {', '.join(names)}" for what, names in (("gone", gone), ("of another type", changed)) if names]
    if told:
        raise ConfigError(
            f"{where} was chosen with columns that the contract no longer has ({'; '.join(told)}): its model cannot be trained. "
            "Run `bank-marketing experiments` again, or remove the file to train the default model."
        )
