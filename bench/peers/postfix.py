"""A private Postfix instance in a folder, which delivers into a maildir."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from typing import TYPE_CHECKING

from bench.servers import NotStartedError, Server, find_tool, free_port, running, wait_for_greeting

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_STOP_S = 20.0
_MAIN = """
compatibility_level = 3.6
maillog_file = {folder}/maillog
maillog_file_prefixes = {folder}
queue_directory = {folder}/queue
data_directory = {folder}/data
myhostname = peer.example
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
alias_maps =
local_recipient_maps =
virtual_mailbox_domains = static:all
virtual_mailbox_base = {folder}/mail
virtual_mailbox_maps = static:inbox/
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{uid}
virtual_mailbox_limit = 0
message_size_limit = 0
default_process_limit = 250
smtpd_client_connection_count_limit = 0
in_flow_delay = 0
smtpd_relay_restrictions = permit_mynetworks, reject
"""

_MASTER = """
127.0.0.1:{port} inet n - n - - smtpd
cleanup   unix n - n - 0 cleanup
qmgr      unix n - n 300 1 qmgr
rewrite   unix - - n - - trivial-rewrite
bounce    unix - - n - 0 bounce
defer     unix - - n - 0 bounce
trace     unix - - n - 0 bounce
proxymap  unix - - n - - proxymap
virtual   unix - n n - 20 virtual
error     unix - - n - - error
retry     unix - - n - - error
anvil     unix - - n - 1 anvil
postlog   unix-dgram n - n - 1 postlogd
"""


@contextlib.contextmanager
def run_postfix(folder: Path) -> Iterator[Server]:
    """Run Postfix."""
    postfix = find_tool("postfix", "postfix")
    if os.geteuid() != 0:
        raise NotStartedError("Postfix changes to users of its own: run this as root")
    config, port = folder / "config", free_port()
    for path in (config, folder / "queue", folder / "data", folder / "mail"):
        path.mkdir()
    for path in (folder, folder.parent):  # Postfix's user must reach its data
        path.chmod(path.stat().st_mode | 0o011)
    subprocess.run(["chown", "postfix", folder / "data"], check=True)
    subprocess.run(["chown", "nobody", folder / "mail"], check=True)
    uid = (folder / "mail").stat().st_uid
    (config / "main.cf").write_text(_MAIN.format(folder=folder, uid=uid))
    (config / "master.cf").write_text(_MASTER.format(port=port))
    with running([postfix, "-c", config, "start-fg"], log=folder / "log") as process:
        try:
            wait_for_greeting(port, process)
            yield Server("Postfix, maildir", port, _master(folder))
        finally:
            _stop(folder)


def _master(folder: Path) -> int:
    """Return the pid of the master process, which forks away."""
    return int((folder / "queue" / "pid" / "master.pid").read_text())


def _stop(folder: Path) -> None:
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        pid = _master(folder)
        os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + _STOP_S
        while time.monotonic() < deadline:
            os.kill(pid, 0)
            time.sleep(0.05)
