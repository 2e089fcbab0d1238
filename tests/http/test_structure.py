"""The parts of a message by the API."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from testkit.http_client import inbox_path
from testkit.running_app import ANN

from tests.http.test_attached import OCTETS, innermost, wrap

if TYPE_CHECKING:
    from testkit.running_app import Program

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_parts_are_listed_and_each_attachment_is_where_the_list_says(lasting: Program) -> None:
    """Those of attached messages too, by their paths, under the address and by the id alone."""
    (mail_id,) = await lasting.send(wrap(innermost(), "Forwarded").as_bytes().replace(b"\n", b"\r\n"))
    for message in (f"/api/messages/{mail_id}", inbox_path(ANN, f"/messages/{mail_id}")):
        found = (await lasting.ask(f"{message}/structure")).json()
        assert found["complete"] is True
        assert [(part["number"], part["type"], part["attachment"]) for part in found["parts"]] == [
            ("", "multipart/mixed", None),
            ("1", "text/plain", None),
            ("2", "application/pdf", "0"),
            ("3", "message/rfc822", "1"),
            ("", "multipart/mixed", None),
            ("3.1", "text/plain", None),
            ("3.2", "application/zip", "1.0"),
        ]
        for part in found["parts"]:
            if part["attachment"] is not None:
                file = await lasting.ask(f"{message}/attachments/{part['attachment']}")
                assert len(file.body) == part["size"]
        assert (await lasting.ask(f"{message}/attachments/1.0")).body == OCTETS


async def test_a_stranger_learns_nothing_of_anothers_parts(lasting: Program) -> None:
    (mail_id,) = await lasting.send(wrap(innermost(), "Mine").as_bytes(), to=("eve@example.org",))
    assert (await lasting.ask(inbox_path(ANN, f"/messages/{mail_id}/structure"))).status == 404
