"""A page that reads a database reads each message of tests/vectors/mime as the server does.

Chromium decodes the charsets, as it does for readers: Node.js decodes some of them in another way.
"""

from __future__ import annotations

import base64
import subprocess
from random import Random
from typing import TYPE_CHECKING, Any

import pytest
from fuzz.mutations import READER, Mutator

from edgemail import mime
from tests.e2e.conftest import ROOT
from tests.mime.built_mail import build
from tests.mime.describing import holding, plain
from tests.mime.vectors import read_vectors

if TYPE_CHECKING:
    from playwright.async_api import Browser

    from edgemail.model import Attachment

pytestmark = pytest.mark.asyncio(loop_scope="session")

SERVER_ONLY = {"message_id", "to", "cc", "bcc", "reply_to", "codes", "events"}
"""What this page does not read itself: it shows what the server has put into the database."""

DIFFERENT: dict[str, str] = {}
"""Where the page differs from the server, and why. Each must differ."""

BUILT_MESSAGES = 300
MUTATED_MESSAGES = 1_500

READ_ALL = """(messages) => messages.map((message) => {
  const octets = (text) => Uint8Array.from(atob(text), (each) => each.charCodeAt(0));
  const read = (input, depth) => {
    const { content, parts } = mime.parseMessage(input);
    const written = parts.map((part) => {
      let text = "";
      for (const octet of new Uint8Array(part)) text += String.fromCharCode(octet);
      return btoa(text);
    });
    const inner = content.attachments.find(({ type }) => type === "message/rfc822");
    const opened = inner && depth < 3 ? read(new Uint8Array(parts[inner.index]), depth + 1) : null;
    return { ...content, parts: written, opened };
  };
  return read(octets(message), 0);
})"""


@pytest.mark.slow
async def test_the_page_reads_as_the_server_does(browser: Browser) -> None:
    vectors = list(read_vectors())
    readings = await read_in(browser, [vector.octets for vector in vectors])
    wrong = {
        vector.name: (found, vector.expect)
        for vector, reading in zip(vectors, readings, strict=True)
        if (found := describe(reading, vector.expect)) != vector.expect
    }
    assert {name: pair for name, pair in wrong.items() if name not in DIFFERENT} == {}
    assert set(DIFFERENT) == set(wrong)


@pytest.mark.slow
async def test_the_page_reads_built_messages_as_they_were_built(browser: Browser) -> None:
    """As the server does, see tests/mime/test_built_mail.py."""
    built = [build(Random(seed)) for seed in range(BUILT_MESSAGES)]
    readings = await read_in(browser, [mail.octets for mail in built])
    for seed, (mail, reading) in enumerate(zip(built, readings, strict=True)):
        assert describe(reading, mail.expect) == mail.expect, f"seed {seed}"


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
async def test_the_page_reads_broken_messages_as_the_server_does(browser: Browser, seed: int) -> None:
    """What nobody has thought of is read in one way too: each vector is changed in a few places by chance."""
    mutator = Mutator(READER)
    messages = [
        mutator.mutate(mutator.corpus[number % len(mutator.corpus)], Random(seed << 32 | number))
        for number in range(MUTATED_MESSAGES)
    ]
    readings = await read_in(browser, messages)
    wrong = [
        (message, key, value, found[key])
        for message, reading in zip(messages, readings, strict=True)
        for found in [_as_server_says(reading)]
        for key, value in read_at_server(message).items()
        if value != found[key]
    ]
    assert wrong == []


def read_at_server(octets: bytes) -> dict[str, Any]:
    """Return the server's reading of all that the page reads too."""
    read = mime.read(octets)
    parts = (*read.summary.attachments, *read.inline)
    return {
        "from": read.summary.sender_name,
        "subject": read.summary.subject,
        "headers": [(field.name, field.value) for field in read.headers],
        "text": read.text,
        "html": read.html,
        "attachments": [_list_fields(part) for part in read.summary.attachments],
        "inline": [_list_fields(part) for part in read.inline],
        "parts": [base64.b64encode(mime.attachment(octets, number)[1]).decode() for number in range(len(parts))],
    }


def _list_fields(part: Attachment) -> tuple[Any, ...]:
    return part.index, part.name, part.type, part.size, part.content_id


def _as_server_says(reading: dict[str, Any]) -> dict[str, Any]:
    fields = ("index", "name", "type", "size", "content_id")
    files = {
        key: [tuple(part[field] for field in fields) for part in reading[key]] for key in ("attachments", "inline")
    }
    return reading | files | {"headers": [(field["name"], field["value"]) for field in reading["headers"]]}


async def read_in(browser: Browser, messages: list[bytes]) -> list[dict[str, Any]]:
    """Return what the page reads in each message."""
    page = await browser.new_page()
    await page.add_script_tag(content=bundle("src/database/mime/message.ts", "mime"))
    readings: list[dict[str, Any]] = await page.evaluate(
        READ_ALL, [base64.b64encode(octets).decode() for octets in messages]
    )
    await page.close()
    return readings


def bundle(source: str, name: str) -> str:
    """Return a module of the page as a script that sets a global name."""
    command = [
        "node",
        "node_modules/esbuild/bin/esbuild",
        source,
        "--bundle",
        "--format=iife",
        f"--global-name={name}",
    ]
    return subprocess.run(command, cwd=ROOT / "web", capture_output=True, check=True, text=True).stdout


def describe(reading: dict[str, Any], expect: dict[str, Any]) -> dict[str, Any]:
    """Say of a reading what `expect` speaks of, in its form."""
    return {
        key: wanted if key in SERVER_ONLY else _describe(reading, key, wanted) for key, wanted in expect.items()
    }


def _describe(reading: dict[str, Any], key: str, wanted: Any) -> Any:
    files = reading["attachments"]
    if key in {"subject", "from"}:
        return reading[key]
    if key in {"text", "html"}:
        return plain(reading[key])
    if key.endswith("_has"):
        return holding(reading[key.removesuffix("_has")], wanted)
    if key == "inline":
        return len(reading["inline"])
    if key == "headers":
        return {field["name"]: field["value"] for field in reading["headers"] if field["name"] in wanted}
    if key == "header_list":
        return [[field["name"], field["value"]] for field in reading["headers"]]
    if key == "contents":
        octets = [base64.b64decode(reading["parts"][file["index"]]) for file in files]
        return [each.decode("utf-8", "surrogateescape") for each in octets]
    if key == "opened":
        return reading["opened"] and describe(reading["opened"], wanted)
    assert key == "attachments", key
    found = [[file["name"], file["type"], file["size"]] for file in files]
    if len(found) != len(wanted):
        return found
    return [
        [value if known is not None else None for value, known in zip(file, knows, strict=True)]
        for file, knows in zip(found, wanted, strict=True)
    ]
