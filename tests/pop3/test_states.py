"""The table of states and events is complete, and the only thing that moves a session."""

from __future__ import annotations

import ast
from itertools import product
from pathlib import Path

import pytest

from edgemail.pop3 import replies, session
from edgemail.pop3.commands import Pop3Verb
from edgemail.pop3.events import SessionEnded
from edgemail.pop3.outputs import HangUp, Pop3Output, Pop3Reply
from edgemail.pop3.rules import Pop3Rules
from edgemail.pop3.session import Pop3Session
from edgemail.pop3.states import TABLE, TAKES_COMMANDS, Pop3Move, Pop3State
from tests.pop3.player import Maildrop, Player

RULES = Pop3Rules("pop.example.com", offers_tls=True)
BEFORE = {
    Pop3State.NEEDS_TLS: b"",
    Pop3State.NEW: b"",
    Pop3State.NAMED: b"USER a@b.example\r\n",
    Pop3State.READY: b"USER a@b.example\r\nPASS x\r\n",
}
ARGUMENTS = {
    Pop3Verb.USER: b"a@b.example",
    Pop3Verb.PASS: b"x",
    Pop3Verb.AUTH: b"PLAIN",
    Pop3Verb.RETR: b"1",
    Pop3Verb.TOP: b"1 0",
    Pop3Verb.DELE: b"1",
}


def player_in(state: Pop3State) -> Player:
    """Return a player whose session stands there."""
    rules = Pop3Rules("pop.example.com", offers_tls=True, requires_tls=state is Pop3State.NEEDS_TLS)
    player = Player(rules, Maildrop([b"a: b\r\n\r\nc\r\n"]))
    player.send([BEFORE[state]])
    assert player.session.state is state
    player.said.clear()
    return player


def line_of(verb: Pop3Verb) -> bytes:
    if verb is Pop3Verb.HTTP:
        return b"GET / HTTP/1.1\r\n"
    return verb.encode() + (b" " + ARGUMENTS[verb] if verb in ARGUMENTS else b"") + b"\r\n"


@pytest.mark.parametrize(("verb", "state"), list(product(Pop3Verb, TAKES_COMMANDS)))
def test_every_command_in_every_state_goes_by_the_table(verb: Pop3Verb, state: Pop3State) -> None:
    """It is refused with the words of its cell, or the session moves on from the state of its cell."""
    player, cell = player_in(state), TABLE[verb][state]
    player.send([line_of(verb)])
    if isinstance(cell, Pop3Reply):
        assert player.said == [cell.octets]
        assert player.session.state is state
        return
    ends = {
        Pop3State.CHECKING: Pop3State.READY,
        Pop3State.SECURING: Pop3State.NEW,
        Pop3State.LISTING: Pop3State.READY,
        Pop3State.FETCHING: Pop3State.READY,
        Pop3State.UPDATING: Pop3State.CLOSED,
    }
    assert player.session.state is ends.get(cell, cell)


def test_the_table_has_a_row_for_every_event() -> None:
    """And a cell for every state that takes commands."""
    assert set(TABLE) == {*Pop3Verb, *Pop3Move}
    assert all(set(TABLE[verb]) == set(TAKES_COMMANDS) for verb in Pop3Verb)
    assert set(TABLE[Pop3Move.CLOSE]) == set(Pop3State)


def test_nothing_else_moves_a_session() -> None:
    """One assignment in the beginning, one by the table."""
    tree = ast.parse(Path(session.__file__).read_text(encoding="utf-8"))
    targets = [
        ast.unparse(target)
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign)
        for target in node.targets
        if ast.unparse(target) == "self._state"
    ]
    assert len(targets) == 2


def outputs_of(session: Pop3Session) -> list[Pop3Output]:
    return list(iter(session.take_output, None))


def test_a_session_that_is_ended_says_why_and_takes_no_more() -> None:
    """By a deadline, or as the server stops."""
    session = Pop3Session(RULES)
    session.start()
    assert len(outputs_of(session)) == 1
    session.tell(SessionEnded(replies.TIMED_OUT))
    assert outputs_of(session) == [replies.TIMED_OUT, HangUp()]
    session.receive(b"NOOP\r\n")
    session.tell(SessionEnded(replies.STOPPING))
    assert outputs_of(session) == []


def test_a_session_that_is_ended_within_a_message_says_nothing() -> None:
    """A reply would be taken for a part of the message."""
    session = player_in(Pop3State.READY).session
    session.receive(b"LIST\r\n")
    assert session.take_output() == replies.LIST_FOLLOWS
    session.tell(SessionEnded(replies.STOPPING))
    assert outputs_of(session) == [HangUp()]


def test_a_list_comes_in_parts() -> None:
    """A peer that asks for many long lists and reads none makes no more than one part."""
    player = Player(RULES, Maildrop([b"x"] * 10_000))
    player.send([BEFORE[Pop3State.READY]])
    session = player.session
    session.receive(b"UIDL\r\n" * 100)
    first = [session.take_output() for _ in range(3)]
    assert all(isinstance(part, Pop3Reply) and len(part.octets) < 16_384 for part in first)


def test_secrets_are_not_shown() -> None:
    """What is put into a log by mistake has no password in it."""
    player = Player(RULES, Maildrop())
    player.send([b"USER a@b.example\r\nPASS s3cret\r\n"])
    (login,) = player.opened
    assert login.secret == b"s3cret"
    assert "s3cret" not in repr(login)


def test_the_guide_names_every_reason() -> None:
    """With the words of its answer."""
    guide = (Path(__file__).parents[2] / "docs/how-to/read-by-pop3.md").read_text(encoding="utf-8")
    known = [reply for reply in vars(replies).values() if isinstance(reply, Pop3Reply) and reply.reason]
    assert len(known) == len(replies.REASONS) > 30
    rows = [f"| `{reply.reason}` | {reply.octets.decode().removeprefix('-ERR ').strip()} |" for reply in known]
    assert [row for row in rows if row not in guide] == []
    assert guide.count("\n| `") == len(rows) + guide.partition("## What is counted")[0].count("\n| `")
