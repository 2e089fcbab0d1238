"""A primary with replicas, an edgemail that writes it, and a static host with exported pages."""

from __future__ import annotations

import asyncio
import functools
import http.server
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeVar

from playwright.async_api import expect
from testkit.hrana_frames import is_batch_answer, read_request
from testkit.sqld import Sqld
from testkit.waiting import until

from edgemail.edge.export import SiteConfig, export_site, read_database_url
from edgemail.store.remote.hrana import HranaClient, HranaError
from tests.e2e.conftest import STOP_S, Server, running_server

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterator
    from pathlib import Path

    from playwright.async_api import Page, Request, WebSocket

_T = TypeVar("_T")
_LAST_ID = "SELECT coalesce(max(id), 0) FROM mail"


class _Files(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
        """Log nothing."""


@contextmanager
def static_host(folder: Path) -> Iterator[str]:
    """Serve a folder as a plain static host does, without extra headers; yield its origin."""
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
    """Forwards connections, with a delay if set. After `shut` they stay open, without data.

    With `refuses_sockets` it does what a proxy does that knows no WebSockets: it answers 400.
    With `idle_s` it ends a connection on which nothing has passed for so long, as proxies do.
    """

    def __init__(
        self,
        to_port: int,
        delay_s: float = 0.0,
        *,
        refuses_sockets: bool = False,
        idle_s: float | None = None,
    ) -> None:
        self._to_port = to_port
        self._delay_s = delay_s
        self._refuses_sockets = refuses_sockets
        self._idle_s = idle_s
        self._loop = asyncio.new_event_loop()
        self._writers: set[asyncio.StreamWriter] = set()
        self._open = asyncio.Event()
        self._open.set()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self._server = self._call(asyncio.start_server(self._accept, "127.0.0.1", 0))
        self.port: int = self._server.sockets[0].getsockname()[1]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def shut(self) -> None:
        """Pass nothing on from now on."""
        self._call(self._set_open(False))

    def reopen(self) -> None:
        self._call(self._set_open(True))

    def cut(self) -> None:
        """End all connections; new ones are forwarded."""
        self._call(self._cut())

    def close(self) -> None:
        self._call(self._stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _call(self, work: Coroutine[Any, Any, _T]) -> _T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(STOP_S)

    async def _set_open(self, is_open: bool) -> None:
        if is_open:
            self._open.set()
        else:
            self._open.clear()

    async def _cut(self) -> None:
        for writer in tuple(self._writers):
            writer.transport.abort()

    async def _stop(self) -> None:
        self._server.close()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for writer in tuple(self._writers):  # a task that was cancelled before it began has closed nothing
            writer.transport.abort()
            with suppress(OSError):
                await writer.wait_closed()

    def _accept(self, near: asyncio.StreamReader, to_near: asyncio.StreamWriter) -> None:
        self._writers.add(to_near)
        task = self._loop.create_task(self._forward(near, to_near))
        task.add_done_callback(lambda _: self._writers.discard(to_near) if to_near.is_closing() else None)

    async def _forward(self, near: asyncio.StreamReader, to_near: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.CancelledError):  # cancelled only to end: asyncio would log it
            head = await near.readuntil(b"\r\n\r\n") if self._refuses_sockets else b""
            if b"\r\nupgrade: websocket\r\n" in head.lower():
                to_near.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                to_near.close()
                return
            far, to_far = await asyncio.open_connection("127.0.0.1", self._to_port)
            to_far.write(head)
            async with asyncio.timeout(self._idle_s) as idle:
                await asyncio.gather(self._pass_on(near, to_far, idle), self._pass_on(far, to_near, idle))

    async def _pass_on(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, idle: asyncio.Timeout
    ) -> None:
        try:
            while octets := await source.read(65536):
                if self._idle_s is not None:
                    idle.reschedule(self._loop.time() + self._idle_s)
                await asyncio.sleep(self._delay_s)
                await self._open.wait()
                sink.write(octets)
                await sink.drain()
        except OSError:
            pass
        finally:
            sink.close()


@dataclass
class Edge:
    """A primary that an edgemail writes, and exported pages on a static host."""

    primary: Sqld
    server: Server
    origin: str
    folder: Path
    _pages: int = field(default=0)

    def publish(self, urls: list[str], token: str | None = None) -> str:
        """Export the page for databases, as `edgemail web export` does; return its URL."""
        self._pages += 1
        name = f"page{self._pages}"
        databases = tuple(read_database_url(url) for url in urls)
        token = self.primary.token("ro") if token is None else token
        export_site(SiteConfig(databases, token, ("example.com",), 604_800), self.folder / name)
        return f"{self.origin}/{name}"


@contextmanager
def running_replica(folder: Path, primary: Sqld, *, through: Valve | None = None) -> Iterator[Sqld]:
    """Run a replica of a primary, through a valve if one is given."""
    source = primary if through is None else replace(primary, grpc_port=through.port)
    replica = Sqld(folder, primary=source, key=primary.key)
    replica.start()
    try:
        yield replica
    finally:
        replica.kill()


@contextmanager
def running_edge(folder: Path) -> Iterator[Edge]:
    """Run a primary, an edgemail that writes it, and a static host."""
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


async def caught_up(replica: Sqld, primary: Sqld) -> None:
    """Wait until a new replica has all that its primary has."""
    async with HranaClient(primary.url, primary.token("ro")) as client:
        ((last,),) = await client.query(_LAST_ID)

    async def is_there() -> bool:
        async with HranaClient(replica.url, primary.token("ro")) as client:
            with suppress(HranaError):
                return bool(await client.query(_LAST_ID) == [(last,)])
        return False

    await until(is_there)


async def open_at(page: Page, site: str, address: str) -> None:
    await page.goto(f"{site}/#/{address}")
    await expect(page.locator(".live.on")).to_be_visible()


class Frames:
    """The batches that a page sends by sockets, as lists of statements, and what it sends by requests."""

    def __init__(self, page: Page) -> None:
        self.sockets: list[WebSocket] = []
        self.batches: list[list[str]] = []
        self.posts: list[str] = []
        self.answers = 0
        """The batches that were answered."""
        page.on("websocket", self._watch)
        page.on("request", self._note)

    def _note(self, request: Request) -> None:
        if request.method == "POST":
            self.posts.append(request.post_data or "")

    def _watch(self, socket: WebSocket) -> None:
        stored: dict[int, str] = {}

        def read(payload: str | bytes) -> None:
            request = read_request(payload)
            if request.get("type") == "store_sql":
                stored[request["sql_id"]] = request["sql"]
            elif request.get("type") == "batch":
                self.batches.append([stored[step["stmt"]["sql_id"]] for step in request["batch"]["steps"]])

        self.sockets.append(socket)
        socket.on("framesent", read)
        socket.on("framereceived", self._count)

    def _count(self, payload: str | bytes) -> None:
        self.answers += is_batch_answer(payload)
