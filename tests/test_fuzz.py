"""The fuzzers' invariants on the corpus and its mutations, without a fuzzing engine."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from fuzz.invariants import HEADER_OCTETS, PARSERS, check_parser, check_session
from fuzz.mutations import CORPUS, Mutator
from fuzz.seed import make_parser_seeds, make_session_seeds

from edgemail.model import Address
from edgemail.smtp import Close, Reply, Session, session
from edgemail.smtp.body import DataReader
from edgemail.smtp.commands import Verb

Check = Callable[[bytes], None]

SESSIONS = Mutator("session")
ARGUMENTS = Mutator("parsers")
CORPUS_MAX_OCTETS = 300_000
KEPT_HELLO = b"\0" * HEADER_OCTETS + b"EHLO a\r\n"
MAIL = KEPT_HELLO + b"MAIL FROM:<>\r\nRCPT TO:<Ann@example.com>\r\nDATA\r\n"

each_fuzzer = pytest.mark.parametrize(
    ("check", "mutator", "count"),
    [(check_session, SESSIONS, 5000), (check_parser, ARGUMENTS, 30_000)],
    ids=["session", "parsers"],
)


@each_fuzzer
def test_the_corpus_breaks_no_rule(check: Check, mutator: Mutator, count: int) -> None:
    """What was found to be worth keeping is played again."""
    assert mutator.corpus
    for octets in mutator.corpus:
        check(octets)


@each_fuzzer
def test_mutations_of_the_corpus_break_no_rule(check: Check, mutator: Mutator, count: int) -> None:
    """The same ones each time: an input that fails is in the message."""
    chance = random.Random(5321)
    for _ in range(count):
        octets = mutator.mutate(chance.choice(mutator.corpus), chance)
        try:
            check(octets)
        except Exception as error:
            raise AssertionError(f"{octets!r} breaks a rule") from error


@pytest.mark.parametrize(
    ("folder", "seeds"),
    [("session", make_session_seeds()), ("parsers", make_parser_seeds())],
    ids=["session", "parsers"],
)
def test_every_dialogue_is_in_the_corpus(folder: str, seeds: dict[str, bytes]) -> None:
    """Whoever changes one says `make seed`."""
    assert seeds
    assert [stem for stem, octets in seeds.items() if (CORPUS / folder / stem).read_bytes() != octets] == []


def test_the_corpus_is_small() -> None:
    """It is cloned by everyone."""
    assert sum(map(len, SESSIONS.corpus + ARGUMENTS.corpus)) < CORPUS_MAX_OCTETS


def test_every_parser_has_seeds() -> None:
    """A choice that no seed makes would hardly be looked at."""
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
    """The invariants can fail: one reply a command, none of them steered, and an end that is one."""
    check_session(KEPT_HELLO + said)
    monkeypatch.setitem(session._OBEY, verb, lambda *_: list(outputs))
    with pytest.raises(AssertionError):
        check_session(KEPT_HELLO + said)


@pytest.mark.parametrize(
    "change",
    [{"content": b"x"}, {"recipients": ()}, {"recipients": ("Ann@example.com",)}, {"hello": "a\r\nb"}],
    ids=str,
)
def test_a_wrong_delivery_is_found(change: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """The same for what is stored, for whom, and under which header fields."""
    hand_over = Session._hand_over
    check_session(MAIL + b"one\r\n.\r\n")
    monkeypatch.setattr(Session, "_hand_over", lambda *given: replace(hand_over(*given), **change))
    with pytest.raises(AssertionError):
        check_session(MAIL + b"one\r\n.\r\n")


def test_a_smuggled_message_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader that takes LF.LF for an end mark (CVE-2023-51764)."""
    stream = MAIL + b"one\n.\nMAIL FROM:<x@y.example>\r\n.\r\n"
    feed = DataReader.feed
    check_session(stream)
    monkeypatch.setattr(DataReader, "feed", lambda reader, data: feed(reader, data.replace(b"\n.\n", b"\r\n.\r\n")))
    with pytest.raises(AssertionError):
        check_session(stream)


def test_a_reader_that_depends_on_packets_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that forgets an end mark's beginning between two of them."""
    stream = b"\0\0\1" + MAIL[3:] + b"one\r\n.\r\n"
    check_session(stream)
    monkeypatch.setattr("edgemail.smtp.body._UNDECIDED", ())
    with pytest.raises(AssertionError):
        check_session(stream)


def test_an_inbox_with_two_names_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that keeps its letters as they were written."""
    check_parser(b"\0Ann@example.com")
    monkeypatch.setattr(Address, "inbox", property(str))
    with pytest.raises(AssertionError):
        check_parser(b"\0Ann@example.com")
