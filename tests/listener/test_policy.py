"""Lists, the disk's floor and chaos, as a peer meets them."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path

import pytest
from testkit.smtp_peer import Counter, Peer, listening, message
from testkit.waiting import until

from edgemail.listener import Policy
from edgemail.policy.allow_deny import Networks
from edgemail.policy.chaos import Chaos
from edgemail.policy.disk_space import DiskSpaceGuard
from edgemail.policy.logins import Logins
from edgemail.settings import FreeSpace, PolicySettings
from edgemail.settings.chaos_rules import read_rule
from edgemail.system.password_file import StoredPasswords

HELLO = b"EHLO client.example\r\n"
MIB = 2**20


def policy(chaos: Chaos | None = None, /, **lists: object) -> Policy:
    return Policy(PolicySettings(min_free=None, **lists), chaos or Chaos())  # type: ignore[arg-type]


def mail(sender: str) -> bytes:
    return f"MAIL FROM:<{sender}>\r\n".encode()


def rcpt(recipient: str) -> bytes:
    return f"RCPT TO:<{recipient}>\r\n".encode()


async def test_a_denied_sender_is_refused_at_mail(counter: Counter) -> None:
    """550 5.7.1, whatever the case, and the connection goes on."""
    rules = policy(deny_senders=("*@spam.example", "bob@b.example", "<>"))
    async with listening(counter, rules) as (_, port), Peer.greeted(port) as peer:
        for sender in ("a@Spam.Example", "Bob@b.example", ""):
            assert await peer.say(mail(sender), 550) == "550 5.7.1 No mail is taken from this sender"
        await peer.say(mail("ann@b.example"), 250)


async def test_who_is_not_on_a_list_of_the_allowed_is_refused(counter: Counter) -> None:
    """A list of senders leaves out all others, the null sender too."""
    rules = policy(allow_senders=("*@a.example",))
    async with listening(counter, rules) as (_, port), Peer.greeted(port) as peer:
        await peer.say(mail("x@b.example") + mail("") + mail("x@a.example"), 550, 550, 250)


async def test_what_is_denied_stays_denied_where_it_is_allowed_too(counter: Counter) -> None:
    """As in sshd: an allowed name can be denied, and a denied one cannot be allowed."""
    rules = policy(allow_senders=("*@a.example",), deny_senders=("bob@*",))
    async with listening(counter, rules) as (_, port), Peer.greeted(port) as peer:
        await peer.say(mail("bob@a.example") + mail("ann@a.example"), 550, 250)


async def test_a_denied_recipient_does_not_hinder_the_others(counter: Counter) -> None:
    """550 5.7.1 at RCPT, and the message goes to those that were taken."""
    counter.keeps_at_once = True
    rules = policy(allow_recipients=("*@a.example",), deny_recipients=("bob@*",))
    async with listening(counter, rules) as (_, port), Peer.greeted(port) as peer:
        await peer.say(mail("x@y.example") + rcpt("Bob@a.example"), 250, 550)
        await peer.say(rcpt("ann@b.example"), 550)
        await peer.say(rcpt("Ann@A.Example") + b"DATA\r\n", 250, 354)
        await peer.say(b"Hi.\r\n.\r\n", 250)
    assert counter.envelopes[0].recipients == ("ann@a.example",)


@pytest.mark.parametrize(
    ("lists", "is_taken"),
    [
        ({"deny_sources": ("127.0.0.0/29",)}, False),
        ({"deny_sources": ("127.0.0.3", "192.0.2.0/24")}, False),
        ({"deny_sources": ("127.0.0.2", "2001:db8::/32")}, True),
        ({"allow_sources": ("192.0.2.0/24",)}, False),
        ({"allow_sources": ("127.0.0.0/8",)}, True),
        ({"allow_sources": ("127.0.0.0/8",), "deny_sources": ("127.0.0.3",)}, False),
    ],
)
async def test_a_denied_source_is_not_greeted(
    counter: Counter, lists: dict[str, tuple[str, ...]], is_taken: bool
) -> None:
    """554 5.7.1 in place of 220 (RFC 5321 section 3.1), and the close; it never had a slot."""
    rules = policy(**{name: tuple(map(ip_network, several)) for name, several in lists.items()})
    async with listening(counter, rules) as (listener, port), Peer.connect(port, "127.0.0.3") as peer:
        if is_taken:
            assert (await peer.reply()).startswith("220 ")
        else:
            assert await peer.rest() == "554 5.7.1 No mail is taken from your address\r\n"
            assert listener.admission._taken == 0


@pytest.mark.parametrize(
    ("network", "inside", "outside"),
    [
        ("192.0.2.0/24", ["192.0.2.0", "192.0.2.255", "::ffff:192.0.2.7"], ["192.0.3.0", "::c000:207"]),
        ("0.0.0.0/0", ["192.0.2.1"], ["::1"]),
        ("2001:db8::/33", ["2001:db8::1", "2001:db8:7fff::"], ["2001:db8:8000::", "32.1.13.184"]),
        ("fe80::1", ["fe80::1%eth0"], ["fe80::2%eth0"]),
        ("::/0", ["::1"], ["::ffff:192.0.2.7"]),
    ],
)
def test_a_network_has_its_addresses_and_no_others(network: str, inside: list[str], outside: list[str]) -> None:
    """An IPv4 address is one in whatever form a socket gives it."""
    networks = Networks([ip_network(network)])
    assert [address for address in inside + outside if networks.match(address)] == inside


async def test_other_lists_are_in_force_for_open_connections(counter: Counter) -> None:
    """At their next command, and the transaction under way is neither dropped nor asked again."""
    counter.keeps_at_once = True
    rules = policy()
    async with listening(counter, rules) as (_, port), Peer.greeted(port) as peer:
        await peer.say(mail("x@spam.example") + rcpt("ann@a.example") + rcpt("cat@a.example"), 250, 250, 250)
        rules.change(PolicySettings(min_free=None, deny_senders=("*@spam.example",), deny_recipients=("bob@*",)))
        await peer.say(rcpt("bob@a.example") + b"DATA\r\n", 550, 354)
        await peer.say(b"Hi.\r\n.\r\n", 250)
        await peer.say(mail("x@spam.example"), 550)
        rules.change(PolicySettings(min_free=None, deny_sources=(ip_network("127.0.0.1"),)))
        await peer.say(mail("x@y.example"), 554)
        rules.change(PolicySettings(min_free=None))
        await peer.say(mail("x@spam.example"), 250)


async def test_every_message_of_a_source_that_is_counted_is_still_counted(counter: Counter) -> None:
    """The policy and the source's rate are both asked; what the policy refuses is not counted."""
    counter.keeps_at_once = True
    rules = policy(deny_senders=("no@*",))
    async with (
        listening(counter, rules, trusted=(), message_rate=2) as (_, port),
        Peer.greeted(port) as peer,
    ):
        await peer.say(mail("no@x.example") * 3, 550, 550, 550)
        for _ in range(2):
            await peer.say(mail("yes@x.example") + b"RSET\r\n", 250, 250)
        await peer.say(mail("yes@x.example"), 450)


@dataclass
class Disk:
    """A disk of 1000 MiB that others fill."""

    free: int = 500 * MIB
    is_broken: bool = False

    @property
    def used(self) -> int:
        return 1000 * MIB - self.free

    def look(self, _: Path) -> Disk:
        if self.is_broken:
            raise OSError
        return self


@pytest.mark.parametrize("least", [FreeSpace(percent=10.0), FreeSpace(octets=100 * MIB)])
def test_a_disk_is_low_below_the_floor_and_not_at_it(least: FreeSpace) -> None:
    """A share, or a size."""
    disk = Disk(100 * MIB)
    floor = DiskSpaceGuard(Path("/"), least, disk.look)
    assert floor.judge_sender(None) is None
    disk.free -= 1
    assert floor.judge_sender(None) is None
    floor.refresh()
    refusal = floor.judge_sender(None)
    assert refusal is not None
    assert (refusal.code, refusal.reason) == (452, "disk_floor")
    assert b" 4.3.1 " in refusal.octets
    assert b"min_free" in refusal.octets


def test_a_low_disk_is_logged_when_that_changes(caplog: pytest.LogCaptureFixture) -> None:
    """Not with each look: a line says what is free, what is asked for, and by which setting."""
    disk = Disk()
    floor = DiskSpaceGuard(Path("/"), FreeSpace(percent=10.0), disk.look)
    for free, lines in ((50, 1), (40, 1), (200, 2), (300, 2), (50, 3)):
        disk.free = free * MIB
        floor.refresh()
        assert len(caplog.records) == lines
    assert "50MiB of the disk of / is free, and the setting min_free asks for 10%" in caplog.text
    floor.change(None)
    assert floor.judge_sender(None) is None
    assert "min_free is off" in caplog.text


def test_a_disk_that_cannot_be_looked_at_stays_as_it_was() -> None:
    """The store knows best what is wrong with it."""
    disk = Disk(1)
    floor = DiskSpaceGuard(Path("/"), FreeSpace(percent=10.0), disk.look)
    disk.is_broken = True
    floor.refresh()
    assert floor.judge_sender(None) is not None


async def test_mail_is_refused_for_now_while_the_disk_is_low(counter: Counter, tmp_path: Path) -> None:
    """452 4.3.1 at MAIL alone; mail is accepted again once there is room. On the real disk."""
    rules = Policy(PolicySettings(min_free=FreeSpace(octets=2**60)), Chaos(), tmp_path)
    async with listening(counter, rules) as (_, port), Peer.greeted(port) as peer:
        assert (await peer.say(mail("a@b.example"), 452)).startswith("452 4.3.1 ")
        await peer.say(b"NOOP\r\n", 250)
        rules.change(PolicySettings(min_free=FreeSpace(octets=1)))
        await peer.say(mail("a@b.example"), 250)


async def test_the_sweep_looks_at_the_disk(counter: Counter, tmp_path: Path) -> None:
    """No message waits for it, and no message is needed for it."""
    disk = Disk()
    rules = policy()
    rules.disk_space._folder, rules.disk_space._least, rules.disk_space._look = (
        tmp_path,
        FreeSpace(percent=10.0),
        disk.look,
    )
    async with listening(counter, rules):
        disk.free = 0
        await until(lambda: rules.disk_space.judge_sender(None) is not None)


@pytest.mark.parametrize(
    ("rule", "codes"),
    [
        ("mail:451", [451, 503, 503]),
        ("mail:550:<>", [250, 250, 354]),
        ("mail:550:ann@*", [550, 503, 503]),
        ("rcpt:450", [250, 450, 554]),
        ("rcpt:450:bob@*", [250, 450, 554]),
        ("rcpt:450:ann@*", [250, 250, 354]),
        ("data:452:bob@*", [250, 250, 452]),
        ("auth:535", [250, 250, 354]),
    ],
)
async def test_chaos_refuses_at_its_stage(counter: Counter, rule: str, codes: list[int]) -> None:
    """The glob is the sender's at MAIL, and a recipient's at RCPT and DATA."""
    chaos = Chaos()
    async with listening(counter, policy(chaos)) as (_, port), Peer.greeted(port) as peer:
        chaos.change([read_rule(rule)])
        sent = (mail("ann@example.org"), rcpt("bob@example.com"), b"DATA\r\n")
        for octets, code in zip(sent, codes, strict=True):
            said = await peer.say(octets, code)
            if code == chaos.rules[0].code:
                assert said == f"{code} {code // 100}.0.0 Chaos: refused on purpose"


@pytest.mark.parametrize("stage", ["mail", "rcpt", "data"])
async def test_a_421_of_chaos_closes(counter: Counter, stage: str) -> None:
    """RFC 5321 section 3.8."""
    chaos = Chaos()
    chaos.change([read_rule(f"{stage}:421")])
    async with listening(counter, policy(chaos)) as (_, port), Peer.greeted(port) as peer:
        peer.send(message())
        assert (await peer.rest()).endswith("421 4.0.0 Chaos: refused on purpose\r\n")


async def test_chaos_refuses_a_bdat_and_reads_its_octets(counter: Counter) -> None:
    """RFC 3030 section 2; a sender's retry finds the session in order."""
    drawn = iter([0.0, 0.9])
    chaos = Chaos(lambda: next(drawn))
    chaos.change([read_rule("data:451:50%")])
    counter.keeps_at_once = True
    async with listening(counter, policy(chaos)) as (_, port), Peer.greeted(port) as peer:
        for code in (451, 250):
            await peer.say(mail("a@b.example") + rcpt("bob@a.example") + b"BDAT 4 LAST\r\nQUIT", 250, 250, code)
    assert counter.contents == [b"QUIT"]


LOGINS = {
    "PLAIN": (b"AUTH PLAIN\r\n", b"AEFubkBhLmV4YW1wbGUAeA==\r\n"),
    "LOGIN": (b"AUTH LOGIN QW5uQGEuZXhhbXBsZQ==\r\n", b"eA==\r\n"),
    "CRAM-MD5": (b"AUTH CRAM-MD5\r\n", b"QW5uQGEuZXhhbXBsZSB4\r\n"),
}


@pytest.mark.parametrize("mechanism", LOGINS)
async def test_chaos_refuses_a_login_by_its_name(counter: Counter, mechanism: str) -> None:
    """Ann@a.example, in any case; a 421 also closes."""
    chaos = Chaos()
    asked, answered = LOGINS[mechanism]
    async with listening(counter, policy(chaos)) as (_, port), Peer.greeted(port) as peer:
        chaos.change([read_rule("auth:535:bob@*"), read_rule("auth:454:1x:ann@a.example")])
        said = await peer.say(asked + answered, 334, 454)
        assert said == "454 4.0.0 Chaos: refused on purpose"
        chaos.change([read_rule("auth:421:ANN@*")])
        peer.send(asked + answered)
        assert (await peer.rest()).endswith("421 4.0.0 Chaos: refused on purpose\r\n")


async def test_chaos_refuses_a_login_whose_password_is_right(counter: Counter) -> None:
    """Where credentials are asked for: then mail gets 530, and the next login is compared."""
    chaos = Chaos()
    chaos.change([read_rule("auth:454:1x")])
    logins = Logins(StoredPasswords({"ann": "s3cret"}, {}), 10)
    login = b"AUTH PLAIN AGFubgBzM2NyZXQ=\r\n"
    async with (
        listening(counter, policy(chaos), None, None, logins, auth="required") as (_, port),
        Peer.greeted(port) as peer,
    ):
        await peer.say(login + b"MAIL FROM:<>\r\n" + login + b"MAIL FROM:<>\r\n", 454, 530, 235, 250)


@pytest.mark.parametrize("code", [421, 454, 554])
async def test_chaos_refuses_a_connection_in_place_of_the_greeting(counter: Counter, code: int) -> None:
    """Whatever the code, it closes (RFC 5321 section 3.1); the next connection is greeted."""
    chaos = Chaos()
    chaos.change([read_rule("connect:550:192.0.2.*"), read_rule(f"connect:{code}:1x:127.0.0.*")])
    async with listening(counter, policy(chaos)) as (_, port):
        async with Peer.connect(port) as peer:
            assert await peer.rest() == f"{code} {code // 100}.0.0 Chaos: refused on purpose\r\n"
        async with Peer.greeted(port) as peer:
            await peer.say(message(), 250, 250, 354)
