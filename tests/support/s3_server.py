"""A real S3 server (SeaweedFS) on free local ports, which tests can stop, start again and make slow."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from pydantic import SecretStr

from bank_marketing.settings import Settings
from tests.support.mlflow_server import free_port

ACCESS_KEY, READER_KEY, SECRET_KEY = "tests", "reader", "a-secret-of-the-tests"


class S3Server:
    """A server whose data lie in `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        parts = ("master", "volume", "filer", "s3")
        self.ports = {f"{part}.port{kind}": free_port() for part in parts for kind in ("", ".grpc")}
        self.url = f"http://127.0.0.1:{self.ports['s3.port']}"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it stores something."""
        identities = self.folder / "identities.json"
        known = [
            {"name": name, "credentials": [{"accessKey": name, "secretKey": SECRET_KEY}], "actions": actions}
            for name, actions in ((ACCESS_KEY, ["Admin"]), (READER_KEY, ["Read", "List"]))
        ]
        identities.write_text(json.dumps({"identities": known}), encoding="utf-8")
        data = self.folder / "data"
        data.mkdir(exist_ok=True)
        # Each bucket takes seven volumes, empty files at first: how many there may be must not depend on the free disk.
        command = [
            str(Path(sys.executable).with_name("weed")), f"-logdir={self.folder}", "server", f"-dir={data}", "-ip=127.0.0.1",
            "-master.telemetry=false", "-master.volumeSizeLimitMB=64", "-volume.max=4000", "-filer", "-s3", "-s3.autoCreateBucket=false",
            f"-filer.localSocket={self.folder / 'filer.sock'}", f"-s3.localSocket={self.folder / 's3.sock'}", f"-s3.config={identities}",
            "-s3.port.iceberg=0", "-s3.port.lance=0", *(f"-{name}={port}" for name, port in self.ports.items()),
        ]  # fmt: skip
        with (self.folder / "server.log").open("ab") as stream:
            self.process = subprocess.Popen(
                command,
                stdout=stream,
                stderr=subprocess.STDOUT,
                cwd=self.folder,
                start_new_session=True,
            )
        self._wait()

    def stop(self) -> None:
        """Kill it, as a power cut would."""
        if self.process is not None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.process = None
        for name, port in self.ports.items():  # it puts some of its sockets there, whatever it is told
            Path(f"/tmp/seaweedfs-{name.partition('.')[0]}-grpc-{port}.sock").unlink(missing_ok=True)

    def freeze(self) -> None:
        """Let it accept connections and answer none."""
        assert self.process is not None
        os.killpg(self.process.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        assert self.process is not None
        os.killpg(self.process.pid, signal.SIGCONT)

    def client(self) -> Any:
        """A client of the server's administrator."""
        return boto3.client(
            "s3",
            endpoint_url=self.url,
            aws_access_key_id=ACCESS_KEY,
            aws_secret_access_key=SECRET_KEY,
            region_name="us-east-1",
            config=Config(connect_timeout=2, read_timeout=10, retries={"total_max_attempts": 1}),
        )

    def bucket(self) -> str:
        """A new bucket's name."""
        name = f"bank-{uuid4().hex[:12]}"
        self.client().create_bucket(Bucket=name)
        return name

    def settings(self, home: Path, **changes: object) -> Settings:
        """Settings of a platform in `home` whose artifacts lie in a new bucket."""
        root = changes.pop("artifact_root", None) or f"s3://{self.bucket()}/bank marketing"
        given: dict[str, Any] = {
            "home": home,
            "landing_settle_seconds": 0,
            "artifact_root": root,
            "s3_endpoint_url": self.url,
            "s3_access_key": SecretStr(ACCESS_KEY),
            "s3_secret_key": SecretStr(SECRET_KEY),
        }
        return Settings(**given | changes)

    def _wait(self) -> None:
        deadline = time.monotonic() + 60
        probe = f"probe-{uuid4().hex[:8]}"
        while time.monotonic() < deadline:
            assert self.process is not None
            assert self.process.poll() is None, self._log()
            try:
                client = self.client()
                client.create_bucket(Bucket=probe)
                client.put_object(Bucket=probe, Key="x", Body=b"x" * 10_000)
                client.delete_object(Bucket=probe, Key="x")
                client.delete_bucket(Bucket=probe)
                return
            except (BotoCoreError, ClientError):
                time.sleep(0.2)
        raise TimeoutError(self._log())

    def _log(self) -> str:
        return (self.folder / "server.log").read_text(encoding="utf-8", errors="replace")[-3000:]


@contextmanager
def s3_server() -> Iterator[S3Server]:
    """Run a server with its data in a temporary folder; a short one, for the paths of its sockets."""
    with tempfile.TemporaryDirectory(prefix="s3-") as folder:
        server = S3Server(Path(folder))
        try:
            server.start()
            yield server
        finally:
            server.stop()
