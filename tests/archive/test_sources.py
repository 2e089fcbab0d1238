"""Files and folders as sources of mail, hostile ones too."""

from __future__ import annotations

import os
import socket
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from edgemail.archive.sources import ArchivedMail, BadMail, MailSource
from edgemail.archive.temporary_mail import TemporaryMail

MAIL = b"Delivered-To: k@x.org\r\nSubject: %s\r\n\r\nx\r\n"


def read(*paths: Path, max_bytes: int = 10**6) -> list[tuple[str, bytes]]:
    """Return the place of each message, with its octets, or with the reason why it cannot be read."""
    found = []
    for mail in MailSource(paths, max_bytes=max_bytes):
        if isinstance(mail, BadMail):
            found.append((mail.place, mail.reason.encode()))
        else:
            found.append((mail.place, mail.content.read(0, mail.content.size)))
            mail.content.discard()
    return found


def write(path: Path, octets: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(octets)
    return path


def test_a_folder_is_read_by_the_order_of_its_names(tmp_path: Path) -> None:
    """Folders in it as well. What is neither .eml nor mbox is passed over; a file that is named is taken."""
    for name in ("2.eml", "1.EML", "sub/deep/3.eml"):
        write(tmp_path / name, MAIL % name.encode())
    write(tmp_path / "notes.txt", b"Subject: no mail\n\n")
    write(tmp_path / "Sent", b"From a@b.org Thu Jan  1 00:00:00 2026\nSubject: in mbox\n\nx\n")
    assert read(tmp_path) == [
        (str(tmp_path / "1.EML"), MAIL % b"1.EML"),
        (str(tmp_path / "2.eml"), MAIL % b"2.eml"),
        (f"{tmp_path / 'Sent'}, message 1", b"Subject: in mbox\r\n\r\nx\r\n"),
        (str(tmp_path / "sub/deep/3.eml"), MAIL % b"sub/deep/3.eml"),
    ]
    assert read(tmp_path / "notes.txt") == [(str(tmp_path / "notes.txt"), b"Subject: no mail\r\n\r\n")]


def test_a_maildir_is_read_by_the_order_of_time(tmp_path: Path) -> None:
    """cur/ and new/ together, subfolders too; tmp/ and the index files of servers are no mail."""
    for name in ("new/2.a", "cur/1.b:2,S", "cur/3.c:2,", ".Sent/cur/4.d:2,S", ".Sent/new/5.e", "cur/6.eml"):
        write(tmp_path / name, MAIL % name.encode())
    for name in ("tmp/7.f", "dovecot-uidlist", "cur/.hidden"):
        write(tmp_path / name, b"no mail")
    places = [Path(place).relative_to(tmp_path).as_posix() for place, _ in read(tmp_path)]
    assert places == ["cur/1.b:2,S", "new/2.a", "cur/3.c:2,", "cur/6.eml", ".Sent/cur/4.d:2,S", ".Sent/new/5.e"]


def test_links_pipes_and_sockets_are_named_and_never_opened(tmp_path: Path) -> None:
    """A Maildir of somebody else could lead to a secret file, or to one that never ends."""
    secret = write(tmp_path / "secret", b"Subject: secret\n\n")
    box = tmp_path / "box"
    write(box / "cur/1", MAIL % b"good")
    (box / "new").mkdir()
    for path in ("cur/2", "new/3", "link.eml"):
        (box / path).symlink_to(secret)
    (box / "loop").symlink_to(box)
    os.mkfifo(box / "cur/4")
    (box / "cur/5").mkdir()
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(os.path.relpath(box / "cur/6"))
    found = dict(read(box))
    assert found.pop(str(box / "cur/1")) == MAIL % b"good"
    assert {Path(place).name: reason.decode() for place, reason in found.items()} == {
        "2": "is a link; name what it leads to", "3": "is a link; name what it leads to",
        "link.eml": "is a link; name what it leads to", "loop": "is a link; name what it leads to",
        "4": "is not a file", "5": "is not a file", "6": "is not a file",
    }  # fmt: skip
    (tmp_path / "named").symlink_to(secret)
    assert read(tmp_path / "named") == [(str(tmp_path / "named"), b"Subject: secret\r\n\r\n")]


def test_what_cannot_be_read_is_named_and_the_next_follows(tmp_path: Path) -> None:
    """Each with its reason, an mbox file's message with its number."""
    line = b"From a@b.org Thu Jan  1 00:00:00 2026\n"
    box = write(
        tmp_path / "box", line + b"S: x\n\n" + b"x" * 2000 + b"\n\n" + line + b"\n" + line + b"S: y\n\ny\n\n"
    )
    empty, wrong = write(tmp_path / "empty.eml", b""), write(tmp_path / "wrong.mbox", b"Subject: x\n")
    assert read(box, tmp_path / "none", empty, wrong, box, max_bytes=1000) == [
        (f"{box}, message 1", b"is larger than 1000 bytes"),
        (f"{box}, message 2", b"is empty"),
        (f"{box}, message 3", b"S: y\r\n\r\ny\r\n"),
        (str(tmp_path / "none"), b"No such file or directory"),
        (str(empty), b"is empty"),
        (str(wrong), b"is not an mbox file: it does not begin with a line From SENDER DATE"),
        (f"{box}, message 1", b"is larger than 1000 bytes"),
        (f"{box}, message 2", b"is empty"),
        (f"{box}, message 3", b"S: y\r\n\r\ny\r\n"),
    ]


def test_deep_folders_and_odd_names(tmp_path: Path) -> None:
    """A thousand levels, a name that is no UTF-8, a name with a line end."""
    folder = tmp_path
    for _ in range(200):
        folder /= "deep"
    write(folder / "1.eml", MAIL % b"deep")
    for name in (b"\xff.eml", b"a\nb.eml"):
        Path(os.fsdecode(bytes(tmp_path) + b"/" + name)).write_bytes(MAIL % b"odd")
    assert [octets for _, octets in read(tmp_path)] == [MAIL % b"odd", MAIL % b"odd", MAIL % b"deep"]


def test_the_sender_of_an_mbox_file_is_that_of_its_separator(tmp_path: Path) -> None:
    """Unless the message has a Return-Path. MAILER-DAEMON is no address."""
    line = b"From %s Thu Jan  1 00:00:00 2026\n%sSubject: x\n\nx\n\n"
    box = write(
        tmp_path / "box",
        line % (b"a@b.org", b"")
        + line % (b"a@b.org", b"Return-Path: <c@d.org>\n")
        + line % (b"MAILER-DAEMON", b""),
    )
    found = [mail for mail in MailSource([box], max_bytes=1000) if isinstance(mail, ArchivedMail)]
    assert [str(mail.sender) for mail in found] == ["a@b.org", "c@d.org", "None"]
    assert [mail.knows_sender for mail in found] == [True, True, False]
    assert all(mail.date and mail.date.year == 2026 for mail in found)
    for mail in found:
        mail.content.discard()


@settings(deadline=None)
@given(st.lists(st.sampled_from([b"\r", b"\n", b"\r\n", b"a", b"\0", b"\xc3", b"\xa4"]), max_size=12))
def test_line_ends_are_crlf_after_a_first_lf_and_else_as_they_are(pieces: list[bytes]) -> None:
    """However the message is cut. The octets are text if they are UTF-8 without NUL."""
    octets = b"".join(pieces)
    whole, cut = TemporaryMail(1000), TemporaryMail(1000)
    whole.write(octets)
    for piece in pieces:
        cut.write(piece)
    kept = whole.read(0, 1000)
    first = octets.partition(b"\n")[0]
    is_unix = b"\n" in octets and not first.endswith(b"\r")
    assert kept == (octets.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n") if is_unix else octets)
    assert cut.read(0, 1000) == kept
    assert cut.size == len(kept)
    assert cut.is_text == whole.is_text or not _ends_whole(kept)
    if _ends_whole(kept):
        assert whole.is_text == (b"\0" not in kept)
    whole.discard()
    cut.discard()


def _ends_whole(octets: bytes) -> bool:
    try:
        octets.decode()
    except UnicodeDecodeError:
        return False
    return True
