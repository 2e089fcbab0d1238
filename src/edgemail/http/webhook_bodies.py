"""What the webhook tells of a message: the API's own document, or Mailpit's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal
from urllib.parse import quote

from pydantic_core import to_json

from edgemail.http.compat.mailpit.shapes import write_listed
from edgemail.http.listing_json import list_fields

if TYPE_CHECKING:
    from collections.abc import Callable

    from edgemail.model import ListedMail


def choose_writer(form: Literal["edgemail", "mailpit"], reader_url: str | None) -> Callable[[ListedMail], bytes]:
    """Return what writes a message in a form, with links that begin with `reader_url`; None leaves them out."""

    def write(message: ListedMail) -> bytes:
        return to_json(list_fields(message) | _write_links(message, reader_url))

    def write_as_mailpit(message: ListedMail) -> bytes:
        return to_json(write_listed(message) | {"Tags": sorted(message.tags)})  # lists sort them in another way

    return write if form == "edgemail" else write_as_mailpit


def _write_links(message: ListedMail, reader_url: str | None) -> dict[str, str | None]:
    """Write the URLs of a message under its first recipient: who knows one address is told of that one alone."""
    if reader_url is None:
        return {"url": None, "page_url": None}
    base, address, mail_id = reader_url.rstrip("/"), quote(message.mail.recipients[0], safe=""), message.mail.id
    return {
        "url": f"{base}/api/inboxes/{address}/messages/{mail_id}",
        "page_url": f"{base}/#/{address}/{mail_id}",
    }
