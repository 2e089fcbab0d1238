"""`edgemail doctor`: against a DNS server, an edgemail and an HTTPS server that the tests start."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
import threading
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import dns.rcode
import pytest
from testkit.certificate_authority import Authority, serving_file
from testkit.dns_server import DnsServer, closed_port, serving_dns
from testkit.ports import free_port
from testkit.running_app import running, settings_in
from testkit.sqld import Sqld
from testkit.time_limit import bounded

from edgemail.doctor import DoctorRequest, Finding, Status, run_checks
from edgemail.doctor.database import check_database
from edgemail.doctor.dns_client import DnsClient, DnsError
from edgemail.doctor.mta_sts import MtaStsPolicy, read_policy
from edgemail.model import Endpoint
from edgemail.settings import StoreSettings
from edgemail.store.remote.store import RemoteStore
from tests.cli.in_process import run_here

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

__all__ = ["bounded"]

HERE = "127.0.0.1"
REVERSE = "1.0.0.127.in-addr.arpa. PTR mail.example."
ZONE = {
    "address": "mail.example. A 127.0.0.1",
    "MX": "mail.example. MX 10 mail.example.",
    "wildcard": "*.mail.example. MX 10 mail.example.",
    "SPF": 'mail.example. TXT "v=spf1 -all"',
    "DMARC": '_dmarc.mail.example. TXT "v=DMARC1; p=reject; sp=reject"',
    "MTA-STS": '_mta-sts.mail.example. TXT "v=STSv1; id=1"',
    "MTA-STS host": "mta-sts.mail.example. A 127.0.0.1",
    "CAA issue": 'mail.example. CAA 0 issue "ca.example"',
    "CAA issuemail": 'mail.example. CAA 0 issuemail ";"',
    "PTR": REVERSE,
}
POLICY_PATH = "/.well-known/mta-sts.txt"
POLICY = b"version: STSv1\r\nmode: enforce\r\nmx: mail.example\r\nmax_age: 604800\r\n"


def write_zone(**changes: str) -> str:
    """Return a zone without faults, with other lines for some checks; `_` in a name is a space."""
    return "\n".join((ZONE | {name.replace("_", " "): line for name, line in changes.items()}).values())


@dataclass(frozen=True)
class World:
    """A domain with a DNS server, a mail server and a policy file."""

    dns: DnsServer
    question: DoctorRequest
    environ: dict[str, str]

    async def run_checks(self, **changes: Any) -> dict[str, Finding]:
        findings = await run_checks(replace(self.question, **changes), lambda done, begun: None)
        assert len({finding.check for finding in findings}) == len(findings)
        return {finding.check: finding for finding in findings}

    async def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run `edgemail doctor` on the domain."""
        return await asyncio.to_thread(
            run, "mail.example", "--dns", f"{HERE}:{self.dns.port}", "--address", HERE,
            "--smtp-port", str(self.question.smtp_port), "--policy-port", str(self.question.policy_port),
            *arguments, **self.environ,
        )  # fmt: skip


def run(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "edgemail", "doctor", *arguments],
        env={"PATH": os.environ["PATH"]} | environ,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


@pytest.fixture
def dns_server() -> Iterator[DnsServer]:
    with serving_dns(write_zone()) as server:
        yield server


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Authority:
    made = Authority(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(made.root))
    return made


@asynccontextmanager
async def world_with(
    server: DnsServer, authority: Authority, folder: Path, certificate: Path | None, policy: bytes = POLICY
) -> AsyncIterator[World]:
    """Run an edgemail with a certificate, and serve a policy file."""
    settings = settings_in(folder, domains=("mail.example",))
    smtp = replace(settings.smtp, tls_cert=None if certificate is None else str(certificate))
    with serving_file(authority.issue("mta-sts.mail.example"), POLICY_PATH, policy) as policy_port:
        async with running(replace(settings, smtp=smtp)) as program:
            question = DoctorRequest(
                "mail.example",
                addresses=(HERE,),
                dns=Endpoint(HERE, server.port),
                smtp_port=program.smtp[1],
                policy_port=policy_port,
            )
            yield World(server, question, {"SSL_CERT_FILE": str(authority.root)})


def bare_question(server: DnsServer) -> DoctorRequest:
    """Return a request about DNS records only, without a server."""
    return DoctorRequest(
        "mail.example", (HERE,), Endpoint(HERE, server.port), smtp_port=free_port(), policy_port=free_port()
    )


async def examine_records(server: DnsServer, **changes: Any) -> dict[str, Finding]:
    return await World(server, bare_question(server), {}).run_checks(**changes)


async def test_a_domain_that_has_everything_is_well(
    dns_server: DnsServer, authority: Authority, tmp_path: Path
) -> None:
    """Every check is ok, no zone line is suggested, and the exit status is 0."""
    async with world_with(dns_server, authority, tmp_path, authority.issue("mail.example")) as world:
        done = await world.run("--json", "--db", str(tmp_path / "mail.db"))
    found = json.loads(done.stdout)
    assert {check["state"] for check in found["checks"]} == {"ok"}, done.stdout
    assert [check["check"] for check in found["checks"]] == [
        "MX", "wildcard", "address", "PTR", f"port {world.question.smtp_port}", "STARTTLS",
        "SPF", "DMARC", "CAA issue", "CAA issuemail", "MTA-STS", "database",
    ]  # fmt: skip
    assert found["zone"] == []
    assert (done.returncode, done.stderr) == (0, "")


async def test_what_it_prints_makes_it_content_once_it_is_served(
    dns_server: DnsServer, authority: Authority, tmp_path: Path
) -> None:
    """Pasting the suggested lines into an empty zone is enough; only the PTR is set elsewhere."""
    dns_server.text = ""
    host = "mail.mail.example"
    policy = POLICY.replace(b"mx: mail.example", f"mx: {host}".encode())
    async with world_with(dns_server, authority, tmp_path, authority.issue(host), policy) as world:
        ill = await world.run()
        assert ill.returncode == 1
        findings, _, lines = ill.stdout.partition("\n\n")
        states = {line.split()[1]: line.split()[0] for line in findings.splitlines()}
        assert {check for check, state in states.items() if state == "ok"} == {"port", "STARTTLS"}
        assert "the database was not checked" in ill.stderr
        dns_server.text = f"{lines}\n{REVERSE.replace('mail.example', host)}\n"
        well = await world.run()
    assert (well.returncode, {line.split()[0] for line in well.stdout.splitlines()}) == (0, {"ok"}), well.stdout


async def test_the_mx_that_there_is_gets_the_subdomains_mail_too(dns_server: DnsServer) -> None:
    """The line for subdomains names a host that has an address, even where the domain itself has none."""
    dns_server.text = "mail.example. MX 10 box.mail.example.\nbox.mail.example. A 127.0.0.1"
    found = await examine_records(dns_server)
    assert found["MX"].state is Status.OK
    assert found["wildcard"].zone == ("*.mail.example.          MX    10 box.mail.example.",)
    assert found["address"].zone == ()


async def test_a_domain_without_an_mx_gets_a_host_with_its_address(dns_server: DnsServer) -> None:
    """The host is the domain itself where that is the server, else a name of its own."""
    dns_server.text = "mail.example. A 198.51.100.1"
    found = await examine_records(dns_server)
    assert found["MX"].zone == ("mail.example.            MX    10 mail.mail.example.",)
    assert found["wildcard"].zone == ("*.mail.example.          MX    10 mail.mail.example.",)
    assert found["address"].zone == ("mail.mail.example.       A     127.0.0.1",)
    dns_server.text = "mail.example. A 127.0.0.1"
    assert (await examine_records(dns_server))["MX"].zone == ("mail.example.            MX    10 mail.example.",)


async def test_an_mx_that_names_an_address_is_wrong(dns_server: DnsServer) -> None:
    """Senders look for a host of that name, which there is not."""
    dns_server.text = write_zone(MX="mail.example. MX 10 127.0.0.1.")
    found = (await examine_records(dns_server))["MX"]
    assert found.state is Status.FAIL
    assert "names 127.0.0.1: it must name a host, not an address" in found.text
    assert found.zone == ("mail.example.            MX    10 mail.example.",)


@pytest.mark.parametrize(
    "name", ["127.0.0.1.mail.example.", "box.mail.example.mail.example.", "mail.example.mail.example."]
)
async def test_an_mx_without_its_last_dot_is_wrong(dns_server: DnsServer, name: str) -> None:
    """The zone's name is added to it; no line asks for a host of that name."""
    dns_server.text = write_zone(MX=f"mail.example. MX 10 {name}")
    found = await examine_records(dns_server)
    assert (found["MX"].state, "dot at its end" in found["MX"].text) == (Status.FAIL, True)
    assert found["MX"].zone == ("mail.example.            MX    10 mail.example.",)
    assert (found["address"].state, found["address"].zone) == (Status.OK, ())


async def test_an_mx_host_of_somebody_else_gets_no_address_of_ours(dns_server: DnsServer) -> None:
    """An MX that was left from another provider: its name is in nobody's zone but that provider's."""
    dns_server.text = write_zone(MX="mail.example. MX 10 mx.provider.example.\nmx.provider.example. A 127.0.0.2")
    found = (await examine_records(dns_server))["address"]
    assert found.text == "mx.provider.example is another machine: 127.0.0.2, and not 127.0.0.1"
    assert (found.state, "out of the MX records" in found.advice, found.zone) == (Status.FAIL, True, ())


@pytest.mark.parametrize(
    ("check", "state", "missing"),
    [
        ("MX", Status.FAIL, "MX"),
        ("wildcard", Status.WARN, "wildcard"),
        ("address", Status.FAIL, "address"),
        ("PTR", Status.WARN, "PTR"),
        ("SPF", Status.FAIL, "SPF"),
        ("DMARC", Status.FAIL, "DMARC"),
        ("CAA issue", Status.WARN, "CAA issue"),
        ("CAA issuemail", Status.WARN, "CAA issuemail"),
        ("MTA-STS", Status.WARN, "MTA-STS"),
        ("MTA-STS", Status.WARN, "MTA-STS host"),
    ],
)
async def test_a_record_that_is_missing_is_named_with_its_line(
    dns_server: DnsServer, check: str, state: Status, missing: str
) -> None:
    """A missing record fails if mail cannot arrive or can be forged, and warns otherwise."""
    dns_server.text = "\n".join(line for name, line in ZONE.items() if name != missing)
    found = (await examine_records(dns_server))[check]
    assert (found.state, bool(found.advice)) == (state, True)
    name, kind = ZONE[missing].split()[:2]
    assert any(f"{name} " in line and f" {kind} " in line for line in found.zone), found.zone


@pytest.mark.parametrize(
    ("check", "state", "line", "said"),
    [
        ("MX", Status.FAIL, "mail.example. MX 0 .", "null MX"),
        ("address", Status.FAIL, "mail.example. A 127.0.0.2", "lacks 127.0.0.1"),
        ("wildcard", Status.WARN, "*.mail.example. MX 10 other.example.", "elsewhere: other.example"),
        ("PTR", Status.WARN, "1.0.0.127.in-addr.arpa. PTR other.example.", "does not resolve back"),
        ("SPF", Status.FAIL, 'mail.example. TXT "v=spf1 +all"', "does not end with -all"),
        ("SPF", Status.WARN, 'mail.example. TXT "v=spf1 mx -all"', "lets some hosts send"),
        ("SPF", Status.FAIL, 'mail.example. TXT "v=spf1 -all"\nmail.example. TXT "v=spf1 mx -all"', "2 SPF"),
        ("SPF", Status.FAIL, 'mail.example. TXT "v=spf10 -all"', "no SPF"),
        ("DMARC", Status.FAIL, '_dmarc.mail.example. TXT "v=DMARC1; p=none"', "does not reject all"),
        ("DMARC", Status.FAIL, '_dmarc.mail.example. TXT "v=DMARC1; p=reject; sp=none"', "does not reject all"),
        ("DMARC", Status.FAIL, '_dmarc.mail.example. TXT "v=DMARC1; p=reject; pct=5"', "does not reject all"),
        ("DMARC", Status.FAIL, '_dmarc.mail.example. TXT "p=reject"', "no DMARC"),
        ("MTA-STS", Status.FAIL, '_mta-sts.mail.example. TXT "v=STSv1;"', "is ignored"),
        ("MTA-STS", Status.WARN, '_mta-sts.mail.example. TXT "v=STSv1; id=1"', "cannot be read from here"),
    ],
)
async def test_a_record_that_is_wrong_is_told_from_one_that_is_missing(
    dns_server: DnsServer, check: str, state: Status, line: str, said: str
) -> None:
    """Each finding says what is wrong with the record."""
    dns_server.text = write_zone(**{check.replace(" ", "_"): line})
    found = (await examine_records(dns_server))[check]
    assert (found.state, said in found.text) == (state, True), found


async def test_an_mx_that_is_an_alias_is_refused(dns_server: DnsServer) -> None:
    """RFC 2181 section 10.3: the name of an MX has addresses of its own."""
    dns_server.text = write_zone(
        MX="mail.example. MX 10 mx.mail.example.",
        address="mx.mail.example. CNAME real.example.\nreal.example. A 127.0.0.1",
    )
    found = (await examine_records(dns_server))["address"]
    assert (found.state, "alias" in found.text) == (Status.FAIL, True)


async def test_an_address_that_nobody_reaches_is_no_address(dns_server: DnsServer) -> None:
    """A private address is a mistake, unless --address names it, as the other tests do."""
    found = (await examine_records(dns_server, addresses=()))["address"]
    assert (found.state, "not a public address" in found.text) == (Status.FAIL, True)


async def test_the_host_is_another_name_where_the_domain_is_a_site_elsewhere(dns_server: DnsServer) -> None:
    """An MX that names the domain itself would send mail to its web server."""
    dns_server.text = "mail.example. A 192.0.2.80"
    found = await examine_records(dns_server)
    assert found["MX"].zone[0].split() == ["mail.example.", "MX", "10", "mail.mail.example."]
    assert found["address"].zone[0].split() == ["mail.mail.example.", "A", HERE]


@pytest.mark.parametrize("zone", ["", "mail.example. MX 10 mail.example.", "mail.example. MX 0 ."])
async def test_a_server_is_tried_before_its_zone_leads_to_it(
    dns_server: DnsServer, authority: Authority, tmp_path: Path, zone: str
) -> None:
    """With --address, port 25 is probed there."""
    dns_server.text = f"{zone}\n{REVERSE}"
    async with world_with(dns_server, authority, tmp_path, authority.issue("mail.example")) as world:
        found = await world.run_checks()
        port = f"port {world.question.smtp_port}"
    assert [found[check].state for check in ("PTR", port, "STARTTLS")] == [Status.WARN, Status.OK, Status.OK]


async def test_caa_records_of_a_parent_hold(dns_server: DnsServer) -> None:
    """RFC 8659 section 3: the nearest name that has any."""
    dns_server.text = write_zone(
        CAA_issue='example. CAA 0 issue "ca.example"', CAA_issuemail='example. CAA 0 issuemail ";"'
    )
    found = await examine_records(dns_server)
    assert [found[check].state for check in ("CAA issue", "CAA issuemail")] == [Status.OK, Status.OK]


async def test_an_answer_too_long_for_a_datagram_comes_by_tcp(dns_server: DnsServer) -> None:
    """A domain has many TXT records, and the SPF record is one of them."""
    others = "\n".join(f'mail.example. TXT "site-verification={number:060}"' for number in range(12))
    dns_server.text = f"{write_zone()}\n{others}"
    found = (await examine_records(dns_server))["SPF"]
    assert found.state is Status.OK
    assert ("tcp", "mail.example", "TXT") in dns_server.asked


async def test_one_name_that_fails_spoils_no_other_check(dns_server: DnsServer) -> None:
    """SERVFAIL is reported as such: the record is not called missing, and no line is printed."""
    dns_server.failures["_dmarc.mail.example"] = dns.rcode.SERVFAIL
    found = await examine_records(dns_server)
    assert (found["DMARC"].state, found["DMARC"].zone, found["SPF"].state) == (Status.FAIL, (), Status.OK)
    assert "SERVFAIL" in found["DMARC"].text


async def test_a_server_that_fails_always_is_no_empty_zone(dns_server: DnsServer) -> None:
    """A failed lookup is never reported as a missing record."""
    dns_server.fails_always = True
    found = await examine_records(dns_server)
    assert {finding.state for finding in found.values()} == {Status.FAIL}
    assert [finding.zone for finding in found.values() if finding.zone] == []


async def test_silence_ends_within_the_time_that_was_given(dns_server: DnsServer) -> None:
    """A name without an answer is reported as not known; the other checks end normally."""
    dns_server.failures["mail.example"] = None
    found = await asyncio.wait_for(examine_records(dns_server, timeout_s=1.5), 15)
    assert (found["SPF"].state, found["DMARC"].state) == (Status.FAIL, Status.OK)
    assert found["SPF"].zone == ()


async def test_without_a_dns_server_one_line_says_so() -> None:
    """The exit status is 1, and the command ends in time."""
    done = await asyncio.to_thread(run, "mail.example", "--dns", f"{HERE}:{closed_port()}", "--timeout", "1.5")
    assert done.returncode == 1
    (line,) = done.stdout.splitlines()
    assert line.split()[:2] == ["fail", "DNS"]
    assert "Traceback" not in done.stderr


async def test_a_terminal_sees_how_far_it_is_and_then_only_the_result(dns_server: DnsServer) -> None:
    """Progress goes to standard error, is erased at the end, and is not written to files."""
    flags = ["--dns", f"{HERE}:{dns_server.port}", "--smtp-port", str(free_port()), "--timeout", "10"]
    flags += ["--policy-port", str(free_port())]
    ours, theirs = os.openpty()
    with os.fdopen(ours, "rb", 0) as terminal:
        process = subprocess.Popen(
            [sys.executable, "-m", "edgemail", "doctor", "mail.example", *flags],
            env={"PATH": os.environ["PATH"]},
            stdout=subprocess.DEVNULL,
            stderr=theirs,
        )
        os.close(theirs)
        assert await asyncio.to_thread(process.wait, 30) == 1
        told = terminal.read(65_536)
    assert b"\rExamining mail.example: 1 of " in told
    assert b"\r\x1b[K" in told


async def test_what_strangers_write_drives_no_terminal(dns_server: DnsServer) -> None:
    """Control characters of a TXT record are escaped, also in JSON."""
    dns_server.text = write_zone(SPF=r'mail.example. TXT "v=spf1 \027[2J\010ok    SPF  fine\226\128\174 ?all"')
    for flags in ((), ("--json",)):
        done = await World(dns_server, bare_question(dns_server), {}).run(*flags)
        assert "\x1b" not in done.stdout
        assert "\u202e" not in done.stdout
        assert r"\u001b[2J" in done.stdout or r"\\u001b[2J" in done.stdout
        assert "\nok    SPF  fine" not in done.stdout


async def test_nothing_on_the_port_fails(dns_server: DnsServer) -> None:
    """A refused connection fails, while silence only warns."""
    question = bare_question(dns_server)
    found = (await World(dns_server, question, {}).run_checks())[f"port {question.smtp_port}"]
    assert (found.state, "refused" in found.text) == (Status.FAIL, True)


@pytest.mark.parametrize(
    ("said", "state", "told"),
    [
        (b"554 go away\r\n", Status.FAIL, "554 go away"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", Status.FAIL, "HTTP/1.1 400"),
        (b"220-" + b"x" * 10_000, Status.FAIL, "the connection broke"),
        (b"220-more\r\n" * 200, Status.FAIL, "a reply without an end"),
        (b"", Status.FAIL, "the connection broke"),
        (None, Status.WARN, "no answer in time"),
    ],
)
async def test_what_is_no_smtp_server_is_told(
    dns_server: DnsServer, said: bytes | None, state: Status, told: str
) -> None:
    """Any other answer fails. Silence only warns, as it may be a firewall."""
    with closing(socket.create_server((HERE, 0))) as listening:
        done = threading.Event()

        def serve() -> None:
            connection, _ = listening.accept()
            with connection:
                if said is None:
                    done.wait(20)
                else:
                    connection.sendall(said)
                    connection.shutdown(socket.SHUT_WR)
                    connection.settimeout(20)
                    while connection.recv(4096):
                        pass

        thread = threading.Thread(target=serve)
        thread.start()
        port = listening.getsockname()[1]
        question = replace(bare_question(dns_server), smtp_port=port, timeout_s=2.0 if said is None else 20.0)
        found = (await World(dns_server, question, {}).run_checks())[f"port {port}"]
        done.set()
        await asyncio.to_thread(thread.join)
    assert (found.state, told in found.text) == (state, True), found


@pytest.mark.parametrize("days", [-1, 3])
async def test_a_certificate_at_its_end_is_told(
    dns_server: DnsServer, authority: Authority, tmp_path: Path, days: int
) -> None:
    """An expired certificate fails if the policy is enforced; one that expires soon warns."""
    async with world_with(dns_server, authority, tmp_path, authority.issue("mail.example", days)) as world:
        found = (await world.run_checks())["STARTTLS"]
    assert found.state is (Status.FAIL if days < 0 else Status.WARN)
    assert "expire" in found.text


@pytest.mark.parametrize(("mode", "state"), [(b"enforce", Status.FAIL), (b"testing", Status.OK)])
async def test_a_certificate_for_another_name_matters_where_the_policy_is_enforced(
    dns_server: DnsServer, authority: Authority, tmp_path: Path, mode: bytes, state: Status
) -> None:
    """Only with MTA-STS do senders verify the name, and keep their mail if it is wrong."""
    policy = POLICY.replace(b"enforce", mode)
    async with world_with(dns_server, authority, tmp_path, authority.issue("other.example"), policy) as world:
        found = (await world.run_checks())["STARTTLS"]
    assert (found.state, "other.example" in found.text) == (state, True)


async def test_no_starttls_is_told(dns_server: DnsServer, authority: Authority, tmp_path: Path) -> None:
    """An enforced policy keeps mail from a server that offers none."""
    async with world_with(dns_server, authority, tmp_path, None) as world:
        found = (await world.run_checks())["STARTTLS"]
    assert (found.state, "does not offer it" in found.text) == (Status.FAIL, True)


async def test_a_policy_that_does_not_name_the_mx_fails(
    dns_server: DnsServer, authority: Authority, tmp_path: Path
) -> None:
    """RFC 8461 section 4.1: such an MX is not used."""
    policy = POLICY.replace(b"mx: mail.example", b"mx: other.example")
    async with world_with(dns_server, authority, tmp_path, authority.issue("mail.example"), policy) as world:
        found = (await world.run_checks())["MTA-STS"]
    assert (found.state, "does not name mail.example" in found.text) == (Status.FAIL, True)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "version: STSv2\nmode: none\nmax_age: 1",
        "version: STSv1\nmode: on\nmax_age: 1",
        "version: STSv1\nmode: enforce\nmax_age: 1",
        "version: STSv1\nmode: enforce\nmx: a.example\nmax_age: soon",
    ],
)
def test_a_file_that_is_no_policy_is_refused(text: str) -> None:
    """RFC 8461 section 3.2."""
    assert not isinstance(read_policy(text), MtaStsPolicy)


def test_a_policys_wildcard_stands_for_one_label() -> None:
    """RFC 8461 section 4.1."""
    policy = read_policy("version: STSv1\r\nmode: enforce\r\nmx: *.example\r\nmax_age: 1\r\n")
    assert isinstance(policy, MtaStsPolicy)
    assert [policy.allows(host) for host in ("a.example", "a.b.example", "example")] == [True, False, False]


@pytest.fixture(scope="module")
def primary(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sqld]:
    server = Sqld(tmp_path_factory.mktemp("sqld") / "primary")
    server.start()
    yield server
    server.kill()


@pytest.mark.parametrize(
    ("access", "lasts", "reads_only", "states"),
    [
        ("rw", None, False, (Status.OK, Status.OK)),
        ("rw", timedelta(days=60), False, (Status.OK, Status.OK)),
        ("rw", timedelta(days=3), False, (Status.OK, Status.WARN)),
        ("rw", timedelta(days=-1), False, (Status.FAIL, Status.FAIL)),
        ("ro", None, False, (Status.FAIL, Status.FAIL)),
        ("ro", None, True, (Status.OK, Status.OK)),
    ],
)
async def test_the_database_and_its_token_are_tried(
    primary: Sqld, access: str, lasts: timedelta | None, *, reads_only: bool, states: tuple[Status, Status]
) -> None:
    """The finding has what the token allows and until when; an edge reader needs no write access."""
    await (await RemoteStore.open(primary.url, primary.token())).close()
    now = datetime.now(UTC)
    claims = {} if lasts is None else {"exp": int((now + lasts).timestamp())}
    settings = StoreSettings(db=primary.url, token=primary.token(access, **claims))
    found = await check_database(settings, now, 10.0, reads_only=reads_only)
    assert [finding.check for finding in found] == ["database", "token"]
    assert tuple(finding.state for finding in found) == states, found


async def test_a_token_that_may_only_read_is_told_from_one_that_is_refused(primary: Sqld) -> None:
    """sqld answers 403 to a write with the one, and to all with the other."""
    await (await RemoteStore.open(primary.url, primary.token())).close()
    told = []
    for token in (primary.token("ro"), Sqld(primary.folder).token("rw")):
        database, _ = await check_database(
            StoreSettings(db=primary.url, token=token), datetime.now(UTC), 10.0, reads_only=False
        )
        told.append(("can be read, but not written" in database.text, database.advice.partition(":")[0]))
    assert told == [
        (True, "give a token that may write, or check an edge reader with --set smtp=off"),
        (False, "give a token of this database"),
    ]


async def test_an_edge_readers_database_need_not_be_written(
    dns_server: DnsServer, primary: Sqld, tmp_path: Path
) -> None:
    """`--set smtp=off` makes it an edge reader on the command line."""
    await (await RemoteStore.open(primary.url, primary.token())).close()
    file = tmp_path / "ro.jwt"
    file.write_text(primary.token("ro"))
    file.chmod(0o600)
    world = World(dns_server, bare_question(dns_server), {})
    told = []
    for more in ((), ("--set", "smtp=off")):
        done = await world.run("--json", "--db", primary.url, "--db-token-file", str(file), *more)
        told.append([check["state"] for check in json.loads(done.stdout)["checks"][-2:]])
    assert told == [["fail", "fail"], ["ok", "ok"]]


async def test_wrong_settings_are_told_as_by_the_server() -> None:
    """The exit status is 78, before any lookup."""
    done = await asyncio.to_thread(run, "mail.example", "--set", "max_age=soon")
    assert (done.returncode, "max_age" in done.stderr) == (78, True)


async def test_a_database_that_is_not_there_is_told() -> None:
    """It fails if nothing listens, or another program does."""
    settings = StoreSettings(db=f"http://127.0.0.1:{free_port()}")
    (found,) = await check_database(settings, datetime.now(UTC), 5.0, reads_only=False)
    assert (found.state, "cannot be reached" in found.text) == (Status.FAIL, True)


async def test_a_token_file_is_read_as_the_server_reads_it(primary: Sqld, tmp_path: Path) -> None:
    """A missing file fails, and a file that other users may read warns."""
    file = tmp_path / "rw.jwt"
    settings = StoreSettings(db=primary.url, token_file=str(file))
    (missing,) = await check_database(settings, datetime.now(UTC), 5.0, reads_only=False)
    file.write_text(primary.token())
    file.chmod(0o644)
    *_, open_to_others = await check_database(settings, datetime.now(UTC), 5.0, reads_only=False)
    assert (missing.check, missing.state) == ("token", Status.FAIL)
    assert (open_to_others.check, open_to_others.state) == ("token", Status.WARN)


async def test_a_database_in_memory_is_a_warning() -> None:
    """It works, and a domain's mail is worth more than that."""
    (found,) = await check_database(StoreSettings(db="memory"), datetime.now(UTC), 5.0, reads_only=False)
    assert (found.check, found.state) == ("database", Status.WARN)
    assert found.text == "mail is kept in memory, and lost when edgemail ends"


async def test_a_file_is_looked_at_and_not_made(tmp_path: Path) -> None:
    """The check changes nothing, and reports a file that is no database."""
    path = tmp_path / "mail.db"
    settings = StoreSettings(db=str(path))
    (missing,) = await check_database(settings, datetime.now(UTC), 5.0, reads_only=False)
    assert (missing.state, path.exists()) == (Status.WARN, False)
    path.write_bytes(b"not a database, but long enough to be looked at" * 50)
    (other,) = await check_database(settings, datetime.now(UTC), 5.0, reads_only=False)
    assert other.state is Status.FAIL


@pytest.mark.parametrize(
    "arguments",
    [
        ("mail..example",),
        ("mail.example", "--dns", "ns.example:53"),
        ("mail.example", "--dns", "127.0.0.1:0"),
        ("mail.example", "--address", "here"),
        (),
    ],
)
def test_wrong_usage_is_told(arguments: tuple[str, ...]) -> None:
    """The exit status is 2, before any lookup."""
    done = run(*arguments)
    assert (done.returncode, "Traceback" in done.stderr) == (2, False)


def test_only_this_command_loads_the_dns_library() -> None:
    """The server starts without loading it."""
    code = (
        "import sys, edgemail.cli, edgemail.app; sys.exit('dns' in sys.modules or 'edgemail.doctor' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=30).returncode == 0


async def test_a_dns_server_that_cannot_be_reached_is_told() -> None:
    """Nothing was sent there, so nothing answered: a broadcast is not allowed."""
    client = DnsClient(Endpoint("255.255.255.255", 53), 2)
    with pytest.raises(DnsError, match="no DNS server can be reached to ask for"):
        await client.find_mx("example.org")


def test_a_domain_that_the_server_refuses_is_a_failure() -> None:
    """A subdomain of a domain in the settings is taken, and another domain is not."""
    for domain, is_taken in (("example.org", True), ("shop.example.org", True), ("example.net", False)):
        done = run_here(
            "", "doctor", domain, "--dns", "127.0.0.1:1", "--timeout", "0.3", EDGEMAIL_DOMAIN="example.org"
        )
        said = f"the server's settings take mail for example.org, and not for {domain}"
        assert (said in done.stdout) != is_taken
        assert done.returncode == 1
