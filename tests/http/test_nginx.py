"""Behind the real nginx: with the lines that the guide gives, and with `proxy_pass` alone."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from testkit.behind_proxy import PAGE, check_names, check_who_asks, use_all
from testkit.http_client import ask, inbox_path
from testkit.nginx import running_nginx
from testkit.ports import free_port
from testkit.running_app import ANN, Program, resolved_in, running

pytestmark = pytest.mark.needs_nginx

GUIDE = Path(__file__).parents[2] / "docs" / "how-to" / "run-behind-a-proxy.md"


def lines_of_the_guide(program: Program) -> str:
    (lines,) = re.findall(r"^```nginx\n(.*?)^```", GUIDE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    assert lines.count("http://127.0.0.1:8025;") == 1
    return str(lines.replace("http://127.0.0.1:8025;", f"{program.url};"))


async def test_all_works_with_the_lines_of_the_guide(tmp_path: Path) -> None:
    settings = resolved_in(tmp_path, domain="example.org", http_trusted_proxies="127.0.0.1")
    async with running(settings) as program:
        with running_nginx(tmp_path / "nginx", lines_of_the_guide(program)) as url:
            await use_all(program, url, "mail.example.org")


async def test_the_whole_block_serves_the_page_and_closes_the_rest(tmp_path: Path) -> None:
    """What stands in deploy/ and what `edgemail init` writes: the page, no figures, and the MTA-STS policy."""
    settings = resolved_in(tmp_path, domain="example.org", http_trusted_proxies="127.0.0.1")
    port = free_port()
    async with running(settings) as program:
        blocks = (GUIDE.parents[2] / "deploy/nginx.conf").read_text("utf-8")
        blocks = re.sub(r"^ +listen \[::\]:80;\n", "", blocks, flags=re.MULTILINE)
        blocks = blocks.replace("listen 80;", f"listen 127.0.0.1:{port};")
        blocks = blocks.replace("http://127.0.0.1:8025;", f"{program.url};")
        with running_nginx(tmp_path / "nginx", "", blocks):
            url = f"http://127.0.0.1:{port}"
            await use_all(program, url, "mail.example.org")
            for path in ("/metrics", "/docs", "/docs/", "/openapi.json"):
                assert (await ask(url, path, headers={"Host": "mail.example.org"})).status == 404
            policy = await ask(url, "/.well-known/mta-sts.txt", headers={"Host": "mta-sts.example.org"})
            assert policy.headers.get_content_type() == "text/plain"
            assert policy.body == b"version: STSv1\nmode: testing\nmx: mail.example.org\nmax_age: 604800\n"
            assert (await ask(url, "/", headers={"Host": "mta-sts.example.org"})).status == 404


async def test_nginx_says_who_asks(tmp_path: Path) -> None:
    """Whoever connects to it counts, and not whom a client names itself."""
    settings = resolved_in(
        tmp_path, domain="example.org", http_trusted_proxies="127.0.0.1", allow_http_sources="127.0.0.3"
    )
    async with running(settings) as program:
        with running_nginx(tmp_path / "nginx", lines_of_the_guide(program)) as url:
            await check_who_asks(url)


async def test_nginx_says_under_which_name(tmp_path: Path) -> None:
    """The Host that a client connects to counts, and not what it says of a proxy."""
    settings = resolved_in(tmp_path, domain="example.org", http_trusted_proxies="127.0.0.1")
    async with running(settings) as program:
        with running_nginx(tmp_path / "nginx", lines_of_the_guide(program)) as url:
            await check_names(url, url)


async def test_all_works_with_proxy_pass_alone(tmp_path: Path) -> None:
    """The Host is then the upstream's; the page's own name is of the domain."""
    async with running(resolved_in(tmp_path, domain="example.org")) as program:
        with running_nginx(tmp_path / "nginx", f"location / {{ proxy_pass {program.url}; }}") as url:
            await use_all(program, url, "mail.example.org")


async def test_what_proxy_pass_alone_breaks_says_what_to_set(tmp_path: Path) -> None:
    """For an upstream that has a name, and for a page whose name no setting has."""
    async with running(resolved_in(tmp_path, domain="example.org")) as program:
        upstream = f"upstream edgemail {{ server {urlsplit(program.url).netloc}; }}"
        with running_nginx(tmp_path / "named", "location / { proxy_pass http://edgemail; }", upstream) as url:
            page = await ask(url, "/", headers={"Accept": "text/html"})
            assert (page.status, page.headers.get_content_type()) == (421, "text/html")
            assert b"set allowed_host = edgemail" in page.body
        with running_nginx(tmp_path / "bare", f"location / {{ proxy_pass {program.url}; }}") as url:
            headers = PAGE | {"Origin": "https://inbox.example"}
            refused = await ask(url, inbox_path(ANN), "DELETE", headers)
            assert refused.status == 403
            assert "set allowed_host = inbox.example" in refused.json()["detail"]
