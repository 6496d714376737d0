"""API keys: made here, kept as hashes, several at a time, revocable while the service runs."""

from __future__ import annotations

import fcntl
import hashlib
import hmac
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from bank_marketing.errors import ConfigError

#: Marks a key in logs, diffs and secret scanners as what it is.
PREFIX = "bmk_"


class ApiKey(BaseModel):
    """One key without its secret."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    key_id: str
    name: str
    sha256: str
    created_at: datetime
    revoked_at: datetime | None = None


class _KeyFile(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    keys: tuple[ApiKey, ...] = ()


def hash_key(key: str) -> str:
    """sha256 of a key. A key has 256 random bits, so a slow hash would add nothing but time."""
    return hashlib.sha256(key.encode(errors="surrogateescape")).hexdigest()


class KeyRing:
    """The keys of a file, read again whenever it changes."""

    def __init__(self, path: Path, key_hashes: str = "") -> None:
        """Read `path` when it is needed; `key_hashes` (`name=sha256, …`) are accepted too."""
        self.path = path
        self._fixed = tuple(_fixed_keys(key_hashes))
        self._seen: tuple[int, int] = (0, -1)
        self._keys: tuple[ApiKey, ...] = ()

    def all(self) -> tuple[ApiKey, ...]:
        """All keys, revoked ones too, oldest first. Raises ConfigError when the file cannot be read."""
        try:
            stat = self.path.stat()
        except FileNotFoundError:
            self._keys, self._seen = (), (0, -1)
            return self._fixed
        except OSError as error:
            raise self._unreadable(error) from error
        if (stat.st_mtime_ns, stat.st_ino) != self._seen:
            try:
                self._keys = _KeyFile.model_validate_json(self.path.read_bytes()).keys
            except (OSError, ValidationError) as error:
                raise self._unreadable(error) from error
            self._seen = (stat.st_mtime_ns, stat.st_ino)
        return self._fixed + self._keys

    def _unreadable(self, error: Exception) -> ConfigError:
        reason = error.strerror if isinstance(error, OSError) else "it is no file of keys"
        return ConfigError(f"{self.path} cannot be read as API keys ({reason}): nobody is let in until that is fixed")

    def owner(self, presented: str) -> ApiKey | None:
        """The valid key that was presented. Takes the same time whichever key it is, or none."""
        digest, found = hash_key(presented), None
        for key in self.all():
            if hmac.compare_digest(digest, key.sha256) and key.revoked_at is None:
                found = key
        return found

    def valid(self, key_id: str) -> ApiKey | None:
        """The key with this id, unless it was revoked."""
        return next((key for key in self.all() if key.key_id == key_id and key.revoked_at is None), None)

    def create(self, name: str) -> tuple[ApiKey, str]:
        """Make a key; its secret is returned once and kept nowhere."""
        secret = PREFIX + secrets.token_urlsafe(32)
        key = ApiKey(key_id=secrets.token_hex(4), name=name, sha256=hash_key(secret), created_at=datetime.now(UTC))
        with self._alone():
            self._write((*self._file_keys(), key))
        return key, secret

    def revoke(self, key_id: str) -> ApiKey:
        """End a key. Raises ConfigError when there is no such key."""
        with self._alone():
            keys = {key.key_id: key for key in self._file_keys()}
            if key_id not in keys:
                raise ConfigError(f"{self.path} has no key {key_id}; there are: {', '.join(keys) or 'none'}")
            if keys[key_id].revoked_at is None:
                keys[key_id] = keys[key_id].model_copy(update={"revoked_at": datetime.now(UTC)})
                self._write(tuple(keys.values()))
        return keys[key_id]

    def _file_keys(self) -> tuple[ApiKey, ...]:
        return self.all()[len(self._fixed) :]

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Two commands at once must not lose each other's key."""
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with self.path.with_suffix(".lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def _write(self, keys: tuple[ApiKey, ...]) -> None:
        write_private(self.path, _KeyFile(keys=keys).model_dump_json(indent=1) + "\n")


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.unlink(missing_ok=True)
    temporary.touch(mode=0o600)
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)


def _fixed_keys(text: str) -> Iterator[ApiKey]:
    for entry in filter(None, (part.strip() for part in text.split(","))):
        name, _, digest = entry.partition("=")
        if len(digest) != 64 or not name:
            raise ConfigError("BANK_API_KEY_HASHES is name=sha256 of the key in hexadecimal, several with commas between")
        yield ApiKey(key_id=f"env-{name}", name=name, sha256=digest.lower(), created_at=datetime.fromtimestamp(0, UTC))
