"""Runs a private Postfix instance in a folder; it relays all mail to a server."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from typing import TYPE_CHECKING

from testkit import needs
from testkit.api_reader import program
from testkit.ports import free_port
from testkit.relay import wait_for_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# It rewrites, drops, folds and limits nothing; it only adds its Received: line.
_MAIN = """
compatibility_level = 3.6
maillog_file = /dev/stdout
queue_directory = {folder}/queue
data_directory = {folder}/data
myhostname = relay.example
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
alias_maps =
local_recipient_maps =
relayhost = [127.0.0.1]:{to_port}
smtp_tls_security_level = {tls}
smtp_tls_loglevel = 1
smtputf8_enable = yes
message_size_limit = 0
header_size_limit = 100000000
hopcount_limit = 1000
default_destination_recipient_limit = 100
default_destination_concurrency_limit = 20
smtp_line_length_limit = 0
smtp_discard_ehlo_keywords =
message_drop_headers =
local_header_rewrite_clients =
disable_mime_input_processing = yes
disable_mime_output_conversion = yes
allow_percent_hack = no
swap_bangpath = no
allow_min_user = yes
smtpd_client_connection_count_limit = 0
in_flow_delay = 0
smtpd_relay_restrictions = permit_mynetworks, reject
"""

_MASTER = """
127.0.0.1:{port} inet n - n - - smtpd
cleanup   unix n - n - 0 cleanup
qmgr      unix n - n 300 1 qmgr
tlsmgr    unix - - n 1000? 1 tlsmgr
rewrite   unix - - n - - trivial-rewrite
bounce    unix - - n - 0 bounce
defer     unix - - n - 0 bounce
trace     unix - - n - 0 bounce
proxymap  unix - - n - - proxymap
smtp      unix - - n - 20 smtp
relay     unix - - n - 20 smtp
error     unix - - n - - error
retry     unix - - n - - error
anvil     unix - - n - 1 anvil
scache    unix - - n - 1 scache
postlog   unix-dgram n - n - 1 postlogd
"""


@contextlib.contextmanager
def running_postfix(folder: Path, to_port: int, tls: str) -> Iterator[int]:
    """Run Postfix; yield the port of its SMTP listener. `tls` is ``none`` or ``encrypt``."""
    postfix = program("postfix", "postfix")
    needs.check("root")
    assert os.geteuid() == 0, "Postfix changes to users of its own: run the tests as root"
    config = folder / "config"
    for path in (config, folder / "queue", folder / "data"):
        path.mkdir(parents=True)
    for path in (folder, *folder.parents[:-2]):  # Postfix's user must reach its data
        path.chmod(path.stat().st_mode | 0o011)
    subprocess.run(["/bin/chown", "postfix", folder / "data"], check=True)
    port = free_port()
    (config / "main.cf").write_text(_MAIN.format(folder=folder, to_port=to_port, tls=tls))
    (config / "master.cf").write_text(_MASTER.format(port=port))
    with (
        (folder / "log").open("wb") as log,
        subprocess.Popen(
            [postfix, "-c", config, "start-fg"],
            stdout=log,
            stderr=log,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        ) as process,
    ):
        try:
            wait_for_port(port, process, folder / "log")
            yield port
        finally:
            pid = folder / "queue" / "pid" / "master.pid"  # the master forks away
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                os.kill(int(pid.read_text()), signal.SIGTERM)
            process.terminate()
