"""Runs a private Exim instance in a folder; it relays all mail to a server."""

from __future__ import annotations

import contextlib
import os
import subprocess
from typing import TYPE_CHECKING

from testkit import needs
from testkit.ports import free_port
from testkit.relay import wait_for_port
from testkit.tools import EXIM

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_ANY_USER = 990

# It adds, drops and limits nothing. With wire format it relays BDAT content unchanged.
_CONFIG = """
exim_path = {program}
spool_directory = {folder}/spool
log_file_path = {folder}/%slog
pid_file_path = {folder}/pid
primary_hostname = relay.example
local_interfaces = 127.0.0.1
daemon_smtp_ports = {port}
tls_advertise_hosts =
smtputf8_advertise_hosts = *
chunking_advertise_hosts = *
allow_utf8_domains = true
spool_wireformat = true
message_size_limit = 100M
header_maxsize = 100M
return_path_remove = false
received_headers_max = 1000
recipients_max = 1000
smtp_accept_max = 100
smtp_accept_queue_per_connection = 0
smtp_accept_max_per_connection = 0
smtp_enforce_sync = false
check_spool_space = 0
check_spool_inodes = 0
queue_run_max = 5
add_environment =
keep_environment = LD_PRELOAD : LD_LIBRARY_PATH : NSS_WRAPPER_PASSWD : NSS_WRAPPER_GROUP
deliver_drop_privilege = true
never_users =
acl_smtp_rcpt = accept
acl_smtp_data = accept
begin routers
on:
  driver = manualroute
  domains = *
  transport = smtp
  route_list = * 127.0.0.1::{to_port}
  self = send
begin transports
smtp:
  driver = smtp
  hosts_require_tls = {tls_hosts}
  hosts_avoid_tls = {plain_hosts}
  tls_verify_hosts =
  tls_try_verify_hosts =
  hosts_try_chunking = *
  hosts_try_dane =
  message_linelength_limit = 1G
  max_rcpt = 100
begin retry
* * F,1h,1s
"""


@contextlib.contextmanager
def running_exim(folder: Path, to_port: int, *, tls: bool) -> Iterator[int]:
    """Run Exim; yield the port of its SMTP listener."""
    needs.check("exim")
    program = EXIM / "usr" / "sbin" / "exim4"
    assert program.exists(), "Exim is missing: `make test` unpacks it"
    folder.mkdir(parents=True)
    port = free_port()
    (folder / "spool").mkdir()
    # Exim wants a known user that is not root.
    uid = gid = _ANY_USER
    if os.getuid():
        uid, gid = os.getuid(), os.getgid()
    else:
        for path in (folder, *folder.parents[:-2]):
            path.chmod(path.stat().st_mode | 0o011)
        for path in (folder, folder / "spool"):
            os.chown(path, uid, gid)
    (folder / "passwd").write_text(f"root:x:0:0::/:/bin/sh\nDebian-exim:x:{uid}:{gid}::/:/bin/sh\n")
    (folder / "group").write_text(f"root:x:0:\nmail:x:8:\nDebian-exim:x:{gid}:\n")
    (folder / "exim.conf").write_text(
        _CONFIG.format(
            program=program,
            folder=folder,
            port=port,
            to_port=to_port,
            tls_hosts="*" if tls else "",
            plain_hosts="" if tls else "*",
        )
    )
    (libraries,) = (EXIM / "usr" / "lib").glob("*-linux-gnu")
    env = {
        "PATH": os.environ["PATH"],
        "LD_PRELOAD": "libnss_wrapper.so",
        "LD_LIBRARY_PATH": str(libraries),
        "NSS_WRAPPER_PASSWD": str(folder / "passwd"),
        "NSS_WRAPPER_GROUP": str(folder / "group"),
    }
    with (
        (folder / "log").open("wb") as log,
        subprocess.Popen(
            [program, "-C", folder / "exim.conf", "-bdf", "-q5s"],
            stdout=log,
            stderr=log,
            stdin=subprocess.DEVNULL,
            env=env,
        ) as process,
    ):
        try:
            wait_for_port(port, process, folder / "log")
            yield port
        finally:
            process.terminate()
