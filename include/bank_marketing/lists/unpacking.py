"""From the bytes of a file to text: compressed or not, in whichever encoding; never more of it than the limit."""

from __future__ import annotations

import codecs
import gzip
import io
import shutil
import tempfile
import zlib
from typing import IO

from bank_marketing.lists.refusals import SAVE_AS, refused, too_large

_BLOCK = 1 << 20

#: Unpacked text up to this size stays in memory.
_IN_MEMORY = 8 << 20

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig", "UTF-8 with a byte order mark"),
    (codecs.BOM_UTF16_LE, "utf-16", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf-16", "UTF-16"),
)

_FOREIGN = {
    b"\xd0\xcf\x11\xe0": "an old Excel workbook (.xls)",
    b"%PDF": "a PDF",
    b"PAR1": "a Parquet file",
    b"{\\rt": "a Word document",
}


def unpacked(stream: IO[bytes], name: str, limit: int) -> tuple[IO[bytes], list[str]]:
    """The file's own bytes, of a gzip file those within. `stream` can be sought.

    Raises:
        ListTooLarge: more than `limit` bytes come out of a compressed file.
        ContractViolation: it is compressed and broken.
    """
    if _head(stream) != b"\x1f\x8b":
        return stream, []
    out: IO[bytes] = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115 (whoever reads it owns it)
    try:
        with gzip.GzipFile(fileobj=stream) as packed:
            while block := packed.read(_BLOCK):
                out.write(block)
                if out.tell() > limit:
                    raise too_large(name, f"more than {limit:,} bytes come out of it; send it in parts")
    except (OSError, EOFError, zlib.error) as error:
        raise refused(name, "encoding", "it is a gzip file that is cut off or damaged; compress it again") from error
    out.seek(0)
    if _head(out) == b"\x1f\x8b":
        raise refused(name, "encoding", "it is compressed twice; compress it once")
    return out, ["compressed (gzip)"]


def is_workbook(stream: IO[bytes]) -> bool:
    """Whether it is a zip file, as a workbook is."""
    return _head(stream, 4) == b"PK\x03\x04"


def as_text(stream: IO[bytes], name: str) -> tuple[IO[str], str]:
    """The text of a file with its line ends, and the encoding's name.

    Raises:
        ContractViolation: it is no text.
    """
    head = _head(stream, 4096)
    for mark, what in _FOREIGN.items():
        if head.startswith(mark):
            raise refused(name, "encoding", f"it is {what}, not a list. {SAVE_AS}")
    codec, title = encoding_of(stream)
    return _decoded(stream, codec, name), title


def encoding_of(stream: IO[bytes]) -> tuple[str, str]:
    """The encoding of a text that can be sought, as Python's codec and as people call it.

    A byte order mark says it; else it is UTF-8 where all of it is, else Windows-1252, which Excel calls "CSV".
    """
    head = _head(stream, 4096)
    for mark, codec, title in _MARKS:
        if head.startswith(mark):
            return codec, title
    if b"\0" in head:
        codec = "utf-16-le" if head[1:2] == b"\0" else "utf-16-be"
        if _decodes(stream, codec) and head[:2].count(0) == 1:
            return codec, "UTF-16"
    return ("utf-8", "UTF-8") if _decodes(stream, "utf-8") else ("cp1252", "Windows-1252")


def _decoded(stream: IO[bytes], codec: str, name: str) -> IO[str]:
    if not _decodes(stream, codec):
        raise refused(name, "encoding", f"it is no text that could be read. {SAVE_AS}")
    copy = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115 (a wrapper closes what it wraps, and the stream is the caller's)
    shutil.copyfileobj(stream, copy, _BLOCK)
    copy.seek(0)
    return io.TextIOWrapper(copy, encoding=codec, newline="")


def _decodes(stream: IO[bytes], codec: str) -> bool:
    """Whether all of the stream is text of that encoding; memory is that of one block."""
    decoder = codecs.getincrementaldecoder(codec)()
    try:
        while block := stream.read(_BLOCK):
            if "\0" in decoder.decode(block):
                return False
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    finally:
        stream.seek(0)
    return True


def _head(stream: IO[bytes], size: int = 2) -> bytes:
    stream.seek(0)
    head = stream.read(size)
    stream.seek(0)
    return head
