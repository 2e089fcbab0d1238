"""Plays the transcripts in tests/dialogues_pop3: any cut of the octets gives the same answers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.pop3.dialogue import FOLDER, Pop3Dialogue, agrees, read_dialogue, read_dialogues, show

if TYPE_CHECKING:
    from pathlib import Path

DIALOGUES = read_dialogues()
CUT = [dialogue for dialogue in DIALOGUES if not dialogue.is_about_packets]
PLAIN = [dialogue for dialogue in CUT if not dialogue.has_tls]
each_dialogue = pytest.mark.parametrize("dialogue", DIALOGUES, ids=[dialogue.name for dialogue in DIALOGUES])
each_plain = pytest.mark.parametrize("dialogue", PLAIN, ids=[dialogue.name for dialogue in PLAIN])
each_that_may_be_cut = pytest.mark.parametrize("dialogue", CUT, ids=[dialogue.name for dialogue in CUT])


def written(dialogue: Pop3Dialogue) -> list[bytes | str]:
    """Return what came of a dialogue as it is written."""
    player = dialogue.play()
    player.send(dialogue.packets)
    return player.said


@each_dialogue
def test_a_dialogue_goes_as_written(dialogue: Pop3Dialogue) -> None:
    """Each step is answered before the client goes on, by these lines and no others."""
    player = dialogue.play()
    for packets, expected in dialogue.steps:
        player.said.clear()
        player.send(packets)
        lines = show(player.said)
        assert len(lines) == len(expected), lines
        assert [line for line, wanted in zip(lines, expected, strict=True) if not agrees(line, wanted)] == []


@each_that_may_be_cut
@pytest.mark.parametrize("piece_octets", [1, 3])
def test_a_dialogue_goes_the_same_octet_by_octet(dialogue: Pop3Dialogue, piece_octets: int) -> None:
    """Neither the packets of the client nor the pieces of a message have a meaning."""
    player = dialogue.play(piece_octets)
    player.send(bytes([octet]) for octet in dialogue.octets)
    assert player.said == written(dialogue)


@each_plain
def test_a_dialogue_goes_the_same_in_one_packet(dialogue: Pop3Dialogue) -> None:
    """A client that waits for no answer gets them all, in order (RFC 2449 section 6.6)."""
    player = dialogue.play()
    player.send([dialogue.octets])
    assert player.said == written(dialogue)


@each_plain
def test_a_dialogue_goes_the_same_cut_in_two_at_every_place(dialogue: Pop3Dialogue) -> None:
    """Where a packet ends has no meaning."""
    octets, expected = dialogue.octets, written(dialogue)
    for cut in range(1, len(octets), 1 + len(octets) // 700):
        player = dialogue.play()
        player.send([octets[:cut], octets[cut:]])
        assert player.said == expected, f"cut at {cut}"


@each_dialogue
def test_a_dialogue_says_what_it_shows(dialogue: Pop3Dialogue) -> None:
    """A title, and the section or the attack that it is about."""
    title, *rest = dialogue.comment.split("\n")
    assert title.endswith(".")
    assert re.search(r"RFC \d+ section \d|CVE-\d{4}-\d+", "\n".join(rest))


def test_there_are_dialogues() -> None:
    """An empty folder would pass everything."""
    assert len(DIALOGUES) >= 40
    assert len(DIALOGUES) - len(CUT) <= 4
    assert [path.name for path in FOLDER.iterdir() if path.suffix not in (".txt", ".md")] == []


@pytest.mark.parametrize("line", ["Q: QUIT", "= max_fun 3", "C QUIT", "s: +OK"])
def test_a_line_of_no_known_form_is_an_error(line: str, tmp_path: Path) -> None:
    """A slip in a transcript must not pass for a test."""
    path = tmp_path / "slip.txt"
    path.write_text(f"# Title.\nC: NOOP\nS: +OK\n{line}\n")
    with pytest.raises(ValueError, match=r"slip|rule"):
        read_dialogue(path)
