"""The comparison of readers over the messages of other projects: what it takes, and what it says."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
from scripts import compare_corpora
from scripts.compare_corpora import Difference, compare, find_samples
from scripts.corpus_kinds import find_kind

if TYPE_CHECKING:
    from pathlib import Path

HEAD = b"From: root@host.sender.example (Cron Daemon)\r\nSubject: Hi\r\n"
CRON = HEAD + b"\r\nHello\r\n"
JUNK = b"From: a@sender.example\r\nSubject: One\r\nX: =?utf-8?Q?a?=\r\n\r\nx"
FILES = {
    "a/cron.eml": CRON,
    "a/again.msg": CRON,
    "b/no-suffix": JUNK,
    "b/report.py": CRON,
    "b/show.expected-output/one": CRON + b"x",
    "b/notes.txt": b"Subject: this is a note, and no message\r\n",
    "b/empty.eml": b"",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Make a folder of messages and of other files."""
    for name, octets in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(octets)
    return tmp_path


def test_every_message_is_taken_once(folder: Path) -> None:
    """Programs, what programs say of mail, and copies are left out."""
    found = [sample.path.relative_to(folder).as_posix() for sample in find_samples([folder])]
    assert found == ["a/again.msg", "b/no-suffix"]


@pytest.mark.needs_mailparser
def test_a_difference_is_judged_by_its_kind(folder: Path) -> None:
    """Python's `email` drops a name in a comment; the others agree."""
    found = [each for each in compare(find_samples([folder])) if isinstance(each, Difference)]
    assert [(each.reader, each.field, find_kind(each)) for each in found] == [
        ("python", "from_name", "the name is a comment")
    ]


@pytest.mark.needs_mailparser
def test_what_is_not_judged_is_printed(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With both readings; the exit status says so too."""
    monkeypatch.setattr(compare_corpora, "find_kind", lambda _: None)
    monkeypatch.setattr(compare_corpora, "JUDGEMENTS", {})
    monkeypatch.setattr(sys, "argv", ["compare_corpora", str(folder)])
    with pytest.raises(SystemExit) as ended:
        compare_corpora.main()
    assert ended.value.code == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].endswith("a/again.msg python from_name")
    assert lines[1:3] == ["   ours   'Cron Daemon'", "   theirs ''"]
    assert lines[-1].split(maxsplit=1) == ["1", "not judged"]
