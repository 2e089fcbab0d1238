"""OpenSMTPD from Debian's package, unpacked by fetch-debian.

Its paths and users are built in, so it runs in a mount namespace that has them.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

from bench.peers.chasquid import NO_DNS, UNPACKED
from bench.servers import NotStartedError, Server, find_tool, free_port, running, wait_for_greeting

if TYPE_CHECKING:
    from collections.abc import Iterator

_USERS = (("opensmtpd", 61001), ("opensmtpq", 61002))
_CONFIG = """
listen on 127.0.0.1 port {port}
smtp max-message-size 50M
smtp limit max-mails 1000000
action "inbox" maildir "{folder}/mail" virtual {{ "@" = nobody }}
match from any for any action "inbox"
"""
_START = """
set -e
mount -t overlay overlay -o lowerdir={unpacked}/usr:/usr /usr
mount -t overlay overlay -o lowerdir={folder}/var:/var /var
mount --bind {folder}/spool /var/spool/smtpd
mount --bind {folder}/run /run
mount --bind {folder}/passwd /etc/passwd
mount --bind {folder}/group /etc/group
mount --bind {folder}/resolv.conf /etc/resolv.conf
exec /usr/sbin/smtpd -d -f {folder}/smtpd.conf
"""


@contextlib.contextmanager
def run_opensmtpd(folder: Path) -> Iterator[Server]:
    """Run OpenSMTPD."""
    if not (UNPACKED / "usr/sbin/smtpd").exists():
        raise NotStartedError("it is not unpacked: bench/peers/fetch-debian does that, with apt-get")
    if os.geteuid() != 0:
        raise NotStartedError("it needs a mount namespace and users of its own: run this as root")
    port = free_port()
    _prepare(folder, port)
    start = _START.format(folder=folder, unpacked=UNPACKED)
    with running([find_tool("unshare", "util-linux"), "-m", "sh", "-c", start], log=folder / "log") as process:
        wait_for_greeting(port, process)
        yield Server("OpenSMTPD, maildir", port, process.pid)


def _prepare(folder: Path, port: int) -> None:
    for path in ("spool", "mail", "run", "var/lib/opensmtpd/empty", "var/spool/smtpd"):
        (folder / path).mkdir(parents=True)
    (folder / "spool").chmod(0o711)
    (folder / "mail").chmod(0o777)
    for way in (folder, folder.parent):  # OpenSMTPD's users must reach their data
        way.chmod(way.stat().st_mode | 0o011)
    (folder / "smtpd.conf").write_text(_CONFIG.format(port=port, folder=folder))
    (folder / "resolv.conf").write_text(NO_DNS)
    (folder / "smtpd.conf").chmod(0o600)
    users = "".join(f"{name}:x:{number}:{number}::/:/usr/sbin/nologin\n" for name, number in _USERS)
    groups = "".join(f"{name}:x:{number}:\n" for name, number in _USERS)
    (folder / "passwd").write_text(Path("/etc/passwd").read_text() + users)
    (folder / "group").write_text(Path("/etc/group").read_text() + groups)
