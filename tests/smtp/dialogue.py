"""Reads the transcripts in tests/dialogues and plays them to a session; see the README there."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING

from edgemail.smtp import (
    LOGIN_RIGHT,
    LOGIN_WRONG,
    CheckLogin,
    Close,
    Deliver,
    Login,
    LoginChecked,
    Reply,
    Secured,
    Session,
    SessionRules,
    Settled,
    StartTls,
)
from edgemail.system.password_file import StoredPasswords
from tests.smtp.streams import drop_hints

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from edgemail.smtp import Output

FOLDER = Path(__file__).parents[1] / "dialogues"

_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{2})|\{(\d+)\*([^{}]+)\}|([rnt\\/]))")
_NAMED = {"r": b"\r", "n": b"\n", "t": b"\t", "\\": b"\\", "/": b"\0cut\0"}
_CUT = _NAMED["/"]
_CLOSED = "X: the connection is closed"
_AS_WRITTEN = ["played", "as_written"]
_SECURED = "T: TLS begins"
_NONCE = "nonce"
"""The challenge of CRAM-MD5 is always `<nonce@mx.example.com>`."""

Event = tuple[str, ...] | str | bytes
"""A reply as its lines; a delivery as a text, then its content; the close as a text."""


@dataclass(frozen=True, slots=True)
class Step:
    """What the client sends without waiting, packet by packet, and what it then gets."""

    packets: tuple[bytes, ...]
    expected: tuple[Event, ...]


@dataclass(frozen=True, slots=True)
class Dialogue:
    """One file."""

    name: str
    comment: str
    rules: SessionRules
    verdict: Reply
    logins: StoredPasswords
    steps: tuple[Step, ...]
    is_about_packets: bool = False
    """True if the events depend on where packets end."""

    @property
    def flights(self) -> list[bytes]:
        """All that the client sends, split where TLS begins: no packet spans that."""
        flights = [b""]
        for step in self.steps:
            flights[-1] += b"".join(step.packets)
            if _SECURED in step.expected:
                flights.append(b"")
        return [flight for flight in flights if flight]

    @property
    def octets(self) -> bytes:
        """All that the client sends."""
        return b"".join(packet for step in self.steps for packet in step.packets)

    @property
    def expected(self) -> list[Event]:
        """All events that the client must see."""
        return [event for step in self.steps for event in step.expected]


class Player:
    """A session whose outputs become events. Each message is settled at once."""

    def __init__(self, dialogue: Dialogue) -> None:
        self._verdict = dialogue.verdict
        self._logins = dialogue.logins
        self._session = Session(dialogue.rules, make_nonce=lambda: _NONCE)
        self._session.start()

    def send(self, packets: Iterable[bytes]) -> list[Event]:
        """Feed packets; return the events."""
        events: list[Event] = []
        for packet in packets:
            outputs = self._session.receive(packet)
            while outputs:
                events += [event for output in drop_hints(outputs) for event in _describe(output)]
                outputs = self._go_on(outputs[-1])
        return events

    def _go_on(self, last: Output) -> list[Output]:
        if isinstance(last, Deliver):
            return self._session.tell(Settled(self._verdict))
        if isinstance(last, CheckLogin):
            return self._session.tell(LoginChecked(LOGIN_RIGHT if self._is_right(last.login) else LOGIN_WRONG))
        return self._session.tell(Secured()) if isinstance(last, StartTls) else []

    def _is_right(self, login: Login) -> bool:
        if login.challenge:
            return self._logins.matches_cram_md5(login.name, login.challenge, login.secret)
        return self._logins.matches(login.name, login.secret)


def align(events: list[Event], expected: Iterable[Event]) -> list[Event]:
    """Replace each event that agrees with the expected one by it, so that the lists are equal."""
    wanted = list(expected)
    agreed = [want if _agrees(event, want) else event for event, want in zip(events, wanted, strict=False)]
    return agreed + events[len(agreed) :]


def read_dialogues() -> list[Dialogue]:
    """Read every transcript."""
    return [read_dialogue(path) for path in sorted(FOLDER.glob("*.txt"))]


def read_dialogue(path: Path) -> Dialogue:
    """Read one transcript.

    Raises:
        ValueError: a line is not of the format.
    """
    lines = path.read_text(encoding="utf-8").removesuffix("\n").split("\n")
    settings = [line[2:].split() for line in lines if line.startswith("= ")]
    is_about_packets = _AS_WRITTEN in settings
    logins = dict(words[1].split(":", 1) for words in settings if words[0] == "login")
    rules, verdict = _read_rules(words for words in settings if words != _AS_WRITTEN and words[0] != "login")
    comment = "\n".join(line[2:] for line in lines if line.startswith("# "))
    script = [line for line in lines if line and not line.startswith(("# ", "= "))]
    steps = tuple(_read_steps(script, path.name))
    return Dialogue(path.stem, comment, rules, verdict, StoredPasswords(logins, {}), steps, is_about_packets)


def unescape(text: str) -> bytes:
    r"""Read \r \n \t \\ \xHH, \{12*text} for a repetition, and \/ for the end of a packet."""
    octets, position = b"", 0
    for match in _ESCAPE.finditer(text):
        octets += text[position : match.start()].encode()
        position = match.end()
        code, count, repeated, name = match.groups()
        if code:
            octets += bytes.fromhex(code)
        else:
            octets += unescape(repeated) * int(count) if count else _NAMED[name]
    return octets + text[position:].encode()


def _read_rules(words: Iterable[list[str]]) -> tuple[SessionRules, Reply]:
    values: dict[str, int | str | tuple[str, ...]] = {}
    verdict = Reply.of(250, "2.0.0 Kept")
    for name, *given in words:
        if name == "verdict":
            verdict = Reply.of(int(given[0]), " ".join(given[1:]))
        elif name == "domains":
            values[name] = tuple(given)
        elif name in {field.name for field in fields(SessionRules)}:
            values[name] = _read_value(given[0])
        else:
            raise ValueError(f"there is no rule {name!r}")
    return SessionRules("mx.example.com", **values), verdict  # type: ignore[arg-type]


def _read_value(text: str) -> int | str:
    if text in ("true", "false"):
        return text == "true"
    return int(text) if text.isdigit() else text


def _read_steps(script: list[str], name: str) -> Iterator[Step]:
    sent, expected = b"", list[Event]()
    for line in script:
        mark, text = line[:2], line[3:]
        if mark[0] == "C" and expected:
            yield _step(sent, expected)
            sent, expected = b"", []
        match mark:
            case "C:":
                sent += text.encode() + b"\r\n"
            case "C|":
                sent += unescape(text)
            case "S:" if expected and _is_open(expected[-1]):
                expected.append((*expected.pop(), text))
            case "S:":
                expected.append((text,))
            case "D:":
                expected += [f"D: {text}", b""]
            case "M:" | "M|" if isinstance(content := expected.pop(), bytes):
                expected.append(content + (unescape(text) if mark == "M|" else text.encode() + b"\r\n"))
            case "X:":
                expected.append(_CLOSED)
            case "T:":
                expected.append(_SECURED)
            case _:
                raise ValueError(f"{name}: {line!r}")
    yield _step(sent, expected)


def _step(sent: bytes, expected: list[Event]) -> Step:
    return Step(tuple(packet for packet in sent.split(_CUT) if packet), tuple(expected))


def _is_open(event: Event) -> bool:
    """Return True if the last line of a reply says that more follow."""
    return isinstance(event, tuple) and event[-1][3:4] == "-"


def _agrees(event: Event, wanted: Event) -> bool:
    if not (isinstance(event, tuple) and isinstance(wanted, tuple)):
        return event == wanted
    if wanted[0].endswith("..."):
        return all(line.startswith(wanted[0][:3]) for line in event)
    pairs = zip(event, wanted, strict=False)
    return len(event) == len(wanted) and all(f"{line} ".startswith(f"{start} ") for line, start in pairs)


def _describe(output: Output) -> list[Event]:
    match output:
        case Reply():
            return [tuple(output.octets.decode().removesuffix("\r\n").split("\r\n"))]
        case Deliver():
            sender = output.sender or ""
            assert isinstance(output.content, bytes)
            return [f"D: <{sender}> -> {', '.join(output.recipients)}", output.content]
        case StartTls():
            return [_SECURED]
        case CheckLogin():
            return []
        case Close():
            return [_CLOSED]
    raise AssertionError(f"{output} is no output of a dialogue")
