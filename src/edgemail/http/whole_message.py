"""Answers with a whole message, parsed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgemail.http import large_responses
from edgemail.http.locked_inboxes import open_inbox_of

if TYPE_CHECKING:
    from fastapi.responses import Response
    from starlette.types import Scope

    from edgemail.mailbox.inbox import Inbox
    from edgemail.model import MailId


async def answer_whole(scope: Scope, inbox: Inbox, mail_id: MailId, address: str | None) -> Response:
    """Answer with a whole message; with an address, one of its inbox.

    Raises:
        AddressError: the address is none.
        InboxLocked: the inbox is locked, and the request has no right key.
        MessageNotFound: there is no such message, or not in that inbox.
    """
    name = None if address is None else open_inbox_of(scope, address)
    mail, content = await inbox.read(mail_id, large_responses.serialize_content, name)
    before = large_responses.serialize_envelope(mail)
    return await large_responses.build_response(
        content.read_pieces(), content.size, "application/json", {}, before=before
    )
