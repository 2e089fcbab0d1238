"""Hrana over HTTP, version 3: how statements travel to a libSQL server and rows come back.

Source: the specification "Hrana over HTTP" of the libSQL project. This has only what a mail store
needs: batches, each in one request, on a stream that is closed with it.
"""

from __future__ import annotations

import asyncio
import base64
import json
import socket
import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import httpx2

from edgemail.errors import EdgemailError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_CONNECT_S = 5.0
_NO_SUCH_METHOD = 501
"""A file server's answer to a POST. It is permanent, unlike other answers above 500."""
_THREAD_ABOVE_BYTES = 256 * 1024
"""More than this is encoded and decoded in a thread, off the event loop."""

Value = str | bytes | int | float | None


class HranaError(EdgemailError):
    """A request failed; the subclasses say how."""


class Unreachable(HranaError):  # noqa: N818 - what happened, as in edgemail.errors
    """No complete answer came. The request may have succeeded, unless `was_sent` is false."""

    def __init__(self, text: str, *, was_sent: bool = True) -> None:
        super().__init__(text)
        self.was_sent = was_sent


class NoSuchHost(Unreachable):
    """The DNS has no address for the server's name."""

    def __init__(self, text: str) -> None:
        super().__init__(text, was_sent=False)


class NotTls(Unreachable):
    """What answers there does not speak TLS."""


class RequestRefused(HranaError):  # noqa: N818 - what happened, as in edgemail.errors
    """The server does not accept the token, or not for this request."""


class NotHrana(HranaError):  # noqa: N818 - what happened, as in edgemail.errors
    """What answers there is not a libSQL server."""


class StatementFailed(HranaError):  # noqa: N818 - what happened, as in edgemail.errors
    """A statement failed. `code` is SQLite's name for the error, or empty."""

    def __init__(self, text: str, code: str) -> None:
        super().__init__(text)
        self.code = code


@dataclass(frozen=True, slots=True)
class Step:
    """A statement of a batch. With `after`, it runs only if the step of that index succeeded."""

    sql: str
    args: Sequence[Value] = ()
    after: int | None = None
    if_open: bool = False
    """Run it only while a transaction is open: for the ROLLBACK at the end of a batch."""

    def write(self) -> dict[str, Any]:
        """Write it in the protocol's JSON form."""
        step: dict[str, Any] = {"stmt": {"sql": self.sql, "args": [_write_value(value) for value in self.args]}}
        if self.after is not None:
            step["condition"] = {"type": "ok", "step": self.after}
        elif self.if_open:
            step["condition"] = {"type": "not", "cond": {"type": "is_autocommit"}}
        return step


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of a step that ran."""

    rows: list[tuple[Any, ...]]
    changed_rows: int


class HranaClient:
    """A client for one database on a libSQL server; it keeps its connections open."""

    def __init__(self, url: str, token: str | None) -> None:
        """Talk to the server at `url`, where ``libsql://`` stands for ``https://``."""
        self._client = httpx2.AsyncClient(
            base_url=url.replace("libsql://", "https://", 1),
            headers={} if token is None else {"authorization": f"Bearer {token}"},
            limits=httpx2.Limits(max_connections=8, keepalive_expiry=30.0),
            trust_env=False,
        )

    async def query(
        self, sql: str, args: Sequence[Value] = (), *, timeout_s: float = 10.0
    ) -> list[tuple[Any, ...]]:
        """Run one statement and return its rows.

        Raises:
            HranaError: the statement failed, or its outcome is unknown.
        """
        (outcome,) = await self.run([Step(sql, args)], timeout_s=timeout_s)
        return [] if outcome is None else outcome.rows

    async def run(self, steps: Sequence[Step], *, timeout_s: float) -> list[Outcome | None]:
        """Run a batch; return the result of each step, None for a step that did not run.

        Raises:
            HranaError: a step failed (`StatementFailed` of the first one), or the outcome is
                unknown (`Unreachable`).
        """
        size = sum(len(arg) for step in steps for arg in step.args if isinstance(arg, str | bytes))
        if size > _THREAD_ABOVE_BYTES:
            body = await asyncio.to_thread(_write_request, steps)
        else:
            body = _write_request(steps)
        octets = await self._post(body, timeout_s)
        if len(octets) > _THREAD_ABOVE_BYTES:
            return await asyncio.to_thread(_read_answer, octets)
        return _read_answer(octets)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def _post(self, body: bytes, timeout_s: float) -> bytes:
        try:
            async with asyncio.timeout(timeout_s):
                answer = await self._client.post(
                    "/v3/pipeline",
                    content=body,
                    headers={"content-type": "application/json"},
                    timeout=httpx2.Timeout(timeout_s, connect=min(_CONNECT_S, timeout_s)),
                )
        except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout) as error:
            if _is_unknown_name(error):
                raise NoSuchHost(f"its name is unknown: {error}") from error
            if _is_plain(error):
                raise NotTls("what answers there speaks no TLS", was_sent=False) from error
            raise Unreachable(f"it cannot be reached: {error}", was_sent=False) from error
        except (httpx2.HTTPError, TimeoutError) as error:
            raise Unreachable(f"the answer did not come: {str(error) or type(error).__name__}") from error
        if answer.status_code in {401, 403}:
            raise RequestRefused(f"it refuses the token ({answer.status_code}): {_read_complaint(answer)}")
        if answer.status_code == 429 or (answer.status_code >= 500 and answer.status_code != _NO_SUCH_METHOD):
            raise Unreachable(f"it answers {answer.status_code}: {_read_complaint(answer)}")
        if answer.status_code != 200:
            raise NotHrana(f"it answers {answer.status_code}: {_read_complaint(answer)}")
        return answer.content


def _write_request(steps: Sequence[Step]) -> bytes:
    batch = {"type": "batch", "batch": {"steps": [step.write() for step in steps]}}
    return json.dumps({"requests": [batch, {"type": "close"}]}, ensure_ascii=False).encode()


def _write_value(value: Value) -> dict[str, Any]:
    match value:
        case None:
            return {"type": "null"}
        case str():
            return {"type": "text", "value": value}
        case bytes():
            return {"type": "blob", "base64": base64.b64encode(value).decode()}
        case int():
            return {"type": "integer", "value": str(value)}
        case float():
            return {"type": "float", "value": value}


def _read_value(value: dict[str, Any]) -> Value:
    match value:
        case {"type": "null"}:
            return None
        case {"type": "text", "value": str(text)}:
            return text
        case {"type": "integer", "value": str(digits)}:
            return int(digits)
        case {"type": "float", "value": number}:
            return float(number)
        case {"type": "blob", "base64": str(text)}:
            return base64.b64decode(text + "=" * (-len(text) % 4))
        case _:
            raise ValueError("a value of an unknown type")


def _read_answer(octets: bytes) -> list[Outcome | None]:
    try:
        first = json.loads(octets)["results"][0]
        if first["type"] == "error":
            raise _fail(first["error"])
        result = first["response"]["result"]
        for error in result["step_errors"]:
            if error is not None:
                raise _fail(error)
        return [None if step is None else _read_step(step) for step in result["step_results"]]
    except (ValueError, KeyError, IndexError, TypeError) as error:
        raise NotHrana(f"its answer is not of Hrana's form: {error}") from error


def _read_step(step: dict[str, Any]) -> Outcome:
    rows = [tuple(_read_value(value) for value in row) for row in step["rows"]]
    return Outcome(rows, int(step["affected_row_count"]))


def _fail(error: dict[str, Any]) -> StatementFailed:
    return StatementFailed(str(error.get("message", "")), str(error.get("code") or ""))


def _read_complaint(answer: httpx2.Response) -> str:
    """Return the beginning of an answer's text, on one line; of a web page only that it is one."""
    if "html" in answer.headers.get("content-type", ""):
        return "with a web page"
    return " ".join(answer.text[:200].split()) or "and no more"


def _is_unknown_name(error: BaseException) -> bool:
    """Return True if an error is caused by a name that the DNS says does not exist."""
    return any(
        isinstance(cause, socket.gaierror) and cause.errno == socket.EAI_NONAME for cause in _find_causes(error)
    )


def _is_plain(error: BaseException) -> bool:
    """Return True if TLS failed because the other side does not speak it."""
    return any(
        isinstance(cause, ssl.SSLError) and not isinstance(cause, ssl.SSLCertVerificationError)
        for cause in _find_causes(error)
    )


def _find_causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an error, its cause, the cause of that, and so on."""
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__ or cause.__context__
