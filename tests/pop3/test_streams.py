"""Streams that nobody wrote by hand keep the invariants, whole and cut."""

from __future__ import annotations

from fuzz.pop3_invariants import check_pop3
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.pop3.dialogue import read_dialogues

LINES = (
    *(
        b"USER a@b.example",
        b"USER a",
        b"USER",
        b"PASS x",
        b"PASS y",
        b"PASS",
        b"AUTH PLAIN AGFAYi5jAHg=",
        b"AUTH PLAIN",
    ),
    *(b"AGFAYi5jAHg=", b"*", b"AUTH", b"STLS", b"UTF8", b"CAPA", b"STAT", b"LIST", b"LIST 1", b"UIDL", b"UIDL 2"),
    *(
        b"RETR 1",
        b"RETR 2",
        b"RETR 4",
        b"RETR 9",
        b"TOP 1 1",
        b"TOP 5 9",
        b"TOP 4 0",
        b"DELE 1",
        b"DELE 3",
        b"NOOP",
    ),
    *(b"RSET", b"QUIT", b"GET / HTTP/1.1", b"\xff", b"", b"x" * 600, b"x" * 2100),
)
ENDS = (b"\r\n", b"\n", b"\r", b"")
LINE = st.tuples(st.sampled_from(LINES), st.sampled_from(ENDS)).map(b"".join) | st.binary(max_size=8)
HEADER = st.binary(min_size=4, max_size=4)
LOGIN = b"USER a@b.example\r\nPASS x\r\n"


@settings(max_examples=300)
@given(HEADER, st.booleans(), st.lists(LINE, max_size=30))
def test_any_stream_keeps_the_invariants(header: bytes, logs_in: bool, lines: list[bytes]) -> None:
    """Half of them log in first."""
    check_pop3(header + (LOGIN if logs_in else b"") + b"".join(lines))


def test_the_dialogues_keep_the_invariants() -> None:
    """They are the fuzzer's first inputs."""
    for dialogue in read_dialogues():
        for header in (bytes(4), b"\1\1\0\0", b"\4\2\1\2", b"\2\1\3\6"):
            check_pop3(header + dialogue.octets)


def test_a_name_may_have_characters_for_private_use() -> None:
    """They cannot be printed, and SMTP takes mail for such an address."""
    check_pop3(bytes(4) + "USER an\ue348g\r\nPASS x\r\nSTAT\r\nQUIT\r\n".encode())
