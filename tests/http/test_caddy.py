"""Behind the real Caddy, with the lines that the guide gives."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from testkit.behind_proxy import HOST, check_names, check_who_asks, use_all
from testkit.caddy import running_caddy
from testkit.http_client import ask
from testkit.ports import free_port
from testkit.running_app import Program, resolved_in, running

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

pytestmark = [pytest.mark.needs_caddy, pytest.mark.slow]

GUIDE = Path(__file__).parents[2] / "docs" / "how-to" / "run-behind-a-proxy.md"


def caddy_in_front_of(program: Program, folder: Path) -> AbstractContextManager[str]:
    block = re.compile(r"^```text\n(mail\.example\.org \{.*?)^```", re.MULTILINE | re.DOTALL)
    (lines,) = block.findall(GUIDE.read_text("utf-8"))
    upstream = "127.0.0.1:8025"
    assert lines.count(upstream) == 1
    return running_caddy(folder, lines.replace(upstream, program.url.removeprefix("http://")), HOST)


async def test_all_works_with_the_lines_of_the_guide(tmp_path: Path) -> None:
    settings = resolved_in(tmp_path, domain="example.org", http_trusted_proxies="127.0.0.1")
    async with running(settings) as program:
        with caddy_in_front_of(program, tmp_path / "caddy") as url:
            await use_all(program, url, HOST)


async def test_the_whole_file_serves_the_page_and_closes_the_rest(tmp_path: Path) -> None:
    """What stands in deploy/ and what `edgemail init` writes: the page, no figures, and the MTA-STS policy."""
    settings = resolved_in(tmp_path, domain="example.org", http_trusted_proxies="127.0.0.1")
    port = free_port()
    async with running(settings) as program:
        sites = (GUIDE.parents[2] / "deploy/Caddyfile").read_text("utf-8")
        sites = sites.replace("127.0.0.1:8025\n}", f"{program.url.removeprefix('http://')}\n}}")
        sites = sites.replace("mta-sts.example.org {", f"http://mta-sts.example.org:{port} {{")
        sites = sites.replace("mail.example.org {", f"http://mail.example.org:{port} {{")
        unused = ":80 {\n}\n"
        with running_caddy(tmp_path / "caddy", unused + sites, ""):
            url = f"http://127.0.0.1:{port}"
            await use_all(program, url, HOST)
            for path in ("/metrics", "/docs", "/docs/", "/openapi.json"):
                assert (await ask(url, path, headers={"Host": HOST})).status == 404
            policy = await ask(url, "/.well-known/mta-sts.txt", headers={"Host": "mta-sts.example.org"})
            assert policy.headers.get_content_type() == "text/plain"
            assert policy.body == b"version: STSv1\nmode: testing\nmx: mail.example.org\nmax_age: 604800\n"
            assert (await ask(url, "/", headers={"Host": "mta-sts.example.org"})).status == 404


async def test_caddy_says_who_asks(tmp_path: Path) -> None:
    """Whoever connects to it counts, and not whom a client names itself."""
    settings = resolved_in(
        tmp_path, domain="example.org", http_trusted_proxies="127.0.0.1", allow_http_sources="127.0.0.3"
    )
    async with running(settings) as program:
        with caddy_in_front_of(program, tmp_path / "caddy") as url:
            await check_who_asks(url)


async def test_caddy_says_under_which_name(tmp_path: Path) -> None:
    """The Host that a client connects to counts, also where Caddy serves every name."""
    settings = resolved_in(tmp_path, domain="example.org", http_trusted_proxies="127.0.0.1")
    async with running(settings) as program:
        every = f":80 {{ \n reverse_proxy {program.url} \n }}"
        with (
            caddy_in_front_of(program, tmp_path / "caddy") as url,
            running_caddy(tmp_path / "every", every, "") as others,
        ):
            await check_names(url, others)
