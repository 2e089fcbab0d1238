"""Runs a private nginx in a folder, in front of a server."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from testkit import needs
from testkit.ports import free_port
from testkit.proxy_process import running_proxy
from testkit.tools import find_nginx

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_CONFIG = """
daemon off;
master_process off;
pid {folder}/pid;
error_log stderr;
events {{ worker_connections 64; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    {outside}
    server {{
        listen 127.0.0.1:{port};
        {inside}
    }}
}}
"""


@contextmanager
def running_nginx(folder: Path, inside: str, outside: str = "") -> Iterator[str]:
    """Run nginx with lines inside its `server` block and beside it; yield its URL."""
    needs.check("nginx")
    program = find_nginx()
    assert program is not None, "nginx is missing: `make test` unpacks it"
    folder.mkdir()
    port = free_port()
    config, log = folder / "nginx.conf", folder / "log"
    config.write_text(_CONFIG.format(folder=folder, port=port, inside=inside, outside=outside))
    with running_proxy([program, "-p", folder, "-c", config, "-e", "stderr"], port, log) as url:
        yield url
