"""The invariants of every stream of POP3; the fuzzer and the tests check them."""

from __future__ import annotations

import re
from functools import cache
from itertools import pairwise

from tests.pop3.player import Maildrop, Player

from edgemail.pop3.replies import REASONS
from edgemail.pop3.rules import Pop3Rules

OFFERS_TLS, REQUIRES_TLS, HAS_PASSWORD, KEEPS_ALL = 1, 2, 4, 8
"""The flags."""

HEADER_OCTETS = 4
"""In front of the stream: flags, limits, the size of pieces, the length of packets."""

_PACKETS_MAX = 64
_MESSAGES = (
    b"Subject: a\r\n\r\n.\r\n..\r\nend\r\n",
    b"Subject: b\r\n\r\nno end",
    b"",
    b".\n.\r.\r\n\n.\n",
    b"Subject: c\r\n" + b".x\r\n" * 50,
)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
"""What no address holds. Characters for private use, which are not printable either, may be in one."""

_STATUS = re.compile(rb"\+OK [ -~]*|\+OK|-ERR [ -~]+|\+ ")


@cache
def _read_rules(flags: int, limits: int) -> Pop3Rules:
    return Pop3Rules(
        "pop.example.com",
        offers_tls=bool(flags & (OFFERS_TLS | REQUIRES_TLS)),
        requires_tls=bool(flags & REQUIRES_TLS),
        default_domain="example.com",
        expire_days=7,
        max_errors=(2, 10, 10**6)[limits % 3],
        max_commands=(5, 1000, 10**6)[limits % 3],
    )


def _play(header: bytes, packets: list[bytes], piece_octets: int) -> Player:
    flags = header[0]
    drop = Maildrop(
        list(_MESSAGES), b"x" if flags & HAS_PASSWORD else None, may_delete=not flags & KEEPS_ALL, gone={2}
    )
    player = Player(_read_rules(flags, header[1]), drop, piece_octets=piece_octets)
    player.send(packets)
    return player


def check_pop3(octets: bytes) -> None:
    """Play a stream whole and cut; its first octets choose how.

    Raises:
        AssertionError: a rule is broken.
    """
    header, stream = octets[:HEADER_OCTETS].ljust(HEADER_OCTETS, b"\0"), octets[HEADER_OCTETS:]
    whole = _play(header, [stream], 1000)
    length = header[3] + 1
    places = sorted({0, len(stream), *range(0, min(len(stream), _PACKETS_MAX * length), length)})
    cut = _play(header, [stream[start:end] for start, end in pairwise(places)], header[2] + 1)
    for player in (whole, cut):
        _check_answers(player)
    is_injected = "injected" in whole.reasons or "injected" in cut.reasons
    # Only octets behind STLS may depend on packets: they must not be in the same one.
    if not is_injected and "T:" not in whole.said:
        assert cut.said == whole.said, f"whole: {whole.said}; cut: {cut.said}"


def _check_answers(player: Player) -> None:
    said = player.said
    assert "X:" not in said[:-1], "something follows the end"
    assert set(player.reasons) <= set(REASONS)
    lines = player.octets.split(b"\r\n")
    assert lines.pop() == b"", "an answer has no end"
    assert not player.octets or _STATUS.fullmatch(lines[0])
    for login in player.opened:
        assert login.inbox == login.inbox.lower()
        assert not _CONTROL.search(login.inbox)
