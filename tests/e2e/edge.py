"""A database with replicas, a program that writes it, and a static host whose pages read it."""

from __future__ import annotations

import functools
import http.server
import json
import re
import select
import shutil
import socket
import threading
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from e2e.conftest import ROOT, Server, running_server
from support.sqld import Sqld

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CLIENT = ROOT / "src" / "edgemail" / "client"


class _Files(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
        """Say nothing."""


@contextmanager
def static_host(folder: Path) -> Iterator[str]:
    """Serve a folder as a plain host of files does, without any header of ours; give its origin."""
    handler = functools.partial(_Files, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as host:
        host.daemon_threads = True
        thread = threading.Thread(target=host.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{host.server_address[1]}"
        finally:
            host.shutdown()
            thread.join()


class Valve:
    """Passes a port's connections on, until it is shut: then those that are open stay so, and nothing flows."""

    def __init__(self, to_port: int) -> None:
        self._to_port = to_port
        self._open = threading.Event()
        self._open.set()
        self._ended = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def shut(self) -> None:
        self._open.clear()

    def reopen(self) -> None:
        self._open.set()

    def close(self) -> None:
        self._ended.set()
        self._open.set()
        self._listener.close()
        for thread in self._threads:
            thread.join()

    def _accept(self) -> None:
        while not self._ended.is_set():
            ready, _, _ = (
                select.select([self._listener], [], [], 0.05) if self._listener.fileno() >= 0 else ([], 0, 0)
            )
            with suppress(OSError):
                if ready:
                    near, _ = self._listener.accept()
                    far = socket.create_connection(("127.0.0.1", self._to_port))
                    self._threads.append(threading.Thread(target=self._pass_on, args=(near, far)))
                    self._threads[-1].start()

    def _pass_on(self, near: socket.socket, far: socket.socket) -> None:
        with closing(near), closing(far), suppress(OSError):
            while not self._ended.is_set():
                self._open.wait()
                for one in select.select([near, far], [], [], 0.05)[0]:
                    octets = one.recv(65536)
                    if not octets:
                        return
                    self._open.wait()
                    (far if one is near else near).sendall(octets)


@dataclass
class Edge:
    """A primary that an edgemail writes, and pages on a host of files."""

    primary: Sqld
    server: Server
    origin: str
    folder: Path
    _pages: int = field(default=0)

    def publish(self, urls: list[str], token: str | None = None) -> str:
        """Write a page that reads those databases; give its address."""
        self._pages += 1
        name = f"page{self._pages}"
        out = self.folder / name
        shutil.copytree(CLIENT, out, ignore=shutil.ignore_patterns("docs"))
        page = (out / "index.html").read_text()
        stamped = re.sub("connect-src 'self'", f"connect-src 'self' {' '.join(urls)}", page)
        assert stamped != page
        (out / "index.html").write_text(stamped)
        config = {
            "source": "database",
            "urls": urls,
            "token": self.primary.token("ro") if token is None else token,
            "domains": ["example.com"],
            "maxAgeSeconds": 604_800,
        }
        (out / "config.json").write_text(json.dumps(config))
        return f"{self.origin}/{name}"


@contextmanager
def running_replica(folder: Path, primary: Sqld, *, through: Valve | None = None) -> Iterator[Sqld]:
    """Run a replica of a primary, which it reaches through a valve where one is given."""
    source = primary if through is None else replace(primary, grpc_port=through.port)
    replica = Sqld(folder, primary=source, key=primary.key)
    replica.start()
    try:
        yield replica
    finally:
        replica.kill()


@contextmanager
def running_edge(folder: Path) -> Iterator[Edge]:
    """Run a primary, an edgemail that writes it, and a host of files."""
    primary = Sqld(folder / "primary")
    primary.start()
    try:
        (folder / "site").mkdir()
        (folder / "program").mkdir()
        with (
            running_server(folder / "program", db=primary.url, db_token=primary.token("rw")) as server,
            static_host(folder / "site") as origin,
        ):
            yield Edge(primary, server, origin, folder / "site")
    finally:
        primary.kill()
