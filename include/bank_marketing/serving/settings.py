"""How the service listens, whom it lets in and how much it takes: `BANK_API_*` environment variables."""

from __future__ import annotations

import socket
from ipaddress import ip_address
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from bank_marketing.environment import EnvironmentSettings
from bank_marketing.errors import ConfigError
from bank_marketing.settings import Settings


class ApiSettings(EnvironmentSettings):
    """Field `x` is set by `BANK_API_X`."""

    model_config = SettingsConfigDict(env_prefix="BANK_API_")

    host: str = Field(default="127.0.0.1", description="address to listen on")
    port: int = Field(default=8000, ge=0, le=65535)
    auth: Literal["on", "off"] = Field(default="on", description="off: no key asked for, and only on a loopback address")
    keys_file: Path | None = Field(default=None, description="hashed API keys [HOME/.secrets/api_keys.json]")
    key_hashes: str = Field(default="", description="further keys, name=sha256 with commas, for containers without a disk")
    session_secret: SecretStr | None = Field(default=None, description="signs page sessions [made beside the keys]")
    session_hours: float = Field(default=8.0, gt=0, description="a working day")
    secure_cookie: bool = Field(default=False, description="true where people reach the pages by https")
    max_batch: int = Field(default=1000, gt=0, description="prospects of one batch request")
    max_body_bytes: int = Field(default=1_000_000, gt=0, description="1,000 prospects take some 600 KB")
    max_file_bytes: int = Field(default=20_000_000, gt=0, description="100,000 rows of the landed files' dialect take 12 MB")
    max_unpacked_bytes: int = Field(default=200_000_000, gt=0, description="what a .gz or .xlsx list may unpack to")
    max_file_rows: int = Field(default=50_000, gt=0, description="checked rows are held in memory, 1.5 KB each")
    header_timeout_seconds: float = Field(default=10.0, gt=0, description="for sending a request's headers; then it is hung up")
    keep_alive_seconds: int = Field(
        default=75, gt=0, description="an idle connection is held; longer than a proxy in front holds its own"
    )
    max_connections: int = Field(default=500, gt=0, description="at a time; what has not sent its headers makes room first")
    trusted_proxies: str = Field(
        default="", description="addresses or networks whose X-Forwarded-For is believed, with commas; empty: nobody's"
    )
    allowed_hosts: str = Field(
        default="", description="names it is asked for by, with commas, * for any [this machine's, and that of BANK_PUBLIC_URL]"
    )
    log_format: Literal["text", "json"] = Field(default="text", description="of the log's lines, one a request")
    request_timeout_seconds: float = Field(default=10.0, gt=0)
    upload_timeout_seconds: float = Field(default=60.0, gt=0, description="for receiving a file")
    rate_limit_per_minute: int = Field(default=600, gt=0, description="requests of one key, in bursts of as many")
    model_check_seconds: float = Field(default=30.0, gt=0, description="how often the registry is asked what is in production")
    stale_after_days: int = Field(default=7, gt=0, description="campaign features older than this are said to be stale")
    file_retention_hours: float = Field(
        default=24.0, gt=0, description="scored files hold client data and are removed after it"
    )
    file_workers: int = Field(default=1, gt=0, description="files scored at the same time")
    max_open_files: int = Field(default=8, gt=0, description="files read, waiting or scored: their rows are held in memory")

    def keys_path(self, settings: Settings) -> Path:
        """Where the hashed keys are."""
        return (self.keys_file or settings.home / ".secrets" / "api_keys.json").resolve()

    def hosts(self, settings: Settings) -> frozenset[str]:
        """Names that the service may be asked for by, in lower case; `*` is any."""
        if self.allowed_hosts:
            return frozenset(name.strip().lower() for name in self.allowed_hosts.split(","))
        public = urlsplit(settings.public_url).hostname or ""
        return frozenset({"localhost", "127.0.0.1", "[::1]", socket.gethostname().lower(), self.host.lower(), public}) - {""}

    def check_exposure(self) -> None:
        """Raises ConfigError when keys are off and others could reach the service."""
        if self.auth == "off" and not is_loopback(self.host):
            raise ConfigError(
                f"BANK_API_AUTH=off and BANK_API_HOST={self.host}: without API keys the service listens on 127.0.0.1 only. "
                "Leave BANK_API_AUTH on, and make a key with `bank-marketing api-key create NAME`."
            )


def is_loopback(host: str) -> bool:
    """Whether an address (or `localhost`) is reached from this machine only."""
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"
