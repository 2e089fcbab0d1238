"""The table of states and events: complete, and the only thing that moves a session."""

from __future__ import annotations

import ast
from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest

from edgemail.smtp import (
    LOGIN_RIGHT,
    CommandsFollow,
    ContentBehind,
    ContentFollows,
    Ended,
    LoginChecked,
    Lost,
    MemoryContentStore,
    MessageRefused,
    Reply,
    Secured,
    Session,
    SessionRules,
    Settled,
    session,
)
from edgemail.smtp.commands import Verb
from edgemail.smtp.content import MemoryContent
from edgemail.smtp.outputs import UNTIL_END_MARK
from edgemail.smtp.states import NEXT, REFUSALS, TABLE, TAKES_COMMANDS, Move, SessionState
from tests.smtp.streams import KEPT, TRANSACTION, codes, run_with_hints

RULES = SessionRules("mx.example.com", max_message_octets=100, offers_tls=True, offers_auth=True)
ASKING = {
    SessionState.NEEDS_TLS: replace(RULES, requires_tls=True),
    SessionState.NEEDS_TLS_DROP: replace(RULES, requires_tls=True),
    SessionState.NEEDS_LOGIN: replace(RULES, requires_auth=True),
    SessionState.NEEDS_LOGIN_DROP: replace(RULES, requires_auth=True),
    SessionState.CHECKING: replace(RULES, requires_auth=True),
}
"""The rules of the states that others never reach."""
CELLS = list(product(TABLE, SessionState))
OPENED = TRANSACTION[: -len(b"DATA\r\n")]

REACHED_BY = {
    SessionState.NEW: b"",
    SessionState.NEEDS_TLS: b"EHLO a\r\n",
    SessionState.NEEDS_LOGIN: b"EHLO a\r\n",
    SessionState.READY: b"EHLO a\r\n",
    SessionState.MAIL: b"EHLO a\r\nMAIL FROM:<>\r\n",
    SessionState.NO_RCPT: b"EHLO a\r\nMAIL FROM:<>\r\nRCPT TO:<>\r\n",
    SessionState.RCPT: OPENED,
    SessionState.CHUNKS: OPENED + b"BDAT 1\r\nx",
    SessionState.DATA: TRANSACTION,
    SessionState.CHUNK: OPENED + b"BDAT 9\r\n",
    SessionState.NEW_DROP: b"BDAT 9\r\n",
    SessionState.NEEDS_TLS_DROP: b"EHLO a\r\nBDAT 9\r\n",
    SessionState.NEEDS_LOGIN_DROP: b"EHLO a\r\nBDAT 9\r\n",
    SessionState.READY_DROP: b"EHLO a\r\nBDAT 9\r\n",
    SessionState.MAIL_DROP: b"EHLO a\r\nMAIL FROM:<>\r\nBDAT 9\r\n",
    SessionState.NO_RCPT_DROP: b"EHLO a\r\nMAIL FROM:<>\r\nRCPT TO:<>\r\nBDAT 9\r\n",
    SessionState.AUTH: b"EHLO a\r\nAUTH LOGIN\r\n",
    SessionState.CHECKING: b"EHLO a\r\nAUTH PLAIN AGEAYg==\r\n",
    SessionState.SETTLING: TRANSACTION + b".\r\n",
    SessionState.SECURING: b"EHLO a\r\nSTARTTLS\r\n",
    SessionState.CLOSED: b"QUIT\r\n",
}
"""What a peer says to bring a session into each state."""

ACCEPTED = {
    Verb.HELO: b"HELO b\r\n",
    Verb.EHLO: b"EHLO b\r\n",
    Verb.MAIL: b"MAIL FROM:<>\r\n",
    Verb.RCPT: b"RCPT TO:<ann@example.com>\r\n",
    Verb.DATA: b"DATA\r\n",
    Verb.BDAT: b"BDAT 5\r\n",
    Verb.RSET: b"RSET\r\n",
    Verb.NOOP: b"NOOP\r\n",
    Verb.VRFY: b"VRFY x\r\n",
    Verb.EXPN: b"EXPN x\r\n",
    Verb.HELP: b"HELP\r\n",
    Verb.QUIT: b"QUIT\r\n",
    Verb.AUTH: b"AUTH LOGIN\r\n",
    Verb.STARTTLS: b"STARTTLS\r\n",
    Verb.HTTP: b"GET / HTTP/1.1\r\n",
    Verb.UNKNOWN: b"XYZZY\r\n",
}
"""Each command as it is accepted where it is in order."""


def session_in(state: SessionState) -> Session:
    """Bring a session into a state, by what a peer says."""
    reached = Session(ASKING.get(state, RULES))
    reached.receive(REACHED_BY[state])
    assert reached._state is state
    return reached


def test_every_command_has_a_cell_for_each_state_that_takes_commands() -> None:
    """A next state or a refusal; elsewhere the octets are no commands."""
    for verb in Verb:
        assert tuple(TABLE[verb]) == TAKES_COMMANDS
        for cell in TABLE[verb].values():
            assert isinstance(cell, SessionState) or cell.is_refusal


def test_every_event_is_in_the_table_and_refused_nowhere() -> None:
    """What has happened cannot be refused."""
    assert set(TABLE) == {*Verb, *Move}
    assert all(isinstance(cell, SessionState) for move in Move for cell in TABLE[move].values())


def test_every_state_is_reached_and_left() -> None:
    """CLOSED alone is the end."""
    pairs = [(state, after) for row in NEXT.values() for state, after in row.items() if state is not after]
    assert {after for _, after in pairs} == {*SessionState}
    assert {state for state, _ in pairs} == {*SessionState} - {SessionState.CLOSED}
    assert set(NEXT[Move.CLOSE].values()) == {SessionState.CLOSED}


@pytest.mark.parametrize("state", SessionState, ids=lambda state: state.name)
def test_a_session_comes_into_each_state(state: SessionState) -> None:
    """None is there that no peer can reach."""
    session_in(state)


@pytest.mark.parametrize(("event", "state"), CELLS, ids=lambda one: getattr(one, "name", one))
def test_a_session_moves_as_the_table_says(event: Verb | Move, state: SessionState) -> None:
    """Cell by cell: the next state; an event that cannot happen there is our own mistake."""
    moving = session_in(state)
    after = NEXT[event].get(state)
    if after is None:
        with pytest.raises(RuntimeError, match="cannot happen"):
            moving._move(event)
        assert moving._state is state
    else:
        moving._move(event)
        assert moving._state is after


@pytest.mark.parametrize(
    ("verb", "state"), list(product(Verb, TAKES_COMMANDS)), ids=lambda one: getattr(one, "name", one)
)
def test_a_command_is_answered_as_the_table_says(verb: Verb, state: SessionState) -> None:
    """A command out of order has its refusal and moves nothing; one in order is accepted."""
    asked = session_in(state)
    outputs = asked.receive(ACCEPTED[verb])
    if verb is Verb.BDAT:  # a chunk is answered behind its octets
        outputs = [*outputs, *asked.receive(b"12345")]
    refusal = REFUSALS[verb][state]
    replies = [output for output in outputs if isinstance(output, Reply)]
    if refusal is not None:
        assert replies == [refusal]
        assert asked._state is state
    elif verb in (Verb.HELO, Verb.EHLO) and state in ASKING:
        assert codes(replies) == [250]
        assert asked._state is state
    elif verb is Verb.BDAT:
        assert codes(replies) == [250]
        assert asked._state is SessionState.CHUNKS
    else:
        assert len(replies) == 1
        assert asked._state is TABLE[verb][state]


@pytest.mark.parametrize("state", SessionState, ids=lambda state: state.name)
def test_what_a_driver_tells_out_of_turn_is_its_own_mistake(state: SessionState) -> None:
    """A RuntimeError for a verdict or for TLS that was not asked for; the end may come anywhere."""
    if state is not SessionState.SETTLING:
        with pytest.raises(RuntimeError, match="cannot happen"):
            session_in(state).tell(Settled(KEPT))
    if state is not SessionState.CHECKING:
        with pytest.raises(RuntimeError, match="cannot happen"):
            session_in(state).tell(LoginChecked(LOGIN_RIGHT))
    if state not in (SessionState.SECURING, SessionState.NEW):
        with pytest.raises(RuntimeError, match="cannot happen"):
            session_in(state).tell(Secured())
    for end in (Lost(), Ended(KEPT)):
        ended = session_in(state)
        ended.tell(end)
        assert ended._state is SessionState.CLOSED
        assert ended.tell(end) == []


def test_one_place_alone_moves_a_session() -> None:
    """Besides the first state, `_state` is assigned once: by a look-up in the table."""
    tree = ast.parse(Path(str(session.__file__)).read_text(encoding="utf-8"))
    found = [
        (function.name, ast.unparse(node))
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef)
        for node in ast.walk(function)
        if isinstance(node, ast.Attribute) and node.attr == "_state" and isinstance(node.ctx, ast.Store)
    ]
    assert found == [("__init__", "self._state"), ("_move", "self._state")]
    moves = [ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.Assign)]
    assert "self._state = NEXT[event][self._state]" in moves


def test_a_session_shows_three_calls_and_nothing_else() -> None:
    """`start`, `receive` and `tell`."""
    assert {name for name in dir(Session) if not name.startswith("_")} == {"start", "receive", "tell"}


def hints(*packets: bytes) -> list[object]:
    """Return how to read on, as a session says it while packets come."""
    said = run_with_hints(Session(RULES), packets)
    return [output for output in said if isinstance(output, ContentFollows | CommandsFollow)]


@pytest.mark.parametrize(
    ("packets", "expected"),
    [
        ((TRANSACTION,), [ContentFollows(UNTIL_END_MARK)]),
        ((TRANSACTION, b"x\r\n", b".\r\n"), [ContentFollows(UNTIL_END_MARK)]),
        ((TRANSACTION + b"x\r\n.\r\n",), []),
        ((TRANSACTION, b"x" * 150, b"\r\n.\r\n"), [ContentFollows(UNTIL_END_MARK), CommandsFollow()]),
        ((OPENED, b"BDAT 9\r\nabc", b"de"), [ContentFollows(6), ContentFollows(4)]),
        ((OPENED, b"BDAT 3\r\nabc", b"NOOP\r\n", b"RSET\r\n"), [ContentFollows(0), CommandsFollow()]),
        ((OPENED, b"BDAT 3\r\nabc", b"BDAT 2 LAST\r\nab"), [ContentFollows(0)]),
        ((b"BDAT 3\r\n", b"abc"), [ContentFollows(3), CommandsFollow()]),
        ((OPENED, b"BDAT 3\r\nabc", b"EHLO a\r\n"), [ContentFollows(0), CommandsFollow()]),
        ((b"EHLO a\r\nNOOP\r\n",), []),
    ],
)
def test_a_session_says_what_follows_where_that_changes(packets: list[bytes], expected: list[object]) -> None:
    """The driver reads much of a message at once, all of a chunk, and little of commands."""
    assert hints(*packets) == expected


class SlowContent(MemoryContent):
    """Takes longer to write than the octets take to come."""

    is_behind = True


class SlowStore(MemoryContentStore):
    def open(self) -> SlowContent:
        return SlowContent()


@pytest.mark.parametrize("said", [TRANSACTION + b"abc", OPENED + b"BDAT 9\r\nabc"])
def test_content_that_is_behind_is_an_output(said: bytes) -> None:
    """The driver stops reading, and knows what to wait for."""
    slow = Session(RULES, content_store=SlowStore())
    last = slow.receive(said)[-1]
    assert isinstance(last, ContentBehind)
    assert isinstance(last.content, SlowContent)


def test_octets_behind_a_message_are_told_with_it() -> None:
    """So that no more of them is read."""
    for behind, is_followed in ((b"", False), (b"NOOP\r\n", True)):
        last = Session(RULES).receive(TRANSACTION + b"x\r\n.\r\n" + behind)[-1]
        assert getattr(last, "is_followed", None) is is_followed


@pytest.mark.parametrize(
    ("said", "code", "size_octets"),
    [
        (TRANSACTION + b"x" * 150 + b"\r\n.\r\nNOOP\r\n", 552, 152),
        (OPENED + b"BDAT 60\r\n" + b"x" * 60 + b"BDAT 50\r\n" + b"x" * 50 + b"NOOP\r\n", 552, 110),
    ],
)
def test_a_refused_message_is_an_output_before_its_reply(said: bytes, code: int, size_octets: int) -> None:
    """With what the log has of it, and in order."""
    outputs = Session(RULES).receive(said)
    (at,) = [at for at, output in enumerate(outputs) if isinstance(output, MessageRefused)]
    refused, reply = outputs[at], outputs[at + 1]
    assert isinstance(refused, MessageRefused)
    assert isinstance(reply, Reply)
    assert (refused.reply, refused.size_octets, refused.recipients) == (reply, size_octets, ("bob@example.com",))
    assert (reply.code, refused.hello) == (code, "a")
    assert codes(outputs[at + 2 :]) == [250]


@pytest.mark.parametrize(("said", "hello"), [(b"", ""), (b"EHLO Client.example\r\n", "Client.example")])
def test_the_end_names_the_peer(said: bytes, hello: str) -> None:
    """For the log, whichever side ends the session."""
    for end in (Lost(), Ended(KEPT)):
        ended = Session(RULES)
        ended.receive(said)
        last = ended.tell(end)[-1]
        assert getattr(last, "hello", None) == hello


class CountingGate:
    """Accepts everything, and counts what is spent."""

    spent = 0
    refusal: Reply | None = None

    def judge_login(self, name: str) -> Reply | None:
        return None

    def judge_sender(self, sender: object) -> Reply | None:
        return self.refusal

    def judge_size(self, size_octets: int) -> Reply | None:
        return None

    def judge_recipient(self, sender: object, inbox: str) -> Reply | None:
        return None

    def judge_message(self, sender: object, inboxes: object) -> Reply | None:
        return None

    def spend_message(self) -> None:
        self.spent += 1


def test_an_accepted_sender_alone_spends() -> None:
    """Neither a refused one, nor one that the session does not take."""
    gate = CountingGate()
    asked = Session(RULES, gate)
    asked.receive(b"EHLO a\r\nMAIL FROM:<>\r\nMAIL FROM:<>\r\nRSET\r\nMAIL FROM:<> SIZE=1000\r\nMAIL FROM:x y\r\n")
    assert gate.spent == 1
    gate.refusal = Reply.of(450, "4.7.1 Later")
    asked.receive(b"MAIL FROM:<>\r\n")
    assert gate.spent == 1
    gate.refusal = None
    asked.receive(b"MAIL FROM:<>\r\n")
    assert gate.spent == 2
