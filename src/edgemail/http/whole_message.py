"""Answers with a whole message, parsed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgemail.http import large_responses

if TYPE_CHECKING:
    from fastapi.responses import Response

    from edgemail.mailbox.inbox import Inbox
    from edgemail.model import MailId


async def read_whole(inbox: Inbox, mail_id: MailId, name: str | None) -> Response:
    """Build the response with a `models.WholeMessageModel`; with a name, of a message of that inbox."""
    mail, content = await inbox.read(mail_id, large_responses.serialize_content, name)
    before = large_responses.serialize_envelope(mail)
    return await large_responses.build_response(
        content.read_pieces(), content.size, "application/json", {}, before=before
    )
