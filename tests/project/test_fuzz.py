"""The fuzzers' invariants on the corpus and its mutations, without a fuzzing engine."""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from fuzz.arguments import PARSERS, check_parser
from fuzz.gatekeeper import NEVER, Gatekeeper
from fuzz.invariants import HAS_GATE, HAS_LITTLE_ROOM, ROOM_OCTETS, check_session
from fuzz.messages import check_reader
from fuzz.mutations import CORPUS, READER, Mutator
from fuzz.play import HEADER_OCTETS
from fuzz.seed import make_parser_seeds, make_session_seeds
from fuzz.swarm import BLOCK_INPUTS, run
from fuzz.tracked_content import TrackedContent

from edgemail import mime
from edgemail.model import Address
from edgemail.smtp import Close, Reply, Session, replies, session
from edgemail.smtp.body import DataReader
from edgemail.smtp.commands import Verb

Check = Callable[[bytes], None]

SESSIONS = Mutator("session")
ARGUMENTS = Mutator("parsers")
MESSAGES = Mutator(READER)
CORPUS_MAX_OCTETS = 300_000
READ_BEFORE = mime.read
KEPT_HELLO = b"\0" * HEADER_OCTETS + b"EHLO a\r\n"
MAIL = KEPT_HELLO + b"MAIL FROM:<>\r\nRCPT TO:<Ann@example.com>\r\nDATA\r\n"

each_fuzzer = pytest.mark.parametrize(
    ("check", "mutator", "count"),
    [(check_session, SESSIONS, 5000), (check_parser, ARGUMENTS, 30_000), (check_reader, MESSAGES, 1500)],
    ids=["session", "parsers", READER],
)


@each_fuzzer
def test_the_corpus_breaks_no_rule(check: Check, mutator: Mutator, count: int) -> None:
    """Every input of the corpus keeps all invariants."""
    assert mutator.corpus
    for octets in mutator.corpus:
        check(octets)


@each_fuzzer
def test_mutations_of_the_corpus_break_no_rule(check: Check, mutator: Mutator, count: int) -> None:
    """Seeded mutations keep all invariants; the message of a failure has the input."""
    chance = random.Random(5321)
    for _ in range(count):
        octets = mutator.mutate(chance.choice(mutator.corpus), chance)
        try:
            check(octets)
        except Exception as error:
            raise AssertionError(f"{octets!r} breaks a rule") from error


def test_the_engine_loads_nothing_that_it_is_to_watch() -> None:
    """The instrumented modules are not imported before atheris instruments them."""
    code = "import sys, fuzz.mutations; sys.exit('edgemail' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=CORPUS.parents[1])


@pytest.mark.parametrize(("part", "blocks"), [("session", 5), ("parsers", 20), (READER, 2)])
def test_a_swarm_breaks_no_rule(part: str, blocks: int) -> None:
    """The swarm checks as many inputs as it reports, each block of a few pieces."""
    assert run(part, blocks * BLOCK_INPUTS, seed=5321) == blocks * BLOCK_INPUTS


@pytest.mark.parametrize(
    ("folder", "seeds"),
    [("session", make_session_seeds()), ("parsers", make_parser_seeds())],
    ids=["session", "parsers"],
)
def test_every_dialogue_is_in_the_corpus(folder: str, seeds: dict[str, bytes]) -> None:
    """The committed seeds are those that `make seed` makes of the transcripts."""
    assert seeds
    assert [stem for stem, octets in seeds.items() if (CORPUS / folder / stem).read_bytes() != octets] == []


def test_the_corpus_is_small() -> None:
    """The corpus stays small."""
    assert sum(map(len, SESSIONS.corpus + ARGUMENTS.corpus)) < CORPUS_MAX_OCTETS


def test_every_parser_has_seeds() -> None:
    """Every parser has seeds, as a choice without seeds would hardly be tested."""
    assert {octets[0] % 8 for octets in ARGUMENTS.corpus} == set(range(len(PARSERS)))


@pytest.mark.parametrize(
    ("said", "verb", "outputs"),
    [
        (b"NOOP\r\n", Verb.NOOP, []),
        (b"NOOP\r\n", Verb.NOOP, [Reply.of(250, "2.0.0 OK")] * 2),
        (b"HELP\r\n", Verb.HELP, [Reply.of(214, "2.0.0 What the peer said")]),
        (b"HELP\r\nHELP\r\n", Verb.HELP, [Reply.of(214, "2.0.0 OK"), Close()]),
    ],
    ids=["no reply", "two replies", "a reply of the peer's words", "an end that is none"],
)
def test_a_wrong_answer_is_found(said: bytes, verb: Verb, outputs: list[Any], monkeypatch: Any) -> None:
    """The invariants detect a missing, a doubled and a steered reply, and a wrong end."""
    check_session(KEPT_HELLO + said)
    monkeypatch.setitem(session._OBEY, verb, lambda *_: list(outputs))
    with pytest.raises(AssertionError):
        check_session(KEPT_HELLO + said)


@pytest.mark.parametrize(
    "change",
    [{"content": b"x"}, {"recipients": ()}, {"recipients": ("Ann@example.com",)}, {"protocol": "a\r\nb"}],
    ids=str,
)
def test_a_wrong_delivery_is_found(change: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """The invariants detect wrong content, recipients and trace fields."""
    hand_over = Session._hand_over
    check_session(MAIL + b"one\r\n.\r\n")
    monkeypatch.setattr(Session, "_hand_over", lambda *given: hand_over(*given)._replace(**change))
    with pytest.raises(AssertionError):
        check_session(MAIL + b"one\r\n.\r\n")


def test_a_smuggled_message_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The invariants detect a reader that accepts LF.LF as an end mark (CVE-2023-51764)."""
    stream = MAIL + b"one\n.\nMAIL FROM:<x@y.example>\r\n.\r\n"
    feed = DataReader.feed
    check_session(stream)
    monkeypatch.setattr(DataReader, "feed", lambda reader, data: feed(reader, data.replace(b"\n.\n", b"\r\n.\r\n")))
    with pytest.raises(AssertionError):
        check_session(stream)


def test_a_reader_that_depends_on_packets_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The invariants detect a reader that loses the start of an end mark between packets."""
    octets = MAIL + b"one\r\n.\r\n"
    first = len(MAIL) - HEADER_OCTETS
    stream = bytes([0, 0, 1, *first.to_bytes(2, "big")]) + octets[5:]
    check_session(stream)
    monkeypatch.setattr("edgemail.smtp.body._UNDECIDED", ())
    with pytest.raises(AssertionError):
        check_session(stream)


def test_a_gate_that_is_not_asked_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The invariants detect a chunk that is kept although its message was refused."""
    stream = bytes([HAS_GATE]) + MAIL[1:-6] + b"BDAT 1\r\nxBDAT 1 LAST\r\ny"
    monkeypatch.setattr(Gatekeeper, "judge_sender", lambda *_: None)
    monkeypatch.setattr(Gatekeeper, "judge_recipient", lambda *_: None)
    monkeypatch.setattr(Gatekeeper, "judge_message", lambda *_: NEVER)
    check_session(stream)
    judge = Session._judge_message
    monkeypatch.setattr(Session, "_judge_message", lambda session: judge(session) and replies.CHUNK_OK)
    with pytest.raises(AssertionError):
        check_session(stream)


def test_a_message_that_is_forgotten_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The invariants detect chunks that are not discarded after RSET."""
    stream = MAIL[:-6] + b"BDAT 1\r\nxRSET\r\n"
    check_session(stream)
    monkeypatch.setattr(TrackedContent, "discard", lambda _: None)
    with pytest.raises(AssertionError):
        check_session(stream)


def test_a_message_that_finds_no_room_but_is_taken_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The invariants detect a session that ignores a full room."""
    stream = bytes([HAS_LITTLE_ROOM]) + MAIL[1:] + b"x" * (ROOM_OCTETS + 1) + b"\r\n.\r\n"
    check_session(stream)
    monkeypatch.setattr(TrackedContent, "is_refused", False)
    with pytest.raises(AssertionError):
        check_session(stream)


def test_an_inbox_with_two_names_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The invariants detect an inbox name that is not in canonical form."""
    check_parser(b"\0Ann@example.com")
    monkeypatch.setattr(Address, "inbox", property(str))
    with pytest.raises(AssertionError):
        check_parser(b"\0Ann@example.com")


READ = b"Subject: x\r\nContent-Type: application/pdf; name=a.pdf\r\n\r\nabc"


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("summarize", lambda octets: replace(mime.read(octets).summary, subject="y")),
        ("attachment", lambda octets, number: (mime.read(octets).summary.attachments[0], b"ab")),
        ("read", lambda octets: replace(READ_BEFORE(octets), text="x" * 10_000)),
    ],
    ids=["a list that differs", "a file of another size", "text that grows"],
)
def test_a_wrong_reading_is_found(name: str, wrong: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The invariants detect a reader that contradicts itself, and one whose text grows without bound."""
    check_reader(READ)
    monkeypatch.setattr(mime, name, wrong)
    with pytest.raises(AssertionError):
        check_reader(READ)


def test_a_line_end_in_a_subject_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The invariants detect a subject that would break a line of the list."""
    read = mime.read(READ)
    broken = replace(read, summary=replace(read.summary, subject="a\nb"))
    monkeypatch.setattr(mime, "read", lambda _: broken)
    monkeypatch.setattr(mime, "summarize", lambda _: broken.summary)
    with pytest.raises(AssertionError):
        check_reader(READ)
