"""The ONE data contract, `schema.yaml`, and what is derived from it."""

from bank_marketing.contract.model import Column, Contract, RowRule, load_contract

__all__ = ["Column", "Contract", "RowRule", "load_contract"]
