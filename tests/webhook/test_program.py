"""The whole program tells of mail that came by SMTP, as its settings say."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import smtplib
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import apsw
import pytest
from prometheus_client.parser import text_string_to_metric_families
from testkit.running_app import ANN, resolved_in, running
from testkit.sample_mail import letter
from testkit.server_process import serving
from testkit.waiting import PATIENCE_S, until
from testkit.webhook_receiver import answer, receiving

from edgemail.app import App
from edgemail.errors import SettingsError
from edgemail.settings import resolve

if TYPE_CHECKING:
    from pathlib import Path

    from testkit.running_app import Program

BEN = "ben@example.org"
CODE = letter(
    "Your code", "Your code is 481223.\r\n\r\nConfirm your address: https://shop.example/confirm?token=abc"
)


def send(smtp: tuple[str, int], data: bytes, *recipients: str) -> None:
    with smtplib.SMTP(*smtp, timeout=PATIENCE_S) as client:
        client.sendmail("bounce@sender.example", recipients or (ANN,), data)


def metrics_in(text: bytes) -> dict[str, float]:
    """Return the samples of the webhook by their names and labels."""
    return {
        " ".join([sample.name.removeprefix("edgemail_webhook_"), *sample.labels.values()]): sample.value
        for family in text_string_to_metric_families(text.decode())
        for sample in family.samples
        if sample.name.startswith("edgemail_webhook_")
    }


async def test_what_is_told_is_what_the_api_says_with_links(tmp_path: Path) -> None:
    """Both links lead to the message, and the metrics count it."""
    async with receiving() as server:
        settings = resolved_in(tmp_path, webhook_url=server.url, webhook_secret="s3cret")
        async with running(settings) as program:
            (mail_id,) = await program.send(CODE)
            await until(lambda: len(server.told) == 1)
            (listed,) = await program.list_inbox()
            url = f"{program.url}/api/inboxes/ann%40example.org/messages/{mail_id}"
            links = {"url": url, "page_url": f"{program.url}/#/ann%40example.org/{mail_id}"}
            (told,) = server.told
            assert told.json() == listed | links
            assert told.json()["codes"][0]["code"] == "481223"
            assert told.json()["links"][0]["url"] == "https://shop.example/confirm?token=abc"
            found = await program.ask(urlsplit(url).path)
            assert found.json()["id"] == mail_id
            time_s, _, digest = told.fields["x-edgemail-signature"].removeprefix("t=").partition(",v1=")
            assert hmac.new(b"s3cret", time_s.encode() + b"." + told.body, hashlib.sha256).hexdigest() == digest
            await until(lambda: is_told(program))
            assert await read_metrics(program) == {
                "messages_total told": 1, "messages_total dropped": 0, "messages_total given_up": 0, "waiting": 0,
            }  # fmt: skip


async def read_metrics(program: Program) -> dict[str, float]:
    return metrics_in((await program.ask("/metrics")).body)


async def is_told(program: Program) -> bool:
    found = await read_metrics(program)
    return found["messages_total told"] == 1 and found["waiting"] == 0


async def test_mailpits_form_is_that_of_its_list(tmp_path: Path) -> None:
    """With the tags that the message brings along."""
    async with receiving() as server:
        environ = {"MP_WEBHOOK_URL": server.url, "EDGEMAIL_DB": "memory", "EDGEMAIL_MIN_FREE": "off"}
        ports = {"EDGEMAIL_SMTP": "127.0.0.1:0", "EDGEMAIL_HTTP": "127.0.0.1:0"}
        async with running(resolve({}, environ | ports).settings) as program:
            data = letter("Tagged", extra="X-Tags: Shop, order\r\nCc: Kim <kim@example.org>\r\n")
            await program.send(data, to=(ANN, BEN))
            await until(lambda: len(server.told) == 1)
            listing = (await program.ask("/api/v1/messages")).json()
            (listed,) = listing["messages"]
            assert listed["Tags"] == ["order", "Shop"]
            assert server.told[0].json() == listed | {"Tags": ["Shop", "order"]}


async def test_only_matching_addresses_are_told_about(tmp_path: Path) -> None:
    """Under the URL that readers use."""
    async with receiving() as server:
        settings = resolved_in(
            tmp_path,
            webhook_url=server.url,
            webhook_address="ben@*,*@other.example",
            webhook_reader_url="https://mail.example.org/box/",
        )
        async with running(settings) as program:
            await program.send(CODE)
            (mail_id,) = await program.send(CODE, to=(ANN, BEN))
            await until(lambda: len(server.told) == 1)
            told = server.told[0].json()
    assert told["recipients"] == [BEN]
    assert told["page_url"] == f"https://mail.example.org/box/#/ben%40example.org/{mail_id}"


async def test_a_public_server_asks_public_addresses_alone(tmp_path: Path) -> None:
    """Unless the operator allows others. Mail for the operator is not told about."""
    async with receiving() as server:
        given = {"webhook_url": server.url, "domain": "example.org", "internals": "everyone"}
        async with running(resolved_in(tmp_path, **given)) as program:
            await asyncio.to_thread(send, program.smtp, CODE, ANN, "postmaster@example.org")
            await until(lambda: has_refused(program))
            assert server.connects == 0
        async with running(resolved_in(tmp_path, **given, webhook_private="on")) as program:
            await until(lambda: is_told(program))
            assert [told.json()["recipients"] for told in server.told] == [[ANN]]


async def has_refused(program: Program) -> bool:
    return (await read_metrics(program)).get("failures_total address", 0) >= 1


async def test_a_program_that_only_reads_tells_nothing(tmp_path: Path) -> None:
    """It may have the same settings as the one that takes mail."""
    async with receiving() as server, running(resolved_in(tmp_path)) as writer:
        async with running(resolved_in(tmp_path, webhook_url=server.url, smtp="off", mode="dev")) as reader:
            await writer.send(CODE)
            await until(lambda: is_listed(reader))
        assert server.connects == 0


async def is_listed(program: Program) -> bool:
    return bool(await program.list_inbox())


@pytest.mark.slow
async def test_the_queue_outlives_a_kill(tmp_path: Path) -> None:
    """What a killed program had told nobody is told by the next one, and nothing else."""
    async with receiving(answer(500)) as server:
        environ = {"EDGEMAIL_WEBHOOK_URL": server.url}
        with serving(tmp_path / "mail.db", **environ) as process:
            await asyncio.to_thread(send, process.smtp, letter("taken"))
            await until(lambda: len(server.told) >= 1)
            server.usual = answer(200)
            await until(lambda: is_empty(tmp_path / "mail.db"))
            server.usual = answer(500)
            for subject in ("first", "second"):
                await asyncio.to_thread(send, process.smtp, letter(subject))
            await until(lambda: {"first", "second"} & set(server.subjects) != set())
            process.process.kill()
            process.wait()
        server.usual = answer(200)
        server.told.clear()
        with serving(tmp_path / "mail.db", **environ):
            await until(lambda: len(server.told) == 2, 60)  # a claim of the killed program lasts for 30 seconds
        assert sorted(server.subjects) == ["first", "second"]


def is_empty(file: Path) -> bool:
    """Return True if no mail waits in a database."""
    with closing(apsw.Connection(str(file), flags=apsw.SQLITE_OPEN_READONLY)) as connection:
        return connection.execute("SELECT count(*) FROM webhook_queue").fetchall() == [(0,)]


@pytest.mark.slow
async def test_nothing_is_loaded_without_a_webhook(tmp_path: Path) -> None:
    """Its HTTP client takes a tenth of a second, and memory."""
    program = (
        "import asyncio, sys; from testkit.running_app import resolved_in, running; from pathlib import Path\n"
        "async def main():\n"
        "    async with running(resolved_in(Path(sys.argv[1]))): pass\n"
        "asyncio.run(main())\n"
        "print([name for name in sys.modules if name.startswith(('httpx2', 'httpcore2', 'edgemail.webhook'))])"
    )
    done = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"


async def test_the_secret_may_be_in_a_file(tmp_path: Path) -> None:
    """A file that is not there stops the start."""
    file = tmp_path / "secret"
    file.write_text("s3cret\n")
    async with receiving() as server:
        settings = resolved_in(tmp_path, webhook_url=server.url, webhook_secret_file=str(file))
        async with running(settings) as program:
            await program.send(CODE)
            await until(lambda: len(server.told) == 1)
        assert "x-edgemail-signature" in server.told[0].fields
    missing = replace(settings, webhook=replace(settings.webhook, signing_key_file=str(tmp_path / "missing")))
    with pytest.raises(SettingsError, match=r"webhook_secret_file: .* cannot be read"):
        await App.start(missing)


def test_the_settings_that_contradict_each_other_are_mistakes() -> None:
    """Two secrets are."""
    environ = {"EDGEMAIL_WEBHOOK_SECRET": "a", "EDGEMAIL_WEBHOOK_SECRET_FILE": "b"}
    with pytest.raises(SettingsError) as caught:
        resolve({}, environ)
    assert caught.value.mistakes == [
        "EDGEMAIL_WEBHOOK_SECRET_FILE: EDGEMAIL_WEBHOOK_SECRET gives a secret as well; keep one of the two"
    ]


@pytest.mark.parametrize(
    "url",
    ["hook.example", "ftp://hook.example/", "http://", "http://:80/", "http://a b/", "http://a/\nb", "http://a:0/",
     "http://a:99999/", "http://a/#b", "http://1.2.3/",
      "http://[::1/", "http://s3cret@/", "http://a/" + "x" * 2000],
)  # fmt: skip
def test_what_is_no_url_is_a_mistake_that_shows_no_secret(url: str) -> None:
    """Only the web's."""
    with pytest.raises(SettingsError) as caught:
        resolve({}, {"EDGEMAIL_WEBHOOK_URL": url})
    assert caught.value.mistakes == [
        "EDGEMAIL_WEBHOOK_URL: is not an http: or https: URL; write one such as https://example.org/mail"
    ]


@pytest.mark.parametrize(("mode", "private"), [("dev", "on"), ("public", "off")])
def test_private_addresses_are_allowed_in_dev_mode(mode: str, private: str) -> None:
    """By default."""
    assert resolve({}, {"EDGEMAIL_MODE": mode}).settings.webhook.private == private


def test_config_shows_no_url(tmp_path: Path) -> None:
    """It may have a password."""
    environ = {"EDGEMAIL_WEBHOOK_URL": "http://kim:s3cret@hook.example/s3cret", "EDGEMAIL_WEBHOOK_SECRET": "s3cret"}
    shown = json.dumps([origin.text for origin in resolve({}, environ).origins])
    assert "s3cret" not in shown
    assert "hook.example" not in shown
