"""chasquid, unpacked from Debian by fetch-debian: a file queue, then a pipe to a maildir."""

from __future__ import annotations

import contextlib
import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from bench.servers import NotStartedError, Server, find_tool, free_port, running, wait_for_greeting

if TYPE_CHECKING:
    from collections.abc import Iterator

UNPACKED = Path(__file__).parent / ".debian"
NO_DNS = "nameserver 127.0.0.1\noptions attempts:1 timeout:1\n"
"""An address without a resolver, as DNS waits are not what is measured."""
_CONFIG = """
hostname: "peer.example"
smtp_address: "127.0.0.1:{port}"
data_dir: "{folder}/data"
mail_log_path: "{folder}/mail.log"
max_data_size_mb: 50
monitoring_address: ""
"""
_DELIVER = """#!/bin/sh
cat > {folder}/mail/tmp/$$ && mv {folder}/mail/tmp/$$ {folder}/mail/new/$$
"""


@contextlib.contextmanager
def run_chasquid(folder: Path) -> Iterator[Server]:
    """Run chasquid."""
    program = UNPACKED / "usr/bin/chasquid"
    if not program.exists():
        raise NotStartedError("it is not unpacked: bench/peers/fetch-debian does that, with apt-get")
    if os.geteuid() != 0:
        raise NotStartedError("it needs a mount namespace, to ask no DNS server: run this as root")
    port = free_port()
    certificate, domain = folder / "config/certs/peer.example", folder / "config/domains/example.com"
    for path in (certificate, domain, folder / "data", folder / "mail/tmp", folder / "mail/new"):
        path.mkdir(parents=True)
    _make_certificate(certificate)
    (folder / "config/chasquid.conf").write_text(_CONFIG.format(port=port, folder=folder))
    deliver = folder / "deliver"
    deliver.write_text(_DELIVER.format(folder=folder))
    deliver.chmod(0o755)
    (domain / "aliases").write_text(f"inbox: | {deliver}\n")
    (folder / "resolv.conf").write_text(NO_DNS)
    start = f"mount --bind {folder}/resolv.conf /etc/resolv.conf && exec {program} -config_dir {folder}/config"
    with running([find_tool("unshare", "util-linux"), "-m", "sh", "-c", start], log=folder / "log") as process:
        wait_for_greeting(port, process)
        yield Server("chasquid, maildir", port, process.pid)


def _make_certificate(folder: Path) -> None:
    command = [find_tool("openssl", "openssl"), "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30"]
    command += ["-subj", "/CN=peer.example", "-keyout", str(folder / "privkey.pem")]
    subprocess.run([*command, "-out", str(folder / "fullchain.pem")], check=True, capture_output=True)
