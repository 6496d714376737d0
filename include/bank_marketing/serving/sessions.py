"""Sessions of the pages: a signed cookie that ends by time, by logout, and with the key it was started with.

A logout is kept in the artifact store until the cookie would have ended by itself, so that it holds in every process and after a
restart. The cookie is bound to the hash of its key: a key that is replaced under the same name ends its sessions.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from itsdangerous import BadSignature, URLSafeTimedSerializer

from bank_marketing.artifacts import ArtifactStore
from bank_marketing.serving.keys import ApiKey, KeyRing

FOLDER = "ended_sessions"

_ENDED = re.compile(r"(\d+)-[0-9a-f]{64}")


@dataclass(frozen=True)
class Session:
    """A session that holds: its key, its nonce and the moment it ends."""

    key: ApiKey
    nonce: str
    ends_at: datetime


class Sessions:
    """Starts sessions, reads them from cookies, ends them."""

    def __init__(self, store: ArtifactStore, keys: KeyRing, secret: str, hours: float) -> None:
        self.store, self.keys = store, keys
        self.lasts = timedelta(hours=hours)
        self._secret = secret.encode()
        self._serializer = URLSafeTimedSerializer(secret, salt="bank-marketing-session")

    def start(self, key: ApiKey) -> str:
        """The cookie of a new session."""
        nonce = secrets.token_urlsafe(16)
        return str(self._serializer.dumps({"key": key.key_id, "bound": self._bound(key), "nonce": nonce}))

    def read(self, cookie: str) -> Session | None:
        """The session of a cookie; None when it is altered, too old, ended, or its key is revoked or another one now.

        Raises:
            ConfigError: the keys cannot be read. StoreUnavailable: nobody knows whether it was ended.
        """
        try:
            content, signed_at = self._serializer.loads(cookie, max_age=int(self.lasts.total_seconds()), return_timestamp=True)
            key = self.keys.valid(content["key"])
            bound, nonce = str(content["bound"]), str(content["nonce"])
        except (BadSignature, KeyError, TypeError):
            return None
        if key is None or not hmac.compare_digest(bound, self._bound(key)):
            return None
        session = Session(key, nonce, signed_at + self.lasts)
        return None if self.store.exists(self._uri(session)) else session

    def is_ours(self, cookie: str) -> bool:
        """Whether we signed a cookie once, however it stands with it now: its sender was signed in."""
        try:
            self._serializer.loads(cookie)
        except BadSignature:
            return False
        return True

    def end(self, session: Session) -> None:
        """End a session, in whichever process it is used next. Raises StoreUnavailable."""
        self.store.write_bytes(self._uri(session), b"", if_absent=True)

    def csrf(self, session: Session) -> str:
        """The token that forms of this session carry."""
        return hmac.new(self._secret, b"csrf:" + session.nonce.encode(), "sha256").hexdigest()

    def forget_ended(self, now: datetime | None = None) -> None:
        """Remove what would have ended by itself meanwhile."""
        now = now or datetime.now(UTC)
        for uri in list(self.store.list_files(self.store.uri(FOLDER))):
            found = _ENDED.fullmatch(uri.rpartition("/")[2])
            if found and int(found[1]) < now.timestamp():
                self.store.remove(uri)

    def _bound(self, key: ApiKey) -> str:
        return hmac.new(self._secret, b"key:" + key.sha256.encode(), "sha256").hexdigest()[:32]

    def _uri(self, session: Session) -> str:
        digest = hashlib.sha256(session.nonce.encode()).hexdigest()
        return self.store.uri(FOLDER, f"{int(session.ends_at.timestamp())}-{digest}")


def same(one: str, other: str) -> bool:
    """Compare two secrets in constant time; whatever a client sends may be text that is not ASCII."""
    return hmac.compare_digest(one.encode(errors="surrogateescape"), other.encode(errors="surrogateescape"))
