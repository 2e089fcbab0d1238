"""Behind the real Caddy, with the lines that the guide gives."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from testkit.behind_proxy import HOST, check_names, check_who_asks, use_all
from testkit.caddy import running_caddy
from testkit.running_app import Program, resolved_in, running

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

pytestmark = [pytest.mark.needs_caddy, pytest.mark.slow]

GUIDE = Path(__file__).parents[2] / "docs" / "deploy.md"


def caddy_in_front_of(program: Program, folder: Path) -> AbstractContextManager[str]:
    block = re.compile(r"^```\n(mail\.example\.org \{.*?)^```", re.MULTILINE | re.DOTALL)
    (lines,) = block.findall(GUIDE.read_text("utf-8"))
    upstream = "127.0.0.1:8025"
    assert lines.count(upstream) == 1
    return running_caddy(folder, lines.replace(upstream, program.url.removeprefix("http://")), HOST)


async def test_all_works_with_the_lines_of_the_guide(tmp_path: Path) -> None:
    settings = resolved_in(tmp_path, domain="example.org", http_trusted_proxies="127.0.0.1")
    async with running(settings) as program:
        with caddy_in_front_of(program, tmp_path / "caddy") as url:
            await use_all(program, url, HOST)


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
