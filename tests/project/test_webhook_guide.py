"""The receiver in the guide to the webhook takes what edgemail signs, and nothing else."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import httpx2
import pytest
from testkit.ports import free_port
from testkit.running_app import resolved_in, running
from testkit.sample_mail import letter
from testkit.waiting import until
from testkit.webhook_receiver import receiving

from edgemail.settings import SETTINGS
from edgemail.webhook import Receiver
from edgemail.webhook.signature import FIELD, sign
from edgemail.webhook.try_times import TRIES_MAX

if TYPE_CHECKING:
    from collections.abc import Iterator

GUIDE = (Path(__file__).parents[2] / "docs/how-to/be-told-by-webhook.md").read_text(encoding="utf-8")
BODY = b'{"id":7,"subject":"Hello","codes":[]}'


@pytest.fixture
def guided(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """Run the guide's receiver; give its URL, and the file that it prints to."""
    match = re.search(r"```python\n(.*?)```", GUIDE, re.DOTALL)
    assert match
    port, printed = free_port(), tmp_path / "printed"
    (tmp_path / "hook.py").write_text(match[1].replace("3000", str(port)))
    with (
        printed.open("w") as output,
        subprocess.Popen(
            [sys.executable, "hook.py"], cwd=tmp_path, stdout=output, stderr=subprocess.DEVNULL
        ) as process,
    ):
        try:
            yield f"http://127.0.0.1:{port}/mail", printed
        finally:
            process.kill()


async def ask(url: str, **fields: str) -> int:
    async with httpx2.AsyncClient(trust_env=False) as client:
        return (await client.post(url, content=BODY, headers=fields)).status_code


async def is_up(url: str) -> bool:
    try:
        return await ask(url) == 403
    except httpx2.HTTPError:
        return False


async def test_the_receiver_takes_what_is_signed_and_nothing_else(guided: tuple[str, Path]) -> None:
    """Not what is unsigned, altered, signed with another secret, or old."""
    url, printed = guided
    await until(lambda: is_up(url))
    now_s = int(time.time())
    receiver = Receiver(url, secret="change-me", may_be_private=True)
    assert await receiver.post(BODY) is None
    await receiver.close()
    assert await ask(url, **{FIELD: sign("change-me", BODY, now_s)}) == 204
    for wrong in (
        sign("change-me", BODY + b" ", now_s),
        sign("another", BODY, now_s),
        sign("change-me", BODY, now_s - 301),
        sign("change-me", BODY, now_s).replace(f"t={now_s}", f"t={now_s + 1}"),
        "t=,v1=",
        "nonsense",
    ):
        assert await ask(url, **{FIELD: wrong}) == 403
    assert printed.read_text() == "7 Hello []\n" * 2


async def test_the_receiver_prints_the_code_of_a_mail(guided: tuple[str, Path], tmp_path: Path) -> None:
    """With the settings of the guide."""
    url, printed = guided
    await until(lambda: is_up(url))
    async with running(resolved_in(tmp_path, webhook_url=url, webhook_secret="change-me")) as program:
        (mail_id,) = await program.send(letter("Your code", "Your code is 481223."))
        await until(lambda: printed.read_text() == f"{mail_id} Your code ['481223']\n")


def test_the_guide_has_every_setting_and_the_number_of_tries() -> None:
    """A user looks there first."""
    names = [setting.name for setting in SETTINGS if setting.name.startswith("webhook_")]
    assert len(names) > 5
    assert [name for name in names if f"`{name}`" not in GUIDE] == []
    assert f" {TRIES_MAX} tries" in " ".join(GUIDE.split())


async def test_the_guide_has_every_field_that_is_told(tmp_path: Path) -> None:
    """And names none that is not."""
    async with receiving() as server, running(resolved_in(tmp_path, webhook_url=server.url)) as program:
        await program.send_letter("Hello")
        await until(lambda: len(server.told) == 1)
    table = GUIDE.partition("## What is told")[2].partition("\n## ")[0]
    named = {
        name for row in re.findall(r"^\| (`[^|]*) \|", table, re.MULTILINE) for name in re.findall(r"`(\w+)`", row)
    }
    assert named == set(server.told[0].json())
