"""Customer lists as people send them: one reader, one accounting and one form of the result for every door.

`reader.read_list` is the way in, `results` the way out. What arrives may be any text that a spreadsheet or pandas writes, or a
workbook (`unpacking`, `separated`, `workbook`); `columns` finds the contract's columns in it, `values` reads the cells, `judging`
says which rows can be scored.
"""

from bank_marketing.lists.entities import CustomerList, Filled, Limits
from bank_marketing.lists.reader import read_list

__all__ = ["CustomerList", "Filled", "Limits", "read_list"]
