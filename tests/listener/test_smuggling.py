"""End marks that are none, over real sockets, where lines in LF are taken and where they are not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import pytest
from testkit.smtp_peer import HELLO, Counter, Peer, listening

if TYPE_CHECKING:
    from collections.abc import Sequence

Mode = Literal["take", "refuse"]

HIDDEN = b"MAIL FROM:<eve@example.org>\r\nRCPT TO:<eve@example.com>\r\nDATA\r\ntwo"
BY_CRLF = b"MAIL FROM:<ann@example.org>\r\nRCPT TO:<bob@example.com>\r\nDATA\r\n"
BY_LF = BY_CRLF.replace(b"\r", b"")
MIXTURES = {
    "LF.LF": b"\n.\n",
    "LF.CRLF": b"\n.\r\n",
    "LF.CR": b"\n.\r",
    "CRLF.LF": b"\r\n.\n",
    "CRLF.CRLF": b"\r\n.\r\n",
    "CRLF.CR": b"\r\n.\r",
    "CRLF.CRCRLF": b"\r\n.\r\r\n",
    "CR.LF": b"\r.\n",
    "CR.CRLF": b"\r.\r\n",
    "CR.CR": b"\r.\r",
    "LFCR.LFCR": b"\n\r.\n\r",
    "CRLF.NULCRLF": b"\r\n.\0\r\n",
    "LFNUL.LF": b"\n\0.\n",
}
"""CVE-2023-51764, -51765, -51766 and relatives."""
ENDS = {BY_CRLF: "CRLF.CRLF", BY_LF: "LF.LF"}


async def count_messages(counter: Counter, lf_lines: Mode, packets: Sequence[bytes]) -> list[str]:
    """Send packets, each behind the 354 or the 250 before it; return the senders of what is stored."""
    counter.keeps_at_once = True
    async with listening(counter, lf_lines=lf_lines) as (_, port), Peer.connect(port) as peer:
        await peer.reply()
        await peer.say(HELLO, 250)
        for packet in packets:
            peer.send(packet)
            if packet in ENDS:
                await peer.say(b"", 250, 250, 354)
        peer.finish()
        await peer.rest()
    return [str(envelope.sender) for envelope in counter.envelopes]


@pytest.mark.parametrize("mixture", MIXTURES)
@pytest.mark.parametrize(("lf_lines", "opening"), [("refuse", BY_CRLF), ("take", BY_CRLF), ("take", BY_LF)])
async def test_a_message_has_one_end_mark(counter: Counter, lf_lines: Mode, opening: bytes, mixture: str) -> None:
    """That of its DATA line: all others are content, and so is what stands behind them."""
    real = MIXTURES[ENDS[opening]]
    is_end = mixture == ENDS[opening]
    senders = await count_messages(counter, lf_lines, [opening, b"one" + MIXTURES[mixture] + HIDDEN + real])
    hidden_senders = ["eve@example.org"] if is_end and opening == BY_CRLF else []
    assert senders == ["ann@example.org", *hidden_senders]
    (content,) = counter.contents[:1]
    assert (b"eve@example.org" in content) is not is_end


@pytest.mark.parametrize("mixture", [name for name in MIXTURES if name not in ENDS.values()])
@pytest.mark.parametrize("opening", [BY_CRLF, BY_LF])
async def test_a_pipelined_message_has_one_end_mark(counter: Counter, opening: bytes, mixture: str) -> None:
    """Also where a script sends all at once, and its line ends change from message to message."""
    other = BY_LF if opening == BY_CRLF else BY_CRLF
    said = [
        first + b"one" + MIXTURES[mixture] + HIDDEN + MIXTURES[ENDS[first]] for first in (opening, other, opening)
    ]
    senders = await count_messages(counter, "take", [b"".join(said)])
    assert senders == ["ann@example.org"] * 3
    assert all(content.startswith(b"one") and b"eve@example.org" in content for content in counter.contents)


async def test_lines_in_lf_close_where_they_are_refused(counter: Counter) -> None:
    """A server in front may have read them as part of a line (RFC 5321 section 2.3.8)."""
    async with listening(counter, lf_lines="refuse") as (_, port), Peer.connect(port) as peer:
        await peer.reply()
        await peer.say(HELLO + b"NOOP\nNOOP\r\n", 250, 500)
        assert await peer.rest() == ""
