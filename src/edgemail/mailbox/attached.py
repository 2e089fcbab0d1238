"""Finds attachments of messages that are attached to messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgemail import mime
from edgemail.errors import AttachmentNotFound

if TYPE_CHECKING:
    from edgemail.model import Attachment

DEPTH_MAX = 8
"""The most numbers of a path: each takes one parse of what the one before has found."""

AttachmentPath = tuple[int, ...]
"""The numbers of attachments, the outermost first: ``(1, 0)`` is the first one of the message that is
the second attachment."""


def find_attachment(data: bytes, path: AttachmentPath) -> tuple[Attachment, bytes]:
    """Return an attachment with its decoded octets.

    Raises:
        AttachmentNotFound: there is none at this path.
    """
    about, content = mime.attachment(data, path[0])
    for index in path[1:]:
        about, content = mime.attachment(_require_message(about, content), index)
    return about, content


def find_message(data: bytes, path: AttachmentPath) -> bytes:
    """Return the octets of an attached message.

    Raises:
        AttachmentNotFound: there is no attachment at this path, or it is not a message.
    """
    return _require_message(*find_attachment(data, path))


def _require_message(about: Attachment, content: bytes) -> bytes:
    """Return an attachment's octets if it is a message."""
    if about.is_message:
        return content
    raise AttachmentNotFound(f"attachment {about.index} is not a message")
