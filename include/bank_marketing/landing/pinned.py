"""A published archive, pinned by what is inside. Standard library only: the doctor reads it before anything is installed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class PinnedArchive:
    """A zip file with one CSV file in it, and where it is published."""

    name: str
    sha256: str
    csv_name: str
    csv_sha256: str
    #: Where it can be downloaded. A download may hold the archive inside an outer zip, which is not pinned: it may be repacked.
    urls: tuple[str, ...]
    #: The zip that holds the archive beside others, when it is published like that.
    outer_name: str
    #: How results name the data, the reference included.
    title: str

    def local(self, named: Path) -> Path:
        """The file that `BANK_ARCHIVE` means: the archive itself or its outer zip, or one of them in or beside what is named."""
        folder = named if named.is_dir() else named.parent
        if named.is_dir():
            outer = folder / self.outer_name
            return outer if outer.is_file() and not (folder / self.name).is_file() else folder / self.name
        foreign = named.name not in (self.name, self.outer_name)
        return folder / self.name if foreign and (folder / self.name).is_file() else named
