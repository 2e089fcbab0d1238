"""Links are asked within bounds, at public addresses alone, however they try to lead elsewhere."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
from testkit.webhook_receiver import answer, break_off, drip, endless, hang, receiving

from edgemail.checks.link_check import AT_ONCE, PER_MINUTE, REDIRECTS_MAX, CheckedLink, LinkChecker, LinkHop
from edgemail.checks.link_list import LINKS_MAX, list_links
from edgemail.checks.link_request import LinkDeadlines
from edgemail.errors import TooBusy
from edgemail.system.public_addresses import is_public

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from testkit.webhook_receiver import Behaviour, WebhookReceiver

HERE = "127.0.0.1"
SHORT = LinkDeadlines(head_s=0.3, hop_s=0.3)


def names(**known: str | list[str]) -> Callable[[str, int], Any]:
    """Return a look-up: literal addresses are themselves, names are those that are given, with `_` for a dot.

    A name with a list of addresses has one after the other, the last one for ever.
    """
    left = {name.replace("_", "."): [at] if isinstance(at, str) else list(at) for name, at in known.items()}

    async def find(host: str, _port: int) -> list[str]:
        addresses = left.get(host, [host])
        return [addresses.pop(0) if len(addresses) > 1 else addresses[0]]

    return find


@asynccontextmanager
async def serving(*planned: Behaviour) -> AsyncIterator[WebhookReceiver]:
    """Serve these answers, each once and in this order."""
    async with receiving() as server:
        server.planned += planned
        yield server


def make_checker(server: WebhookReceiver, **given: Any) -> LinkChecker:
    """Make a checker for which this server alone is on the Internet, beside all public addresses."""
    usual: dict[str, Any] = {
        "find_addresses": names(),
        "ports": {80, 443, server.port},
        "is_allowed": lambda at: at == HERE or is_public(at),
    }
    return LinkChecker(**usual | given)


async def check(server: WebhookReceiver, link: str, *, follow: bool = True, **given: Any) -> CheckedLink:
    (checked,) = await make_checker(server, **given).check([link], follow=follow)
    return checked


def url(server: WebhookReceiver, path: str = "", host: str = HERE) -> str:
    return f"http://{host}:{server.port}/{path}"


@pytest.mark.parametrize(("status", "works"), [(200, True), (204, True), (304, True), (404, False), (500, False)])
async def test_a_link_is_asked_for_its_head(status: int, *, works: bool) -> None:
    """Under its own name, without cookies or passwords, and it says who asks."""
    async with serving(answer(status, "Set-Cookie: a=b")) as server:
        link = f"http://kim:secret@one.example:{server.port}/a%20b?c=d#e"
        checked = await check(server, link, find_addresses=names(one_example=HERE))
    assert (checked.status, checked.works, checked.error) == (status, works, None)
    (asked,) = server.told
    assert (asked.method, asked.target, asked.body) == ("HEAD", "/a%20b?c=d", b"")
    assert asked.fields["host"] == f"one.example:{server.port}"
    assert asked.fields["user-agent"].startswith("edgemail/")
    assert "link check" in asked.fields["user-agent"]
    assert not asked.fields.keys() & {"authorization", "cookie", "referer"}


@pytest.mark.parametrize("status", [403, 405, 501])
async def test_a_server_that_knows_no_head_is_asked_by_get(status: int) -> None:
    """What that answers counts."""
    async with serving(answer(status), answer(200, body=b"x" * 100)) as server:
        checked = await check(server, url(server))
    assert checked.hops == (LinkHop(url(server), 200),)
    assert [asked.method for asked in server.told] == ["HEAD", "GET"]


async def test_redirects_are_followed_and_told() -> None:
    """To another name and path; the status is that of the last answer."""
    async with serving(answer(301, "Location: b"), answer(404)) as server:
        checked = await check(server, url(server, "a"))
    assert checked.hops == (LinkHop(url(server, "a"), 301), LinkHop(url(server, "b"), 404))
    assert (checked.status, checked.works) == (404, False)
    async with serving(answer(302, "Location: /b")) as server:
        checked = await check(server, url(server), follow=False)
    assert (checked.status, checked.works, len(server.told)) == (302, True, 1)
    async with serving(answer(302)) as server:
        assert (await check(server, url(server))).status == 302


async def test_a_circle_of_redirects_ends() -> None:
    """And so does a chain that goes on and on."""
    async with serving(answer(302, "Location: /b"), answer(302, "Location: /a")) as server:
        checked = await check(server, url(server, "a"))
    assert (checked.status, checked.error, len(server.told)) == (None, "redirects in a circle", 2)
    steps = [answer(302, f"Location: /{place}") for place in range(20)]
    async with serving(*steps) as server:
        checked = await check(server, url(server))
    assert checked.error == f"redirects more than {REDIRECTS_MAX} times"
    assert len(server.told) == REDIRECTS_MAX + 1


PRIVATE = [
    "127.0.0.2", "10.0.0.1", "192.168.1.1", "169.254.169.254", "0.0.0.0", "[::1]", "[::ffff:127.0.0.1]",
    "[::ffff:a9fe:a9fe]", "[fd00::1]", "[fe80::1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]",
]  # fmt: skip


@pytest.mark.parametrize("host", PRIVATE)
async def test_no_private_address_is_asked(host: str) -> None:
    """Neither by a link nor by a redirect."""
    async with serving(answer(302, f"Location: http://{host}/latest/meta-data/"), answer(200)) as server:
        checked = await check(server, url(server))
        assert (checked.status, checked.is_refused) == (None, True)
        assert len(server.told) == 1
        checked = await check(server, f"http://{host}:{server.port}/")
        assert (checked.hops, checked.is_refused) == ((), True)
        assert server.connects == 1


@pytest.mark.parametrize("host", ["127.1", "0x7f.1", "017700000001", "2130706433", "localhost"])
async def test_no_spelling_of_a_private_address_is_asked(host: str) -> None:
    """The system's look-up reads them, and what it finds is checked."""
    async with serving(answer(200)) as server:
        (checked,) = await LinkChecker(ports={server.port}).check([f"http://{host}:{server.port}/"])
    assert checked.is_refused or checked.error is not None
    assert server.connects == 0


async def test_a_name_that_moves_to_a_private_address_is_not_asked() -> None:
    """DNS rebinding: the address that was checked is the one that is asked, and the next hop is checked anew."""
    find = names(rebind_example=[HERE, "127.0.0.2"])
    async with serving(answer(302, "Location: /again")) as server:
        checked = await check(server, url(server, host="rebind.example"), find_addresses=find)
    assert (len(checked.hops), checked.is_refused, server.connects) == (1, True, 1)


async def test_one_private_address_among_others_is_too_many() -> None:
    """Which of them would be asked is up to the name's owner."""

    async def find(_host: str, _port: int) -> list[str]:
        return [HERE, "10.0.0.1"]

    async with serving(answer(200)) as server:
        assert (await check(server, url(server, host="a.example"), find_addresses=find)).is_refused
    assert server.connects == 0


@pytest.mark.parametrize(
    "location",
    [
        "http://a.example/" + "x" * 2_000,
        "file:///etc/passwd",
        "ftp://a.example/",
        "gopher://a.example:25/_x",
        "javascript:alert(1)",
        "//",
    ],
)
async def test_nothing_but_the_web_is_asked(location: str) -> None:
    """Other schemes and URLs without a host are refused."""
    async with serving(answer(302, f"Location: {location}")) as server:
        checked = await check(server, url(server))
    assert checked.status is None
    assert checked.error is not None


async def test_only_the_ports_of_the_web_are_asked() -> None:
    """Unless private addresses may be asked."""
    async with serving(answer(200)) as server:
        checked = await check(server, url(server), ports={80, 443})
        assert (checked.is_refused, server.connects) == (True, 0)
        (checked,) = await LinkChecker(may_be_private=True).check([url(server)])
        assert checked.status == 200


@pytest.mark.parametrize(
    ("behave", "error"),
    [
        (break_off, "broke the connection off"),
        (hang, "in time"),
        (drip(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 1000, 0.05), "in time"),
        (endless(b"HTTP/1.1 200 OK\r\n", b"X-More: 1\r\n" * 999), "HTTP"),
        (endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n"), "in time"),
        (endless(b"SSH-2.0-x\r\n", b"x" * 9999), "HTTP"),
    ],
)
async def test_what_never_answers_is_given_up(behave: Behaviour, error: str) -> None:
    """Within the deadlines, and with a bound on octets."""
    async with receiving(behave) as server:
        checked = await check(server, url(server), deadlines=SHORT)
    assert error in (checked.error or "")
    assert not checked.works


@pytest.mark.parametrize(
    "behave",
    [
        endless(b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 65536),
        endless(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1000\r\n" + b"x" * 4096 + b"\r\n"),
        drip(b"HTTP/1.1 200 OK\r\nContent-Length: 9999999\r\n\r\n" + b"x" * 1000, 0.001),
    ],
)
async def test_a_body_is_not_read(behave: Behaviour) -> None:
    """However long or slow it is: the head is the answer."""
    async with serving(answer(405), behave) as server:
        checked = await check(server, url(server))
    assert checked.status == 200


async def test_an_address_without_a_server_is_an_error() -> None:
    """And so is a name without an address."""
    async with receiving() as server:
        pass
    assert (await check(server, url(server))).error == "cannot be reached"
    (checked,) = await LinkChecker().check(["http://no-such-host.invalid/"])
    assert (checked.error or "").startswith("has no address")


async def test_a_thousand_links_are_bounded() -> None:
    """At most 100 are asked, a few at a time, and one address is not asked for ever."""
    async with receiving() as server:
        server.usual = answer(200)
        checker = make_checker(server)
        links = [url(server, str(place)) for place in range(1000)]
        checked = await checker.check(links)
        assert len(checked) == LINKS_MAX
        assert all(link.works for link in checked)
        assert server.most_at_once <= AT_ONCE
        more = await checker.check(links[LINKS_MAX:])
    assert server.connects == PER_MINUTE
    assert sum(link.error is not None for link in more) == 2 * LINKS_MAX - PER_MINUTE


async def test_what_was_asked_is_not_asked_again_for_a_while() -> None:
    """Failures are forgotten sooner; with and without redirects are two questions."""
    now = [0.0]
    async with receiving() as server:
        server.usual = answer(200)
        checker = make_checker(server, clock=lambda: now[0])
        for _ in range(3):
            assert (await checker.check([url(server)]))[0].works
        assert server.connects == 1
        await checker.check([url(server)], follow=False)
        assert server.connects == 2
        now[0] = 301.0
        await checker.check([url(server)])
        assert server.connects == 3


async def test_the_whole_check_has_an_end() -> None:
    """What was not asked by then says so."""
    async with receiving() as server:
        server.usual = hang
        checker = make_checker(server, check_s=0.2)
        checked = await checker.check([url(server, str(place)) for place in range(30)])
    assert len(checked) == 30
    assert all("took too long" in (link.error or "") for link in checked)


async def test_checks_wait_for_each_other_and_not_for_ever() -> None:
    """Too many at once are refused; who goes away stops what was asked for them."""
    refused: list[str] = []
    async with receiving() as server:
        server.usual = hang
        checker = make_checker(server, refuse=refused.append)
        checks = [asyncio.create_task(checker.check([url(server, str(place))])) for place in range(40)]
        done, waiting = await asyncio.wait(checks, return_when=asyncio.FIRST_COMPLETED)
        for check in done:
            with pytest.raises(TooBusy):
                await check
        assert refused[0] == "link_check_queue"
        for check in waiting:
            check.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)


def message(html: str, text: str = "") -> bytes:
    parts = [("text/plain", text), ("text/html", html)]
    body = "".join(f"--b\r\nContent-Type: {kind}; charset=utf-8\r\n\r\n{part}\r\n" for kind, part in parts)
    return f"Subject: x\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n{body}--b--\r\n".encode()


def test_links_are_listed_once_in_their_order() -> None:
    """Those of HTML, its images and style sheets, then those of the text; nothing else."""
    html = """<a href="https://a.example/?x&amp;y">a</a><A HREF=https://a.example/?x&amp;y>again</A>
        <img src=" http://b.example/i.png "><link rel=stylesheet href=http://c.example/s.css>
        <link rel=icon href=http://d.example/x><a href=mailto:a@b><a href="#x"><a href="cid:x"><p href=http://e.example>
        <script src=http://f.example></script><!-- <a href=http://g.example> -->"""
    links, left_out = list_links(message(html, "See https://t.example/one and https://a.example/?x&y ."))
    assert links == (
        "https://a.example/?x&y", "http://b.example/i.png", "http://c.example/s.css", "https://t.example/one",
    )  # fmt: skip
    assert left_out == 0
    many = "".join(f"<a href=http://a.example/{place}>" for place in range(1000))
    links, left_out = list_links(message(many))
    assert (len(links), left_out) == (LINKS_MAX, 1000 - LINKS_MAX)
