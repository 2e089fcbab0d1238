"""The pytest plugin, in runs of pytest of their own."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from edgemail.testing import Server

SEND = """
import smtplib
from email.message import EmailMessage

def send(smtp, to, subject="Hello", text="Hello."):
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "The Shop <hello@shop.example>", str(to), subject
    message.set_content(text)
    with smtplib.SMTP(smtp.host, smtp.port) as client:
        client.send_message(message)
"""
RUN_S = 60.0
OTHERS_LEFT_OUT = [f"-pno:{name}" for name in ("anyio", "asyncio", "hypothesispytest", "schemathesis", "xdist")]


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Callable[..., pytest.RunResult]:
    """Return a function that runs a test file, with plugins that edgemail's own tests use left out."""
    for name in ("EDGEMAIL_URL", "EDGEMAIL_SMTP_URL", "PYTEST_ADDOPTS"):
        monkeypatch.delenv(name, raising=False)
    pytester.makepyfile(sending=SEND)

    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")  # each plugin takes its time at every start

    def run_pytest(test: str, *arguments: str, conftest: str = "") -> pytest.RunResult:
        pytester.makepyfile(test_it=test)
        if conftest:
            pytester.makeconftest(conftest)
        options = ("-p", "edgemail", "-p", "no:cacheprovider", "--strict-markers", "-W", "error")
        return pytester.runpytest_subprocess(*options, *arguments, timeout=RUN_S)

    return run_pytest


@pytest.fixture
def joined(run: Callable[..., pytest.RunResult], mail_server: Server) -> Callable[..., pytest.RunResult]:
    """As `run`, with a server that runs already: starting one takes most of the time of such a run."""

    def run_joined(test: str, *arguments: str, conftest: str = "") -> pytest.RunResult:
        return run(test, "--edgemail-url", mail_server.url, *arguments, conftest=conftest)

    return run_joined


def read_failure(result: pytest.RunResult) -> list[str]:
    """Return the lines that say why tests failed, with ids, ports and times that are always the same."""
    text = "\n".join(line[8:] for line in result.outlines if line.startswith("E       "))
    return normalize(text).splitlines()


def normalize(text: str) -> str:
    text = re.sub(r"t-[0-9a-f]{6}-[0-9a-f]{8}", "t-3f9a2c-7b1e4d9a", text)
    text = re.sub(r"#\d+ \d\d:\d\d:\d\d\.\d\d\d", "#12 09:14:03.120", text)
    text = re.sub(r"#\d+ to ", "#13 to ", text)
    return re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:40124", text)


PASSES = """
from sending import send

def test_code(mail, edgemail_inbox, edgemail_smtp, edgemail_server):
    assert edgemail_smtp.url == f"smtp://{edgemail_smtp.host}:{edgemail_smtp.port}"
    assert mail is edgemail_inbox
    send(edgemail_smtp, mail, "Your code", "Your code is 481223.")
    assert mail.code() == "481223"

def test_factory(mail, mail_factory, edgemail_smtp):
    other, kim = mail_factory(), mail_factory("kim", domain="shop.example")
    assert len({mail.address, other.address, kim.address}) == 3
    assert kim.address == "kim@shop.example"
    send(edgemail_smtp, other)
    assert other.wait().to[0].address == other.address
    mail.none(after=lambda: None)
"""


def test_a_server_of_its_own(run: Callable[..., pytest.RunResult]) -> None:
    """Nothing is given and nothing runs: the plugin starts a server, and ends it."""
    result = run(
        PASSES
        + """
def test_pid(edgemail_server):
    print("pid", edgemail_server._process._process.pid)
""",
        "-s",
    )
    result.assert_outcomes(passed=3)
    (pid,) = [int(line.split()[-1]) for line in result.outlines if "pid " in line]
    assert subprocess.run(["ps", "-p", str(pid)], capture_output=True, check=False).returncode == 1


def test_a_failure_says_what_came_instead(joined: Callable[..., pytest.RunResult]) -> None:
    """To this address, to others, and what was refused; with the page's URL and the advice for Django."""
    result = joined(
        """
import sys, types, pytest, smtplib
from sending import send

def test_reset(mail, mail_chaos, edgemail_smtp, monkeypatch):
    django_mail = types.ModuleType("django.core.mail")
    django_mail.outbox = ["a message"]
    monkeypatch.setitem(sys.modules, "django.core.mail", django_mail)
    send(edgemail_smtp, mail, "Welcome to the shop", "Your code is 481223.")
    send(edgemail_smtp, mail.address.replace("example", "exmaple"))
    mail_chaos.refuse(code=550)
    with pytest.raises(smtplib.SMTPRecipientsRefused):
        send(edgemail_smtp, mail)
    mail.wait(subject="Reset", timeout=0.1)
"""
    )
    result.assert_outcomes(failed=1)
    assert read_failure(result) == [
        'No mail to t-3f9a2c-7b1e4d9a@example.com with subject "Reset" within 0.1 s.',
        "1 other came to this address:",
        "  #12 09:14:03.120  Welcome to the shop   from hello@shop.example",
        "Meanwhile 1 came to others: #13 to t-3f9a2c-7b1e4d9a@exmaple.com",
        "Refused: 1 (550 recipient, chaos)   Page: http://127.0.0.1:40124/#/t-3f9a2c-7b1e4d9a@example.com",
        "Hint: Django keeps mail in memory in tests; add the fixture edgemail_django.",
    ]
    lines = normalize(result.stdout.str()).splitlines()
    assert '>       mail.wait(subject="Reset", timeout=0.1)' in lines
    assert "inbox.py" not in result.stdout.str()
    start = next(
        at for at, line in enumerate(lines) if re.fullmatch("-+ Mail to t-3f9a2c-7b1e4d9a@example.com -+", line)
    )
    assert lines[start + 1 : start + 4] == [
        "#12 09:14:03.120  Welcome to the shop   from hello@shop.example",
        "  code 481223",
        "  | Your code is 481223.",
    ]
    assert any(line.startswith("FAILED test_it.py::test_reset - No mail to t-3f9a2c") for line in lines)


def test_any_failure_shows_the_mail(joined: Callable[..., pytest.RunResult]) -> None:
    """Also one that has nothing to do with mail; a test that passes shows none."""
    result = joined(
        """
from sending import send

def test_fails(mail, edgemail_smtp):
    send(edgemail_smtp, mail, "Welcome")
    assert 1 == 2

def test_passes(mail):
    pass
"""
    )
    result.assert_outcomes(failed=1, passed=1)
    assert result.stdout.str().count("- Mail to t-") == 1
    assert read_failure(result) == ["assert 1 == 2"]


XDIST = """
import pytest
from sending import send

@pytest.mark.parametrize("number", range(4))
def test_code(mail, edgemail_smtp, edgemail_server, worker_id, number):
    assert mail.address.startswith(f"t-{worker_id}-")
    send(edgemail_smtp, mail, "Your code", f"Your code is 48122{number}.")
    assert mail.code() == f"48122{number}"
    with open(f"seen-{worker_id}-{number}", "w") as file:
        file.write(f"{edgemail_server.url} {mail.address}")
"""


@pytest.mark.slow
@pytest.mark.parametrize(("option", "servers"), [((), 2), (("--edgemail-shared",), 1)], ids=["own", "shared"])
def test_workers_of_xdist(
    run: Callable[..., pytest.RunResult], pytester: pytest.Pytester, option: tuple[str, ...], servers: int
) -> None:
    """Each has a server of its own, unless they share one. No two tests have the same address."""
    run(XDIST, "-p", "xdist", "-n", "2", *option).assert_outcomes(passed=4)
    seen = [path.read_text().split() for path in pytester.path.glob("seen-*")]
    assert len({url for url, _ in seen}) == servers
    assert len({address for _, address in seen}) == 4


def test_no_fixture_no_process(run: Callable[..., pytest.RunResult]) -> None:
    """And nothing is imported but the plugin itself."""
    result = run(
        """
import sys

def test_nothing():
    loaded = {name for name in sys.modules if name.partition(".")[0] == "edgemail"}
    plugin = {"edgemail.testing.plugin", "edgemail.testing.plugin_frameworks"}
    assert loaded == {"edgemail", "edgemail.testing"} | plugin
""",
        conftest="""
import subprocess

def refuse(*args, **options):
    raise AssertionError("a process was started")

subprocess.Popen = refuse
""",
    )
    result.assert_outcomes(passed=1)


def test_the_plugin_imports_nothing_that_pytest_does_not() -> None:
    """Every run of pytest pays for it, also where no test has mail."""
    load = "import pytest, sys; before = set(sys.modules); import edgemail.testing.plugin"
    code = f"{load}; print(*set(sys.modules) - before)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=RUN_S)
    plugin = {"edgemail.testing.plugin", "edgemail.testing.plugin_frameworks"}
    assert set(done.stdout.split()) == {"edgemail", "edgemail.testing"} | plugin


@pytest.mark.slow
def test_the_plugin_is_found_where_edgemail_is_installed(pytester: pytest.Pytester) -> None:
    """By its name `edgemail`, by which it can be left out."""
    pytester.makepyfile("def test_it(pytestconfig): assert pytestconfig.pluginmanager.hasplugin('edgemail')")
    for option, outcome in ((), {"passed": 1}), (("-p", "no:edgemail"), {"failed": 1}):
        pytester.runpytest_subprocess(*OTHERS_LEFT_OUT, *option).assert_outcomes(**outcome)


def test_a_projects_own_mail_wins(joined: Callable[..., pytest.RunResult]) -> None:
    """The inbox has another name, too."""
    result = joined(
        """
import pytest

@pytest.fixture
def mail():
    return "mine"

def test_it(mail, edgemail_inbox):
    assert mail == "mine"
    assert edgemail_inbox.address.endswith("@example.com")
"""
    )
    result.assert_outcomes(passed=1)


ASYNCIO = """
import asyncio, pytest
from sending import send

{mark}
async def test_code(amail, amail_factory, edgemail_smtp):
    turns = 0

    async def turn():
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0.001)

    turning = asyncio.create_task(turn())
    waiting = asyncio.create_task(amail.code())
    while turns < 5:
        await asyncio.sleep(0.001)
    await asyncio.to_thread(send, edgemail_smtp, amail, "Your code", "Your code is 481223.")
    assert await waiting == "481223"
    turning.cancel()
    other = amail_factory("kim-async")
    async def drain():
        await asyncio.to_thread(send, edgemail_smtp, other, "Hello", "https://shop.example/confirm?t=1")
    with pytest.raises(AssertionError, match="none should"):
        await other.none(after=drain)
    assert await other.link("confirm") == "https://shop.example/confirm?t=1"
    await other.clear()
    await other.none(after=lambda: None)
    assert await other.messages() == []

{mark}
async def test_many_at_once(amail_factory, edgemail_smtp):
    inboxes = [amail_factory() for _ in range(40)]
    waiting = [asyncio.create_task(inbox.wait()) for inbox in inboxes]
    for inbox in inboxes:
        await asyncio.to_thread(send, edgemail_smtp, inbox)
    found = await asyncio.gather(*waiting)
    assert [message.to[0].address for message in found] == [inbox.address for inbox in inboxes]

{mark}
async def test_the_same_twice_at_once(amail, edgemail_smtp):
    waiting = [asyncio.create_task(amail.wait()) for _ in range(4)]
    for number in range(4):
        await asyncio.to_thread(send, edgemail_smtp, amail, str(number))
    assert sorted(message.subject for message in await asyncio.gather(*waiting)) == ["0", "1", "2", "3"]

{mark}
async def test_a_wait_that_is_given_up(amail):
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await amail.wait(timeout=600)
"""


@pytest.mark.parametrize("mode", ["strict", pytest.param("auto", marks=pytest.mark.slow)])
def test_asyncio(joined: Callable[..., pytest.RunResult], mode: str) -> None:
    """The program's loop goes on while a test waits. The fixtures need no plugin for asyncio themselves."""
    mark = "@pytest.mark.asyncio" if mode == "strict" else ""
    options = (
        "-p",
        "pytest_asyncio.plugin",
        "-o",
        f"asyncio_mode={mode}",
        "-o",
        "asyncio_default_fixture_loop_scope=function",
    )
    joined(ASYNCIO.format(mark=mark), *options).assert_outcomes(passed=4)


def test_asyncio_without_a_plugin(joined: Callable[..., pytest.RunResult]) -> None:
    result = joined(
        """
import asyncio
from sending import send

def test_code(amail, edgemail_smtp):
    send(edgemail_smtp, amail, "Your code", "Your code is 481223.")
    assert asyncio.run(amail.code()) == "481223"
"""
    )
    result.assert_outcomes(passed=1)


def test_nothing_answers_at_the_url(run: Callable[..., pytest.RunResult]) -> None:
    """Each test says it on one line."""
    result = run("def test_it(mail): pass", "--edgemail-url", "http://127.0.0.1:9/")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(
        [
            "No edgemail at http://127.0.0.1:9/ (Connection refused). "
            "Start it, or leave --edgemail-url and EDGEMAIL_URL out: the plugin starts one."
        ]
    )
    assert "plugin.py" not in result.stdout.str()


TIMEOUTS = """
import pytest

def test_given(mail):
    assert mail.timeout == {given}

@pytest.mark.edgemail(timeout=30)
def test_marked(mail_factory):
    assert mail_factory().timeout == 30
"""


@pytest.mark.parametrize(
    ("given", "arguments"),
    [(10, ()), (2.5, ("-o", "edgemail_timeout=2.5")), (3, ("-o", "edgemail_timeout=2", "--edgemail-timeout", "3"))],
)
def test_how_long_it_waits(
    joined: Callable[..., pytest.RunResult], given: float, arguments: tuple[str, ...]
) -> None:
    """The marker counts most, then the option, then the ini file."""
    joined(TIMEOUTS.format(given=given), *arguments).assert_outcomes(passed=2)


def test_refusals_on_purpose(joined: Callable[..., pytest.RunResult]) -> None:
    """Of this test's addresses alone, and until it ends."""
    result = joined(
        """
import smtplib, pytest
from sending import send

def refused(smtp, to):
    with pytest.raises(smtplib.SMTPException) as error:
        send(smtp, to)
    if isinstance(error.value, smtplib.SMTPRecipientsRefused):
        return next(iter(error.value.recipients.values()))[0]
    return error.value.smtp_code

def test_recipients(mail, mail_factory, mail_chaos, edgemail_smtp):
    kim = mail_factory("kim")
    mail_chaos.refuse()
    assert [refused(edgemail_smtp, to) for to in (mail, mail_factory(), kim)] == [451] * 3
    send(edgemail_smtp, "lee@example.com")

def test_it_is_over(mail, mail_factory, edgemail_smtp, edgemail_server):
    send(edgemail_smtp, mail)
    send(edgemail_smtp, mail_factory("kim"))
    assert edgemail_server.api.get("api/chaos") == {"rules": []}

def test_once(mail, mail_chaos, edgemail_smtp):
    mail_chaos.refuse("data", 452, times=1)
    assert refused(edgemail_smtp, mail) == 452
    send(edgemail_smtp, mail)
    assert mail.wait()

def test_senders(mail, mail_chaos, edgemail_smtp):
    with pytest.raises(ValueError, match="say whom to refuse"):
        mail_chaos.refuse("mail")
    with pytest.raises(ValueError, match='"rctp" is not a stage; write one of connect, auth, mail, rcpt, data'):
        mail_chaos.refuse("rctp")
    mail_chaos.refuse("mail", 550, to="hello@*")
    assert refused(edgemail_smtp, mail) == 550

def test_a_wrong_code(mail_chaos):
    mail_chaos.refuse(code=250)
"""
    )
    result.assert_outcomes(passed=4, failed=1)
    assert "rules.0.code" in "\n".join(read_failure(result))
