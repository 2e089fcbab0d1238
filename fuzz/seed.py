"""Makes the seeds in fuzz/corpus from the transcripts in tests/dialogues.

The reader's seeds are the messages of tests/vectors/mime; `write_reader_seeds` writes them where the engine
looks for files.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import TYPE_CHECKING

from tests.smtp.dialogue import read_dialogues

from fuzz.invariants import (
    HAS_DOMAINS,
    IS_REFUSED,
    IS_SECURE,
    OFFERS_AUTH,
    OFFERS_TLS,
    REFUSES_BARE,
    REQUIRES_AUTH,
    REQUIRES_TLS,
    TAKES_LF,
)
from fuzz.mutations import CORPUS, POP3, READER, read_corpus

if TYPE_CHECKING:
    from tests.smtp.dialogue import Dialogue

    from edgemail.smtp import SessionRules

_STREAM_OCTETS = 6000
_ARGUMENT_OCTETS = 400
_CUT_ALL_OCTETS = 100
_SMALL = 20
_STRICT, _STRICTEST, _PATIENT = 1, 2, 3
_TARGETS = {b"MAIL": 2, b"RCPT": 3, b"BDAT": 4, b"HELO": 5, b"EHLO": 5, b"AUTH": 6}
_OPTIONS = 3 << 3
_HELLO = b"EHLO a\r\n"
_MESSAGE = b"MAIL FROM:<a@b.example>\r\nRCPT TO:<c@example.com>\r\nDATA\r\nx\r\n.\r\n"
# What no transcript has: flags, the length of packets, and the stream.
_OTHERS = {
    "tls": (OFFERS_TLS, 1, _HELLO + b"STARTTLS\r\n" + _MESSAGE + _HELLO + _MESSAGE),
    "tls-injected": (OFFERS_TLS, 0, _HELLO + b"STARTTLS\r\n" + _HELLO),
    "tls-auth": (
        OFFERS_TLS | OFFERS_AUTH,
        1,
        b"EHLO a\r\nAUTH PLAIN AGEAYg==\r\nSTARTTLS\r\nEHLO a\r\nAUTH LOGIN\r\n",
    ),
    "tls-already": (IS_SECURE | OFFERS_TLS, 0, _HELLO + b"STARTTLS\r\n" + _MESSAGE),
    "refused": (IS_REFUSED, 0, _HELLO + _MESSAGE + _MESSAGE),
    "domain-in-unicode": (
        HAS_DOMAINS,
        0,
        _HELLO + b"MAIL FROM:<> SMTPUTF8\r\nRCPT TO:<a@B\xc3\x9ccher.example>\r\n",
    ),
}
_PATH = re.compile(rb"<([^>]+)>")


def make_session_seeds() -> dict[str, bytes]:
    """Return each dialogue's octets behind a header that is close to its rules, by its name."""
    seeds = {
        name: bytes([flags, _PATIENT, length, 0, 0, 0, 0]) + said for name, (flags, length, said) in _OTHERS.items()
    }
    dialogues = (dialogue for dialogue in read_dialogues() if len(dialogue.octets) <= _STREAM_OCTETS)
    return seeds | {dialogue.name: _write_header(dialogue) + dialogue.octets for dialogue in dialogues}


def make_parser_seeds() -> dict[str, bytes]:
    """Return the dialogues' arguments and paths, behind the choice of a parser, by their hash."""
    seeds: set[bytes] = set()
    lines = {line for dialogue in read_dialogues() for line in dialogue.octets.split(b"\r\n")}
    for line in lines:
        word, _, argument = line.partition(b" ")
        target = _TARGETS.get(word.upper())
        if target is not None and len(line) <= _ARGUMENT_OCTETS:
            seeds.add(bytes([target | _OPTIONS]) + argument)
            seeds.update(b"\0" + path for path in _PATH.findall(argument))
    seeds.update(bytes([1]) + verb + b" x" for verb in _TARGETS)
    seeds.update((b"\6LOGIN\nYQ==\nYg==", b"\6PLAIN\nAGEAYg=="))
    return {hashlib.sha256(seed).hexdigest()[:12]: seed for seed in seeds}


def _write_header(dialogue: Dialogue) -> bytes:
    rules = dialogue.rules
    flags = OFFERS_TLS * rules.offers_tls | OFFERS_AUTH * rules.offers_auth | HAS_DOMAINS * bool(rules.domains)
    flags |= REFUSES_BARE * rules.refuses_bare_newlines
    limits = _choose_limits(rules) | TAKES_LF * (rules.takes_lf_lines or rules.default_domain is not None)
    limits |= REQUIRES_AUTH * rules.requires_auth | REQUIRES_TLS * rules.requires_tls
    first = dialogue.octets.find(b"\r\n") + 1  # within the end of the first line
    length = 1 if len(dialogue.octets) <= _CUT_ALL_OCTETS else 0
    return bytes([flags, limits, length]) + first.to_bytes(2, "big") + bytes(2)


def _choose_limits(rules: SessionRules) -> int:
    if rules.max_message_octets <= _SMALL or min(rules.max_errors, rules.max_idle_commands) < _SMALL // 2:
        return _STRICTEST
    if rules.max_transactions is not None and rules.max_transactions < _SMALL:
        return _STRICTEST
    return _PATIENT if rules.max_message_octets > 10**6 else _STRICT


def write_reader_seeds(folder: Path, part: str = READER) -> None:
    """Write the seeds of the reader or of POP3, one a file."""
    folder.mkdir(parents=True, exist_ok=True)
    for octets in read_corpus(part):
        (folder / hashlib.sha256(octets).hexdigest()[:12]).write_bytes(octets)


def main() -> None:
    """Write the seeds, beside the inputs that are there."""
    for name, seeds in (("session", make_session_seeds()), ("parsers", make_parser_seeds())):
        folder = CORPUS / name
        folder.mkdir(parents=True, exist_ok=True)
        for stem, octets in seeds.items():
            (folder / stem).write_bytes(octets)
    for part in (READER, POP3):
        write_reader_seeds(Path(".fuzz") / f"{part}-seeds", part)


if __name__ == "__main__":
    main()
