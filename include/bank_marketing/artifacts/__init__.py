"""What the pipeline makes: references, manifests, and the store that holds them."""

from bank_marketing.artifacts.local import LocalStore
from bank_marketing.artifacts.manifest import ArtifactRef, FileEntry, Manifest
from bank_marketing.artifacts.store import ArtifactStore, Stage, open_store

__all__ = ["ArtifactRef", "ArtifactStore", "FileEntry", "LocalStore", "Manifest", "Stage", "open_store"]
