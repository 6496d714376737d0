"""The first sheet of an Excel workbook with anything in it, row by row, as text."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from datetime import date, datetime
from typing import IO, Any

from bank_marketing.lists.refusals import SAVE_AS, refused, too_large

#: More columns than that no list has; a stray cell far to the right would make every row as wide.
_WIDEST = 256


def workbook_rows(stream: IO[bytes], name: str, limit: int) -> tuple[Iterator[tuple[int, list[str]]], str]:
    """Rows (their number in the sheet, cells) and the sheet's name. Its size is looked at before any of it is read.

    Raises:
        ListTooLarge: the workbook's parts say that they are larger than `limit` bytes together.
        ContractViolation: it is a zip file of something else, or damaged.
    """
    import openpyxl
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        with zipfile.ZipFile(stream) as parts:
            names = parts.namelist()
            size = sum(part.file_size for part in parts.infolist())  # zipfile reads no more of a part than it says
        if "xl/workbook.xml" not in names:
            raise refused(
                name, "encoding", f"it is a zip archive, not a workbook: unpack it and send the list in it. {SAVE_AS}"
            )
        if size > limit:
            raise too_large(name, f"the workbook unpacks to {size:,} bytes, more than {limit:,}; send it in parts, or as CSV")
        stream.seek(0)
        book = openpyxl.load_workbook(stream, read_only=True, data_only=True)
        sheet = next((found for found in book.worksheets if _first(found)), None)
    except (zipfile.BadZipFile, InvalidFileException, KeyError, ValueError, OSError, EOFError, SyntaxError) as error:
        raise refused(name, "encoding", f"the workbook is damaged or protected. {SAVE_AS}") from error
    if sheet is None:
        raise refused(name, "empty_file", "the workbook has no cell in any sheet")
    return _rows(sheet), str(sheet.title)


def _first(sheet: Any) -> bool:
    rows = sheet.iter_rows(max_row=20, max_col=_WIDEST, values_only=True)
    return any(any(cell is not None for cell in row) for row in rows)


def _rows(sheet: Any) -> Iterator[tuple[int, list[str]]]:
    sheet.reset_dimensions()  # what a workbook says of its size is often wrong, and may be made up
    for number, row in enumerate(sheet.iter_rows(max_col=_WIDEST, values_only=True), start=1):
        if any(cell is not None for cell in row):
            yield number, [_text(cell) for cell in row]


def _text(cell: Any) -> str:
    if cell is None:
        return ""
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return str(int(cell))
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, date | datetime):
        return cell.isoformat()
    return str(cell)
