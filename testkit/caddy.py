"""Runs a private Caddy in a folder, in front of a server."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from testkit import needs
from testkit.ports import free_port
from testkit.proxy_process import running_proxy
from testkit.tools import find_caddy

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_OPTIONS = """
{
    admin off
    auto_https off
    default_bind 127.0.0.1
}
"""


@contextmanager
def running_caddy(folder: Path, caddyfile: str, host: str) -> Iterator[str]:
    """Run Caddy with a Caddyfile whose site is `host`, without TLS on a free port; yield its URL."""
    needs.check("caddy")
    program = find_caddy()
    assert program is not None, "Caddy is missing: `make test` unpacks it"
    folder.mkdir()
    port = free_port()
    config, log = folder / "Caddyfile", folder / "log"
    site = f"http://{host}:{port}"
    config.write_text(_OPTIONS + caddyfile.replace(host or ":80", site, 1))
    command: list[str | Path] = [program, "run", "--config", config, "--adapter", "caddyfile"]
    env = os.environ | {"HOME": str(folder), "XDG_CONFIG_HOME": str(folder), "XDG_DATA_HOME": str(folder)}
    with running_proxy(command, port, log, env) as url:
        yield url
