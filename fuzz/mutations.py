"""Changes an input as the engine seldom would: by words of SMTP or MIME, and by parts of other inputs."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from tests.mime.vectors import read_vectors

from fuzz.play import HEADER_OCTETS

if TYPE_CHECKING:
    import random

CORPUS = Path(__file__).with_name("corpus")
READER = "reader"
"""The part whose seeds are the messages of tests/vectors/mime."""
POP3 = "pop3"
"""The part whose seeds are the transcripts of tests/dialogues_pop3."""

_DICTIONARIES = {READER: Path(__file__).with_name("mime.dict"), POP3: Path(__file__).with_name("pop3.dict")}
_SMTP = Path(__file__).with_name("smtp.dict")


def read_corpus(part: str) -> list[bytes]:
    """Return the committed inputs for a part."""
    if part == READER:
        return [vector.octets for vector in read_vectors()]
    if part == POP3:
        return _read_pop3_dialogues()
    return [path.read_bytes() for path in sorted((CORPUS / part).iterdir())]


def _read_pop3_dialogues() -> list[bytes]:
    # Imported here, as the engine must see the session's modules first.
    from tests.pop3.dialogue import read_dialogues

    from fuzz.pop3_invariants import HEADER_OCTETS

    return [bytes(HEADER_OCTETS) + dialogue.octets for dialogue in read_dialogues()]


def read_words(part: str) -> list[bytes]:
    """Return the words of the part's dictionary."""
    text = _DICTIONARIES.get(part, _SMTP).read_text(encoding="ascii")
    lines = re.findall(r'^"(.*)"$', text, re.MULTILINE)
    return [line.encode().decode("unicode_escape").encode("latin-1") for line in lines]


class Mutator:
    """Changes inputs; the same random numbers make the same changes."""

    def __init__(self, part: str) -> None:
        self.corpus = read_corpus(part)
        self.words = read_words(part)

    def mutate(self, octets: bytes, chance: random.Random) -> bytes:
        """Mutate an input in one or a few places."""
        changed = bytearray(octets)
        for _ in range(chance.randint(1, 4)):
            start = chance.randint(0, len(changed))
            end = min(len(changed), start + chance.randint(0, 12))
            match chance.randrange(7):
                case 0:
                    changed[start:end] = b""
                case 1:
                    changed[start:start] = changed[start:end]
                case 2:
                    changed[start:end] = chance.choice(self.words)
                case 3:
                    changed[start:start] = chance.choice(self.words)
                case 4:
                    changed[start:end] = chance.randbytes(chance.randint(1, 3))
                case 5 if changed:
                    changed[chance.randrange(min(HEADER_OCTETS, len(changed)))] = chance.randrange(256)
                case _:
                    other = chance.choice(self.corpus)
                    changed[start:] = other[chance.randint(0, len(other)) :]
        return bytes(changed)
