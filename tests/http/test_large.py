"""Responses serialised in a thread equal those of the framework."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from fastapi.encoders import jsonable_encoder
from hypothesis import given
from hypothesis import strategies as st
from testkit.sample_mail import letter

from edgemail import mime
from edgemail.http import large_responses, models
from edgemail.model import MailId, ParsedMessage, StoredMail

if TYPE_CHECKING:
    from testkit.running_app import Program

_PIECE_BYTES = 64 * 1024
_EDGES = st.sampled_from(
    ["", "x" * large_responses._SLICE_CHARACTERS, "\x00\x1f\x7f", '"', "\\", "\r\n", "\u2028", "ä☃😀"]
)
_TEXTS = st.none() | st.lists(_EDGES | st.text(max_size=20), max_size=6).map("".join)


@given(text=_TEXTS, html=_TEXTS)
def test_a_message_is_written_as_the_framework_would(text: str | None, html: str | None) -> None:
    """Every name and every character is the same, wherever the text is cut."""
    summary = mime.summarize(letter("Grüße", "Your code is 481223, see https://a.example/confirm?token=1"))
    mail = StoredMail(MailId(7), datetime(2026, 5, 17, 12, tzinfo=UTC), "bob@b.example", ("ann@example.org",), 1234)
    content = ParsedMessage(summary, (), text, html, summary.links)
    pieces = large_responses.serialize_content(content, mail.size)
    attached = json.loads(b"".join([b"{", *pieces]))
    theirs = jsonable_encoder(models.AttachedMessageModel.of_content(content, mail.size))
    assert list(attached.items()) == list(theirs.items())
    whole = json.loads(b"".join([large_responses.serialize_envelope(mail), *pieces]))
    theirs = jsonable_encoder(models.WholeMessageModel.model_validate(whole))
    assert list(whole.items()) == list(theirs.items())
    assert set(whole) - set(attached) == {"id", "date", "sender", "recipients"}


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    "size", [0, 1, _PIECE_BYTES - 1, _PIECE_BYTES, _PIECE_BYTES + 1, 3 * _PIECE_BYTES, 20 * _PIECE_BYTES]
)
async def test_an_answer_comes_whole_and_says_how_long_it_is(lasting: Program, size: int) -> None:
    """A response of any size arrives whole, with its length."""
    data = letter(text="x" * size)
    (mail_id,) = await lasting.send(data)
    answer = await lasting.ask(f"/api/messages/{mail_id}/raw")
    assert answer.body.endswith(data)
    assert answer.headers["content-length"] == str(len(answer.body))
    assert (await lasting.ask(f"/api/messages/{mail_id}")).json()["text"].strip() == "x" * size
