"""`edgemail address`: a fresh address on a running server."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from tests.cli.in_process import run_here as run
from tests.cli.in_process import running_loaded
from tests.cli.test_client import pretending
from tests.cli.test_mail import deliver

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.cli.test_serve import Running

NAME = "[a-z2-9]{12}"


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    """A server that keeps all domains' mail for two hours."""
    with running_loaded("--db", "memory", "--max-age", "2h") as started:
        yield started


@pytest.fixture(scope="module")
def public() -> Iterator[Running]:
    """A server with domains, that keeps mail for ever."""
    domains = ("--domain", "example.org", "--domain", "b.example", "--reserved", "none")
    with running_loaded("--db", "memory", "--max-age", "off", *domains) as started:
        yield started


def test_each_address_is_another_one_and_has_no_mail(server: Running) -> None:
    """It is one line, for `$(…)`."""
    made = [run(server.url, "address") for _ in range(2)]
    for ended in made:
        assert (ended.returncode, ended.stderr) == (0, "")
        assert re.fullmatch(f"{NAME}@example\\.com\n", ended.stdout)
    assert made[0].stdout != made[1].stdout
    assert run(server.url, "list", made[0].stdout.strip()).stdout == ""


def test_mail_to_it_arrives(server: Running) -> None:
    """Nothing has to be created first."""
    address = run(server.url, "address", "--label", "shop").stdout.strip()
    assert re.fullmatch(f"shop-{NAME}@example\\.com", address)
    deliver(server, address, "Your verification code is 481223.")
    assert run(server.url, "wait", address, "--code", "--after", "0").stdout == "481223\n"


def test_json_tells_what_to_wait_after_and_until_when(server: Running, public: Running) -> None:
    before = datetime.now(UTC).replace(microsecond=0)
    made = json.loads(run(server.url, "address", "--json").stdout)
    expires = datetime.fromisoformat(made.pop("expires"))
    assert before + timedelta(hours=2) <= expires <= datetime.now(UTC) + timedelta(hours=2)
    assert re.fullmatch(f"{NAME}@example\\.com", made.pop("address"))
    assert made == {"after": 0, "receives_internet_mail": False}
    made = json.loads(run(public.url, "address", "--json", "--label", "a").stdout)
    assert re.fullmatch(f"a-{NAME}@example\\.org", made.pop("address"))
    assert made == {"after": 0, "expires": None, "receives_internet_mail": True}


def test_a_server_without_locks_says_so(server: Running) -> None:
    """The address and its key are printed all the same, each on a line."""
    ended = run(server.url, "address", "--locked")
    assert (ended.returncode, len(ended.stdout.splitlines())) == (0, 2)
    assert ended.stderr == "this server opens locked inboxes to everyone (dev mode, or all_mail = everyone)\n"


@pytest.mark.parametrize("domain", ["b.example", "team.example.org"])
def test_the_domain_can_be_chosen_among_the_servers(public: Running, domain: str) -> None:
    assert run(public.url, "address", "--domain", domain).stdout.strip().endswith(f"@{domain}")


def test_a_domain_that_the_server_does_not_take_is_refused(public: Running) -> None:
    """Mail to such an address would never come."""
    ended = run(public.url, "address", "--domain", "other.example")
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr == "this server takes mail for example.org, b.example only\n"


def test_without_a_server_a_domain_is_needed() -> None:
    """With one, an address is made all the same, and what is not known is null."""
    nowhere = "http://127.0.0.1:1"
    ended = run(nowhere, "address")
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.startswith(f"no edgemail answers at {nowhere} (")
    ended = run(nowhere, "address", "--domain", "shop.example", "--json")
    assert ended.returncode == 0
    assert ended.stderr.startswith(f"the domain was not checked: no edgemail answers at {nowhere} (")
    made = json.loads(ended.stdout)
    assert re.fullmatch(f"{NAME}@shop\\.example", made.pop("address"))
    assert made == {"after": 0, "expires": None, "receives_internet_mail": None}


def test_a_server_that_refuses_is_not_taken_for_absent() -> None:
    with pretending(lambda _: (401, b'{"title": "Unauthorized"}')) as url:
        ended = run(url, "address", "--domain", "shop.example")
    assert (ended.returncode, ended.stdout, ended.stderr) == (1, "", "Unauthorized\n")


def test_a_wrong_label_is_status_2(server: Running) -> None:
    for label in ("Shop", "a b", "x" * 21):
        ended = run(server.url, "address", "--label", label)
        assert (ended.returncode, ended.stdout) == (2, "")
        assert "a label is 1 to 20 letters of a-z, digits and hyphens" in ended.stderr
