"""Looks up the message that a path names, and notes that it was read."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from edgemail.errors import MessageNotFound, StoreReadOnly
from edgemail.http.compat.parameters import read_id
from edgemail.mailbox.all_mail import EVERYTHING

if TYPE_CHECKING:
    from edgemail.mailbox.all_mail import AllMail
    from edgemail.model import ListedMail, MailId


def require_id(text: str) -> MailId:
    """Read an id. Whether there is such a message is seen later.

    Raises:
        MessageNotFound: it is no id.
    """
    mail_id = read_id(text)
    if mail_id is None:
        raise MessageNotFound("this is no id")
    return mail_id


async def find_message(all_mail: AllMail, text: str) -> ListedMail:
    """Return the message of an id.

    Raises:
        MessageNotFound: there is none.
    """
    mail_id = require_id(text)
    found = await all_mail.list_page(EVERYTHING, limit=1, before=min(mail_id + 1, 2**63 - 1))
    if not found or found[0].mail.id != mail_id:
        raise MessageNotFound(f"there is no message {mail_id}")
    return found[0]


async def mark_read(all_mail: AllMail, listed: ListedMail) -> None:
    """Note that somebody has read a message, where the store can be written."""
    if not listed.is_read:
        with contextlib.suppress(StoreReadOnly):
            await all_mail.mark([listed.mail.id], is_read=True)


async def delete_message(all_mail: AllMail, text: str) -> None:
    """Delete the message of an id.

    Raises:
        MessageNotFound: there is none.
    """
    mail_id = require_id(text)
    if not await all_mail.delete([mail_id]):
        raise MessageNotFound(f"there is no message {mail_id}")
