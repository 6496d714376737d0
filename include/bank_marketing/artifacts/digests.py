"""Digests of files: of their bytes, and of what they say where the bytes alone do not tell."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

#: Length of a Parquet file's tail: four bytes of footer length, and the magic number.
_TAIL = 8


def file_digest(path: Path) -> str:
    """sha256 of a file's bytes."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def file_digests(path: Path) -> dict[str, str]:
    """sha256 of a file, or of each file below a folder, by its place: `model/model.json` of the folder `model`."""
    files = sorted(entry for entry in path.rglob("*") if entry.is_file()) if path.is_dir() else [path]
    return {entry.relative_to(path.parent).as_posix(): file_digest(entry) for entry in files}


def parquet_digest(path: Path) -> str:
    """sha256 of a Parquet file's pages and of its schema and layout.

    Not of all its bytes: Spark's writer lists each column's encodings in the order of the JVM's hash codes, so the same table
    gives another footer in each process.

    Raises:
        OSError, pyarrow.ArrowInvalid: it is no readable Parquet file.
    """
    import pyarrow.parquet as pq

    footer = pq.read_metadata(path)
    with path.open("rb") as stream:
        stream.seek(-_TAIL, 2)
        pages = stream.tell() - int.from_bytes(stream.read(4), "little")
        stream.seek(0)
        digest = hashlib.sha256()
        while pages > 0 and (block := stream.read(min(pages, 1 << 20))):
            digest.update(block)
            pages -= len(block)
    layout: list[Any] = [str(footer.schema.to_arrow_schema().remove_metadata()), sorted((footer.metadata or {}).items())]
    for number in range(footer.num_row_groups):
        group = footer.row_group(number)
        layout.append(group.num_rows)
        for place in range(group.num_columns):
            column = group.column(place)
            layout.append((column.path_in_schema, column.compression, column.data_page_offset, column.total_compressed_size))
    digest.update(repr(layout).encode())
    return digest.hexdigest()


def content_digest(path: Path) -> str:
    """Digest of what a file says, where its bytes may differ without that; empty where the bytes are what it says."""
    return parquet_digest(path) if path.suffix == ".parquet" else ""
