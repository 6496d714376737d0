"""What a model reads of the contract: the columns that it cannot be encoded without. A choice is bound to these and to nothing else."""

from __future__ import annotations

from bank_marketing.campaign.features import FeatureSpec
from bank_marketing.contract import Contract
from bank_marketing.errors import ConfigError
from bank_marketing.modeling.choice import ModelSpec


def columns_read(choice: ModelSpec, spec: FeatureSpec) -> dict[str, str]:
    """Name and type of each contract column that a choice reads, in the contract's order."""
    numbers = spec.numbers(choice.feature_set or spec.default_set).values()
    read = {name for number in numbers for name in (number.column, number.segment)} | {*spec.categories, *choice.extra_columns}
    return {name: attribute.type for name, attribute in spec.attributes.items() if name in read}


def check_reads(reads: dict[str, str], contract: Contract, where: str) -> None:
    """Refuse a choice whose columns are gone or of another type. Raises ConfigError that names each."""
    known = {column.name: column.type for column in contract.attributes}
    gone = [name for name in reads if name not in known]
    changed = [f"{name} ({reads[name]}, now {known[name]})" for name in reads if known.get(name, reads[name]) != reads[name]]
    differences = [f"{what}: {', '.join(names)}" for what, names in (("gone", gone), ("of another type", changed)) if names]
    if differences:
        raise ConfigError(
            f"{where} was chosen with columns that the contract no longer has ({'; '.join(differences)}): its model cannot be trained. "
            "Run `bank-marketing experiments` again, or remove the file to train the default model."
        )
