"""Plays the transcripts in tests/dialogues: any cut of the octets gives the same replies."""

from __future__ import annotations

import re

import pytest

from tests.smtp.dialogue import FOLDER, Dialogue, Player, align, read_dialogue, read_dialogues, unescape

DIALOGUES = read_dialogues()
CUT_ALL_BELOW_OCTETS = 700

CUT = [dialogue for dialogue in DIALOGUES if not dialogue.is_about_packets]

each_dialogue = pytest.mark.parametrize("dialogue", DIALOGUES, ids=[dialogue.name for dialogue in DIALOGUES])
each_that_may_be_cut = pytest.mark.parametrize("dialogue", CUT, ids=[dialogue.name for dialogue in CUT])


def split(flights: list[bytes], place: int) -> list[bytes]:
    """Cut in two the flight at a place, counted from the beginning of the first flight."""
    packets, start = [], 0
    for flight in flights:
        at = min(max(place - start, 0), len(flight))
        packets += [packet for packet in (flight[:at], flight[at:]) if packet]
        start += len(flight)
    return packets


@each_dialogue
def test_a_dialogue_goes_as_written(dialogue: Dialogue) -> None:
    """Each step is answered before the client goes on."""
    player = Player(dialogue)
    for step in dialogue.steps:
        assert align(player.send(step.packets), step.expected) == list(step.expected)


@each_that_may_be_cut
def test_a_dialogue_goes_the_same_octet_by_octet(dialogue: Dialogue) -> None:
    """TCP has no packets: a client on a slow line says the same thing (RFC 9293 section 3.8)."""
    events = Player(dialogue).send(bytes([octet]) for octet in dialogue.octets)
    assert align(events, dialogue.expected) == dialogue.expected


@each_that_may_be_cut
def test_a_dialogue_goes_the_same_in_one_packet(dialogue: Dialogue) -> None:
    """A client that waits for no reply gets them all, in order (RFC 2920 section 3.2)."""
    assert align(Player(dialogue).send(dialogue.flights), dialogue.expected) == dialogue.expected


@each_that_may_be_cut
def test_a_dialogue_goes_the_same_cut_in_two_at_every_place(dialogue: Dialogue) -> None:
    """Where a packet ends has no meaning, least of all within an end mark (CVE-2023-51764)."""
    octets = dialogue.octets
    stride = 1 + len(octets) // CUT_ALL_BELOW_OCTETS
    for cut in range(1, len(octets), stride):
        events = Player(dialogue).send(split(dialogue.flights, cut))
        assert align(events, dialogue.expected) == dialogue.expected, f"cut at {cut}"


@each_dialogue
def test_a_dialogue_says_what_it_shows(dialogue: Dialogue) -> None:
    """A title, and the section or the attack that it is about."""
    title, *rest = dialogue.comment.split("\n")
    assert title.endswith(".")
    assert re.search(r"RFC \d+ section \d|CVE-\d{4}-\d+", "\n".join(rest))


def test_there_are_dialogues() -> None:
    """An empty folder would pass everything, and so would one of dialogues that are never cut."""
    assert len(DIALOGUES) >= 150
    assert len(DIALOGUES) - len(CUT) < 10
    assert [path.name for path in FOLDER.iterdir() if path.suffix not in (".txt", ".md")] == []


@pytest.mark.parametrize("line", ["Q: QUIT", "= max_fun 3", "C QUIT", "M: no message is open", "s: 250"])
def test_a_line_of_no_known_form_is_an_error(line: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A slip in a transcript must not pass for a test."""
    path = tmp_path_factory.mktemp("dialogue") / "slip.txt"
    path.write_text(f"# Title.\nC: NOOP\nS: 250\n{line}\n")
    with pytest.raises(ValueError, match=r"slip|rule"):
        read_dialogue(path)


def test_escapes_stand_for_octets() -> None:
    """What no text file can hold is spelled."""
    assert unescape(r"a\r\n\t\\\x00\xfF\{3*\xe9}é") == b"a\r\n\t\\\0\xff\xe9\xe9\xe9" + "é".encode()


def test_a_reply_too_many_or_too_few_does_not_agree() -> None:
    """As many replies as expected, in order, each beginning with the words that stand there."""
    dialogue = next(dialogue for dialogue in DIALOGUES if dialogue.name == "noop")
    events = Player(dialogue).send([dialogue.octets])
    assert align(events, dialogue.expected) == dialogue.expected
    for wrong in (dialogue.expected[:-1], [*dialogue.expected, ("250",)], [("25",), *dialogue.expected[1:]]):
        assert align(events, wrong) != wrong
