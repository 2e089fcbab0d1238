"""Reads the transcripts in tests/dialogues_pop3; see the README there."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from pathlib import Path

from edgemail.pop3.rules import Pop3Rules
from tests.pop3.player import Maildrop, Player
from tests.smtp.dialogue import unescape

FOLDER = Path(__file__).parents[1] / "dialogues_pop3"
HOSTNAME = "pop.example.com"


@dataclass
class Pop3Dialogue:
    """One file. `steps` are what the client sends at once, and the lines that it then gets."""

    name: str
    comment: str = ""
    rules: dict[str, object] = field(default_factory=dict)
    maildrop: Maildrop = field(default_factory=Maildrop)
    steps: list[tuple[list[bytes], list[str]]] = field(default_factory=list)
    is_about_packets: bool = False

    def play(self, piece_octets: int = 1000) -> Player:
        """Begin a session."""
        return Player(Pop3Rules(HOSTNAME, **self.rules), self.maildrop, piece_octets=piece_octets)  # type: ignore[arg-type]

    @property
    def packets(self) -> list[bytes]:
        """All that the client sends, packet by packet."""
        return [packet for packets, _ in self.steps for packet in packets]

    @property
    def has_tls(self) -> bool:
        """True if TLS begins: nothing may stand in the packet of STLS."""
        return any("T:" in expected for _, expected in self.steps)

    @property
    def octets(self) -> bytes:
        """All that the client sends."""
        return b"".join(self.packets)


def show(said: list[bytes | str]) -> list[str]:
    """Return what came of a session as lines, as they stand in a transcript."""
    lines = []
    for part in said:
        if isinstance(part, str):
            lines.append(part)
        else:
            assert part.endswith(b"\r\n"), part
            lines += [f"S: {line.decode('latin-1')}" for line in part[:-2].split(b"\r\n")]
    return lines


def agrees(line: str, expected: str) -> bool:
    """Return True if a line is the expected one; `...` at the end stands for anything."""
    return line.startswith(expected[:-3]) if expected.endswith("...") else line == expected


def read_dialogue(path: Path) -> Pop3Dialogue:
    """Read a transcript.

    Raises:
        ValueError: a line is none of the known forms.
    """
    dialogue, comment = Pop3Dialogue(path.stem), []
    for line in path.read_text(encoding="utf-8").splitlines():
        mark, text = line[:2], line[3:]
        if line.startswith("# "):
            comment.append(line[2:])
        elif line.startswith("= "):
            _read_field(dialogue, *line[2:].split(" ", 1))
        elif mark == "M|":
            dialogue.maildrop.messages.append(unescape(text))
        elif mark in ("C:", "C|"):
            if not dialogue.steps or dialogue.steps[-1][1]:
                dialogue.steps.append(([], []))
            octets = unescape(text) if mark == "C|" else text.encode() + b"\r\n"
            dialogue.steps[-1][0].append(octets)
        elif mark in ("S:", "S|", "D:", "T:", "X:") and dialogue.steps:
            shown = f"S: {unescape(text).decode('latin-1')}" if mark == "S|" else line
            dialogue.steps[-1][1].append(shown)
        elif line:
            raise ValueError(f"{path.name}: {line!r} is no line of a transcript")
    dialogue.comment = "\n".join(comment)
    return dialogue


def _read_field(dialogue: Pop3Dialogue, name: str, value: str) -> None:
    drop = dialogue.maildrop
    numbers = {"gone": drop.gone, "cut_short": drop.cut_short, "stuck": drop.stuck}
    if name in numbers:
        numbers[name].add(int(value))
    elif name == "password":
        drop.password = value.encode()
    elif name == "deletion":
        drop.may_delete = value == "on"
    elif name == "played":
        dialogue.is_about_packets = value == "as_written"
    elif name in {known.name for known in fields(Pop3Rules)}:
        dialogue.rules[name] = {"true": True, "false": False}.get(value, int(value) if value.isdigit() else value)
    else:
        raise ValueError(f"{dialogue.name}: {name!r} is no rule")


def read_dialogues() -> list[Pop3Dialogue]:
    """Read all transcripts."""
    return [read_dialogue(path) for path in sorted(FOLDER.glob("*.txt"))]
