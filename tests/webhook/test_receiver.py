"""One request: to an address that was checked, under the receiver's name, with a deadline for each part."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import logging
import os
import socket
import ssl
from typing import TYPE_CHECKING, Any

import pytest
from testkit.certificate_authority import Authority
from testkit.webhook_receiver import answer, break_off, drip, endless, hang, receiving

from edgemail.system.name_lookup import LookupFailed, Resolver
from edgemail.webhook.receiver import Receiver, RequestDeadlines, TryFailure

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from testkit.webhook_receiver import Behaviour

SHORT = RequestDeadlines(whole_s=0.4)
"""For what never ends in another way."""
BODY = b'{"id":1}'


def names(*answers: list[str]) -> Callable[[str, int], Any]:
    """Return a look-up that gives one answer after the other, the last one for ever."""
    left = list(answers)

    async def find(_host: str, _port: int) -> list[str]:
        return left.pop(0) if len(left) > 1 else left[0]

    return find


async def post(url: str, **given: Any) -> TryFailure | None:
    """Ask a receiver once; private addresses are allowed where nothing else is given."""
    receiver = Receiver(url, **({"may_be_private": "is_allowed" not in given} | given))
    try:
        return await receiver.post(BODY)
    finally:
        await receiver.close()


@pytest.mark.parametrize("status", [200, 201, 202, 204])
async def test_a_message_is_posted(status: int) -> None:
    """The target is as it was given; nothing is signed without a secret."""
    async with receiving(answer(status)) as server:
        assert await post(f"http://127.0.0.1:{server.port}/a%20b/c?d=%2F&e") is None
    (told,) = server.told
    assert (told.method, told.target, told.body) == ("POST", "/a%20b/c?d=%2F&e", BODY)
    assert told.fields["content-type"] == "application/json"
    assert told.fields["host"] == f"127.0.0.1:{server.port}"
    assert told.fields["user-agent"].startswith("edgemail/")
    assert not {"authorization", "x-edgemail-signature"} & told.fields.keys()


async def test_a_request_is_signed_and_has_the_urls_password() -> None:
    """The signature covers the time of this try."""
    async with receiving() as server:
        url = f"http://kim:s3%20cret%3A@127.0.0.1:{server.port}/"
        assert await post(url, secret="key", clock=lambda: 1_800_000_000.9) is None
    fields = server.told[0].fields
    digest = hmac.new(b"key", b"1800000000." + BODY, hashlib.sha256).hexdigest()
    assert fields["x-edgemail-signature"] == f"t=1800000000,v1={digest}"
    assert base64.b64decode(fields["authorization"].removeprefix("Basic ")) == b"kim:s3 cret:"
    assert "kim" not in fields["host"]


async def test_nothing_is_kept_of_an_answer_for_the_next_request() -> None:
    """No cookie, and no connection."""
    async with receiving(answer(200, "Set-Cookie: a=b; Path=/", "Connection: keep-alive")) as server:
        receiver = Receiver(server.url, may_be_private=True)
        assert [await receiver.post(BODY) for _ in range(2)] == [None, None]
        await receiver.close()
    assert server.connects == 2
    assert "cookie" not in server.told[1].fields


async def test_no_proxy_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """It would look the name up itself."""
    async with receiving() as proxy, receiving() as server:
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{proxy.port}")
        monkeypatch.setenv("ALL_PROXY", f"http://127.0.0.1:{proxy.port}")
        assert await post(server.url) is None
    assert (proxy.connects, server.connects) == (0, 1)


@pytest.mark.parametrize(
    ("behave", "reason", "is_outage"),
    [
        (answer(500), "status_5xx", True),
        (answer(503), "status_5xx", True),
        (answer(429), "status_4xx", True),
        (answer(400), "status_4xx", False),
        (answer(404), "status_4xx", False),
        (answer(304), "status_3xx", False),
        (break_off, "broken", True),
        (endless(b"SSH-2.0-x\r\n", b"x" * 9999), "broken", True),
        (endless(b"HTTP/1.1 200 OK\r\n", b"X-More: 1\r\n" * 999), "broken", True),
        (hang, "timeout", True),
        (drip(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 1000, 0.05), "timeout", True),
        (endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n"), "timeout", True),
    ],
)
async def test_what_is_no_success_is_a_failure(behave: Behaviour, reason: str, *, is_outage: bool) -> None:
    """Within its deadlines, whatever is answered."""
    async with receiving(behave) as server:
        failure = await post(server.url, deadlines=SHORT if reason == "timeout" else None)
    assert failure is not None
    assert (failure.reason, failure.is_outage) == (reason, is_outage)


@pytest.mark.parametrize(
    "behave",
    [
        endless(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1000\r\n" + b"x" * 4096 + b"\r\n"),
        endless(b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 4096),
        endless(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"nonsense\r\n" * 999),
        drip(b"HTTP/1.1 200 OK\r\nContent-Length: 9999999\r\n\r\n" + b"x" * 1000, 0.002),
        answer(200, "Content-Encoding: gzip", body=b"this is no gzip"),
    ],
)
async def test_the_body_of_an_answer_says_nothing(behave: Behaviour) -> None:
    """However long or slow or wrong it is: the receiver has taken the message."""
    async with receiving(behave) as server:
        assert await post(server.url, deadlines=RequestDeadlines(body_s=0.2)) is None


async def test_a_receiver_that_is_away_is_a_failure() -> None:
    """Nobody listens there."""
    async with receiving() as server:
        pass
    failure = await post(server.url)
    assert failure == TryFailure("connect", "cannot be reached")


async def test_a_receiver_that_takes_nothing_is_a_failure() -> None:
    """The system accepts the connection, and nobody reads a large request."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}/"
        receiver = Receiver(url, may_be_private=True, deadlines=SHORT)
        failure = await receiver.post(b"x" * 50_000_000)
        await receiver.close()
    assert failure is not None
    assert failure.reason == "timeout"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_not_followed(status: int) -> None:
    """Neither to a private address nor anywhere else."""
    async with receiving() as other, receiving(answer(status, f"Location: {other.url}")) as server:
        failure = await post(server.url)
    assert failure is not None
    assert failure.reason == "status_3xx"
    assert "not followed" in failure.text
    assert (len(server.told), other.connects) == (1, 0)


@pytest.mark.parametrize("host", ["127.0.0.1", "[::ffff:127.0.0.1]", "localhost", "0x7f.1", "127.1"])
async def test_a_private_address_is_refused_however_it_is_written(host: str) -> None:
    """The address is checked, not its name."""
    async with receiving() as server:
        failure = await post(f"http://{host}:{server.port}/", may_be_private=False)
        assert server.connects == 0
    assert failure is not None
    assert failure.reason == "address"
    assert "webhook_private" in failure.text


async def test_one_private_address_among_others_is_enough_to_refuse() -> None:
    """None of them is asked."""
    async with receiving() as server:
        failure = await post(
            f"http://hook.example:{server.port}/",
            find_addresses=names(["127.0.0.1", "127.0.0.2"]),
            is_allowed=lambda address: address == "127.0.0.1",
        )
        assert server.connects == 0
    assert failure is not None
    assert "127.0.0.2" in failure.text


async def test_the_address_that_was_checked_is_the_one_that_is_asked() -> None:
    """A name that has another address the next time it is looked up leads nowhere else."""
    async with (
        receiving() as public,
        receiving(host="127.0.0.2", port=public.port) as private,
    ):
        receiver = Receiver(
            f"http://rebinding.example:{public.port}/",
            find_addresses=names(["127.0.0.1"], ["127.0.0.2"]),
            is_allowed=lambda address: address == "127.0.0.1",
        )
        assert await receiver.post(BODY) is None
        failure = await receiver.post(BODY)
        await receiver.close()
    assert failure is not None
    assert failure.reason == "address"
    assert (public.connects, private.connects) == (1, 0)
    assert public.told[0].fields["host"] == f"rebinding.example:{public.port}"


async def test_the_next_address_is_asked_where_one_is_away() -> None:
    """As with a name that has IPv6 where there is none."""
    async with receiving() as server:
        given = {"find_addresses": names(["127.0.0.9", "::1", "127.0.0.1"])}
        assert await post(f"http://hook.example:{server.port}/", **given) is None
    assert len(server.told) == 1


@pytest.mark.parametrize("answers", [[], None])
async def test_a_name_without_addresses_is_a_failure(answers: list[str] | None) -> None:
    """Whether there are none, or nobody knows."""

    async def fail(_host: str, _port: int) -> list[str]:
        raise LookupFailed("it is not known")

    failure = await post("http://hook.example/", find_addresses=fail if answers is None else names(answers))
    assert failure is not None
    assert failure.reason == "lookup"


async def test_a_slow_name_server_is_a_failure_in_time() -> None:
    """The look-up counts towards the whole."""

    async def wait(_host: str, _port: int) -> list[str]:
        await asyncio.sleep(60)
        return []

    failure = await post("http://hook.example/", find_addresses=wait, deadlines=SHORT)
    assert failure == TryFailure("timeout", "did not answer in time")


async def test_tls_has_the_receivers_name_and_wants_its_certificate(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though an address is connected to: both the name that is asked for and the one that is checked."""
    authority = Authority(tmp_path)
    asked: list[str | None] = []
    served = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    served.load_cert_chain(authority.issue("hook.example"))
    served.sni_callback = lambda _socket, name, _context: asked.append(name)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.root))
    async with receiving(tls=served) as server:
        given: dict[str, Any] = {"find_addresses": names(["127.0.0.1"])}
        assert await post(f"https://hook.example:{server.port}/", **given) is None
        other = await post(f"https://other.example:{server.port}/", **given)
        plain = await post(f"http://hook.example:{server.port}/", **given)
        server.planned.append(corrupt)
        broken = await post(f"https://hook.example:{server.port}/", **given)
        monkeypatch.delenv("SSL_CERT_FILE")
        stranger = await post(f"https://hook.example:{server.port}/", **given)
    assert asked == ["hook.example", "other.example", "hook.example", "hook.example"]
    assert other is not None
    assert other.reason == "tls"
    assert "certificate" in other.text
    assert stranger is not None
    assert stranger.reason == "tls"
    assert plain is not None
    assert broken is not None
    assert broken.reason in {"tls", "broken"}
    assert len(server.told) == 2


async def corrupt(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Write something other than TLS beneath it."""
    os.write(writer.get_extra_info("socket").fileno(), b"this is no record of TLS" * 10)


async def test_tls_to_what_speaks_none_is_a_failure() -> None:
    """It is said so."""

    async def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mx.example.org ESMTP\r\n")
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(greet, "127.0.0.1", 0)
    failure = await post(f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/")
    server.close()
    assert failure == TryFailure("tls", "cannot be spoken to by TLS")


async def test_no_failure_and_no_log_line_has_a_secret(caplog: pytest.LogCaptureFixture) -> None:
    """Neither the password nor the path nor the query of the URL."""
    caplog.set_level(logging.DEBUG)
    logging.getLogger("httpx2").setLevel(logging.WARNING)  # as the program does
    logging.getLogger("httpcore2").setLevel(logging.WARNING)
    for behave in (answer(500), break_off, endless(b"nonsense\r\n\r\n", b"x" * 9999)):
        async with receiving(behave) as server:
            url = f"http://kim:s3cret@127.0.0.1:{server.port}/s3cret?key=s3cret"
            receiver = Receiver(url, secret="s3cret", may_be_private=True)
            failure = await receiver.post(BODY)
            await receiver.close()
        assert "s3cret" not in f"{failure} {receiver.name}"
    assert "s3cret" not in caplog.text
    assert "kim" not in caplog.text


async def test_the_system_looks_names_up() -> None:
    """So that `/etc/hosts` counts; and a name that nobody can have is a failure."""
    assert {"127.0.0.1", "::1"} & set(await Resolver().find("localhost", 80))
    with pytest.raises(LookupFailed):
        await Resolver().find("hook.invalid", 80)
    with pytest.raises(LookupFailed):
        await Resolver().find("a" * 70 + ".example", 80)
