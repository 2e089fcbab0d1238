"""`edgemail mcp`: tools for agents on the standard input and output, from a running server or one of its own."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import click

from edgemail.cli import logs
from edgemail.cli.api import DEFAULT_URL, Api, is_loopback, read_inbox_keys
from edgemail.cli.mcp_bridge import MESSAGE_MAX_OCTETS, Bridge, open_http
from edgemail.cli.terminal import Failure, echo_line
from edgemail.errors import ListenError
from edgemail.model import Endpoint
from edgemail.settings import resolve
from edgemail.system.extras import INSTALL_MCP, has_mcp

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    import httpx2

    from edgemail.app import App
    from edgemail.settings import Settings

_READY_S: Final = 5.0
_ANY_PORT: Final = Endpoint("127.0.0.1", 0)
_PING: Final = {"jsonrpc": "2.0", "id": 0, "method": "ping"}
_WAITING_LINES: Final = 20
_READ_OCTETS: Final = 64 * 1024


@click.command("mcp")
@click.option(
    "--url",
    envvar="EDGEMAIL_URL",
    default=DEFAULT_URL,
    show_default=True,
    help="The URL of the server's page. EDGEMAIL_URL gives it too, EDGEMAIL_MCP_TOKEN the token that a public "
    "server asks for, and EDGEMAIL_INBOX_KEY the keys of locked inboxes.",
)
def mcp(url: str) -> None:
    """Give an agent tools over MCP on standard input and output: an address, its codes, links and messages.

    It passes each message on to a running server. Where none answers on this machine it starts one, with the
    settings of the environment, for as long as the agent is there. The log goes to the standard error.
    """
    output = os.dup(sys.stdout.fileno())
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # nothing else may write between the messages
    asyncio.run(_Session(url).run(output))


class _Session:
    """One agent's connection, and the server that was started for it, if any."""

    def __init__(self, url: str) -> None:
        token = os.environ.get("EDGEMAIL_MCP_TOKEN", "")
        self._api = Api(url)
        self._authorization = f"Bearer {token}" if token else self._api.authorization
        self._is_local = is_loopback(urlsplit(self._api.url).hostname or "")
        self._app: App | None = None
        keys = read_inbox_keys(None)
        self._http = open_http(self._authorization, keys, is_loopback=self._is_local)

    async def run(self, output: int) -> None:
        """Carry messages until the agent has gone, or a signal ends this."""
        lock = asyncio.Lock()

        async def write_line(line: bytes) -> None:
            async with lock:
                await asyncio.to_thread(_write_all, output, line)

        running = asyncio.current_task()
        if running is not None:
            with contextlib.suppress(NotImplementedError):  # Windows has no such handlers
                asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, running.cancel)
        try:
            first = await self._find_server()
            await _check_tools(self._http, first)
            found: list[str] = [first]

            async def find_server() -> str:
                return found.pop() if found else await self._find_server()

            await Bridge(self._http, find_server, write_line).run(_read_lines())
        except (asyncio.CancelledError, BrokenPipeError):
            pass  # the agent has gone
        finally:
            await self._http.aclose()
            if self._app is not None:
                await self._app.stop()

    async def _find_server(self) -> str:
        """Return the URL of the tools: of a server that runs, else of one that is started.

        Raises:
            Failure: none answers, and none can be started.
        """
        if self._app is not None:
            return _tools_at(self._app.http_urls[0])
        try:
            await asyncio.to_thread(self._api.check_ready, _READY_S)
        except Failure:
            if not self._is_local:
                raise
        else:
            return _tools_at(self._api.url)
        if not has_mcp():
            raise Failure(
                f"no edgemail answers at {self._api.url}, and to start one with tools needs: {INSTALL_MCP}"
            )
        self._app = await _start()
        echo_line(f"edgemail mcp: no edgemail answers at {self._api.url}", err=True)
        for place in (*self._app.smtp_urls, *self._app.http_urls):
            echo_line(f"edgemail mcp: started {place}", err=True)
        return _tools_at(self._app.http_urls[0])


async def _start() -> App:
    """Start a server with the settings of the environment, on other ports where these are taken.

    Raises:
        SettingsError: the settings are wrong.
        Failure: the settings leave agents without tools.
    """
    from edgemail.app import App  # the server's libraries take a while to load

    settings = resolve({}, os.environ).settings
    if settings.agents.mcp == "off" or not settings.http.listen:
        raise Failure("the settings give agents no tools: mcp or http is off")
    logs.set_up(settings.log)
    try:
        return await App.start(settings)
    except ListenError:
        return await App.start(_on_free_ports(settings))


def _on_free_ports(settings: Settings) -> Settings:
    smtp = replace(settings.smtp, listen=(_ANY_PORT,), listen_tls=())
    return replace(settings, smtp=smtp, http=replace(settings.http, listen=(_ANY_PORT,)))


async def _check_tools(http: httpx2.AsyncClient, url: str) -> None:
    """Return if the server has tools for this client.

    Raises:
        Failure: it has not, and the text says why.
    """
    import httpx2

    try:
        answer = await http.post(url, json=_PING, headers={"accept": "application/json, text/event-stream"})
    except httpx2.HTTPError as error:
        raise Failure(f"{url} does not answer: {type(error).__name__}") from None
    if answer.is_success:
        return
    detail = ""
    with contextlib.suppress(ValueError, LookupError, TypeError):
        detail = str(answer.json()["detail"])
    if answer.status_code in (404, 405):
        detail = "this server gives agents no tools; start it with --mcp on"
    raise Failure(f"{url}: {detail or answer.status_code}")


def _tools_at(page: str) -> str:
    return f"{page.rstrip('/')}/mcp"


def _write_all(output: int, octets: bytes) -> None:
    view = memoryview(octets)
    while view:
        view = view[os.write(output, view) :]


async def _read_lines() -> AsyncIterator[bytes]:
    """Yield the lines of the standard input. A thread reads it: not every kind of it can be waited for."""
    loop = asyncio.get_running_loop()
    lines: asyncio.Queue[bytes] = asyncio.Queue(_WAITING_LINES)

    def read() -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody wants the rest
            for line in _split_input(sys.stdin.fileno()):
                asyncio.run_coroutine_threadsafe(lines.put(line), loop).result()
            asyncio.run_coroutine_threadsafe(lines.put(b""), loop).result()

    threading.Thread(target=read, daemon=True, name="stdin").start()
    while line := await lines.get():
        yield line


def _split_input(descriptor: int) -> Iterator[bytes]:
    """Yield the lines of a file or pipe; of one that is too long, the beginning.

    `sys.stdin` would hold its lock while the interpreter ends, which is a fatal error.
    """
    rest, is_dropping = b"", False
    while octets := os.read(descriptor, _READ_OCTETS):
        *whole, rest = (rest + octets).split(b"\n")
        for line in whole:
            if not is_dropping:
                yield line + b"\n"
            is_dropping = False
        if len(rest) > MESSAGE_MAX_OCTETS:
            if not is_dropping:
                yield rest
            rest, is_dropping = b"", True
    if rest and not is_dropping:
        yield rest
