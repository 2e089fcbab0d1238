"""Reads public sample messages with edgemail, Python's `email`, mailparser and postal-mime, and compares.

`python -m scripts.compare_corpora FOLDER...` prints every disagreement that no judgement explains, and counts.
The folders are checkouts of other projects; their messages are never committed here. The judgements are in
`corpus_kinds` (many messages at once) and in `corpus_judgements` (one message each).
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import sys
import time
from collections import Counter
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from testkit.other_readers import Reading, node_readers, read_ours, read_with_python

from scripts.corpus_judgements import JUDGEMENTS
from scripts.corpus_kinds import find_kind

if TYPE_CHECKING:
    from collections.abc import Iterator

_FIELD = re.compile(
    rb"^(from|to|subject|received|date|message-id|mime-version|content-type|return-path|delivered-to)\s*:",
    re.IGNORECASE | re.MULTILINE,
)
_SOURCE = re.compile(
    r"\.(cc?|conf|cs|go|golden|h|hpp|html|java|js|json|lua|md|out|php|pl|py|rb|robot|rs|rtf|sh|snap|ts|xml|ya?ml)"
)
"""Files that hold programs, or what a program says of a message."""
_NO_MAIL = (".expected-output", ".git")
_HEAD_OCTETS = 4000
_OCTETS_MAX = 5_000_000
_SHOWN_CHARS = 600


class Sample(NamedTuple):
    """A message of another project."""

    path: Path
    digest: str
    octets: bytes


class Difference(NamedTuple):
    """One field of a message that two readers read in two ways."""

    sample: Sample
    reader: str
    field: str
    ours: Reading
    theirs: Reading

    @property
    def texts(self) -> tuple[str, str]:
        """The field in both readings, where it is a text."""
        return getattr(self.ours, self.field), getattr(self.theirs, self.field)


def find_samples(folders: list[Path]) -> Iterator[Sample]:
    """Yield every message once."""
    seen = set()
    for folder in folders:
        for root, directories, names in os.walk(folder):
            directories[:] = sorted(name for name in directories if not name.endswith(_NO_MAIL))
            for path in sorted(Path(root) / name for name in names):
                if path.is_symlink() or not is_message(path):
                    continue
                octets = path.read_bytes()
                digest = hashlib.sha256(octets).hexdigest()[:12]
                if digest not in seen:
                    seen.add(digest)
                    yield Sample(path, digest, octets)


def is_message(path: Path) -> bool:
    """Return True if the beginning of a file looks like the header of a message."""
    if _SOURCE.fullmatch(path.suffix) or not 0 < path.stat().st_size <= _OCTETS_MAX:
        return False
    with path.open("rb") as file:
        head = re.split(rb"\r?\n\r?\n", file.read(_HEAD_OCTETS), maxsplit=1)[0]
    found = {name.lower() for name in _FIELD.findall(head)}
    return len(found) >= 2 or (bool(found) and path.suffix in {".eml", ".msg"})


def compare(samples: Iterator[Sample]) -> Iterator[Difference | Sample]:
    """Yield each sample, and then every field in which a reader differs from ours."""
    with node_readers() as read_with_node:
        for sample in samples:
            yield sample
            ours = read_ours(sample.octets)[0]
            readings = {"python": read_with_python(sample.octets)} | read_with_node(sample.octets)
            for reader, theirs in readings.items():
                for field in [field.name for field in fields(Reading)]:
                    if getattr(ours, field) != getattr(theirs, field):
                        yield Difference(sample, reader, field, ours, theirs)


def main() -> None:
    """Compare, print, and exit with 1 where something is not judged."""
    parser = argparse.ArgumentParser(prog="python -m scripts.compare_corpora")
    parser.add_argument("folders", nargs="+", type=Path)
    given = parser.parse_args()
    counts: Counter[str] = Counter()
    judged: Counter[str] = Counter()
    different: set[str] = set()
    unjudged = 0
    started = time.monotonic()
    for found in compare(find_samples(given.folders)):
        if isinstance(found, Sample):
            counts["messages"] += 1
            continue
        different.add(found.sample.digest)
        counts[f"{found.reader} {found.field}"] += 1
        verdict = JUDGEMENTS.get(found.sample.digest) or find_kind(found)
        if verdict is not None:
            judged[verdict] += 1
            continue
        unjudged += 1
        print(f"{found.sample.digest} {found.sample.path} {found.reader} {found.field}")
        print(f"   ours   {getattr(found.ours, found.field)!r:.{_SHOWN_CHARS}}")
        print(f"   theirs {getattr(found.theirs, found.field)!r:.{_SHOWN_CHARS}}")
    took_s = time.monotonic() - started
    print(f"{counts.pop('messages')} messages in {took_s:.0f} s; {len(different)} read in two ways")
    for name, count in sorted(counts.items()):
        print(f"{count:6} {name}")
    for name, count in judged.most_common():
        print(f"{count:6} judged: {name}")
    for digest in sorted(set(JUDGEMENTS) - different):
        print(f"{digest} is judged, and no message of these folders that is read in two ways")
    print(f"{unjudged:6} not judged")
    sys.exit(unjudged > 0)


if __name__ == "__main__":
    main()
