"""The ONE data contract of a campaign, its `contract.yaml`, and what is derived from it."""

from bank_marketing.contract.model import Column, Contract, RowRule

__all__ = ["Column", "Contract", "RowRule"]
