"""Who is refused is counted, once, wherever on the way in that is."""

from __future__ import annotations

import contextlib
from ipaddress import ip_network
from typing import TYPE_CHECKING

import pytest
from testkit.smtp_peer import HELLO, Counter, Peer, listening
from testkit.waiting import until

from edgemail.system.certificate import Certificate, create_self_signed
from tests.listener.test_proxy import BEHIND_PROXY, PROXY, V1
from tests.listener.test_tls import listening_tls

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from edgemail.listener import Listener

STRANGERS = {"trusted": (ip_network("192.0.2.0/24"),)}


def refusals(listener: Listener) -> dict[str, int]:
    """Return the reasons that were given at all."""
    return {reason: count for reason, count in listener.counters.refusals.items() if count}


async def is_dropped(peer: Peer) -> bool:
    """Tell whether the server closes without a word."""
    with contextlib.suppress(ConnectionError):
        return await peer.rest() == ""
    return True


async def leave(listener: Listener) -> None:
    """Return once everyone is gone: what is counted at the very end is counted by then."""
    await until(lambda: not listener.connections and not listener.has_pending)


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        ({"max_connections": 1}, "too_many_connections"),
        ({"max_connections_per_source": 1}, "source_connections"),
        ({"connection_rate": 1}, "connection_rate"),
    ],
)
async def test_a_connection_past_a_limit_is_counted_once(
    counter: Counter, limits: dict[str, int], reason: str
) -> None:
    """Told so in clear, whatever it sends after that."""
    async with listening(counter, **STRANGERS, **limits) as (listener, port):
        async with Peer.greeted(port), Peer.connect(port) as second:
            await second.say(b"", 421)
            second.send(HELLO)
            second.finish()
            assert await second.rest() == ""
        await leave(listener)
        assert refusals(listener) == {reason: 1}


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        ({"max_connections": 1}, "too_many_connections"),
        ({"max_connections_per_source": 1}, "source_connections"),
        ({"connection_rate": 1}, "connection_rate"),
    ],
)
async def test_a_connection_that_is_dropped_before_its_handshake_is_counted_once(
    counter: Counter, tmp_path: Path, limits: dict[str, int], reason: str
) -> None:
    """Under the reason that it would have been told."""
    cert = create_self_signed(tmp_path / "own.pem", ["mx.example.com"])
    async with listening_tls(counter, Certificate(cert, None), cert, **STRANGERS, **limits) as (
        listener,
        plain,
        tls,
    ):
        async with Peer.greeted(plain), Peer.connect(tls) as second:
            assert await is_dropped(second)
        await leave(listener)
        assert refusals(listener) == {reason: 1}


@pytest.mark.parametrize("octets", [HELLO, b"PROXY TCP4 nobody\r\n", V1[:20], b""])
async def test_a_proxy_that_is_dropped_for_its_header_is_counted_once(counter: Counter, octets: bytes) -> None:
    """A bad one, half of one, or none in time."""
    async with listening(counter, **BEHIND_PROXY, proxy_timeout_s=0.1) as (listener, port):
        async with Peer.connect(port, PROXY) as peer:
            peer.send(octets)
            assert await is_dropped(peer)
        await leave(listener)
        assert refusals(listener) == {"bad_proxy_header": 1}


@pytest.mark.parametrize("ends", [Peer.finish, Peer.vanish])
async def test_a_proxy_that_leaves_within_its_header_is_counted_once(
    counter: Counter, ends: Callable[[Peer], None]
) -> None:
    """With an end, or with a reset."""
    async with listening(counter, **BEHIND_PROXY) as (listener, port), Peer.connect(port, PROXY) as peer:
        peer.send(V1[:20])
        await until(lambda: listener.has_pending)
        ends(peer)
        await leave(listener)
        assert refusals(listener) == {"bad_proxy_header": 1}


async def test_whom_a_proxy_names_is_counted_once_where_he_is_refused(counter: Counter) -> None:
    """Not for the header, which is good."""
    limits = {"max_connections_per_source": 1, "trusted": ()}
    async with listening(counter, **BEHIND_PROXY, **limits) as (listener, port):
        async with Peer.connect(port, PROXY) as first, Peer.connect(port, PROXY) as second:
            await first.say(V1, 220)
            await second.say(V1, 421)
        await leave(listener)
        assert refusals(listener) == {"source_connections": 1}


async def test_who_comes_while_too_many_are_on_their_way_in_is_counted_once(counter: Counter) -> None:
    """Headers that never end fill no more than the slots."""
    async with (
        listening(counter, **BEHIND_PROXY, max_connections=1) as (listener, port),
        Peer.connect(port, PROXY),
    ):
        await until(lambda: listener.has_pending)
        async with Peer.connect(port, PROXY) as second:
            assert await is_dropped(second)
        assert refusals(listener) == {"too_many_connections": 1}
