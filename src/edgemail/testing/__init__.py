"""Receive the mail that your tests send: addresses to give out, and the codes and links that come to them.

Standard library only. `edgemail.testing.plugin` has the same as pytest fixtures. Each name is imported
when it is first used, as pytest imports this package at every start.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from edgemail.testing.async_inbox import AsyncInbox
    from edgemail.testing.errors import MailError, ServerNotFound
    from edgemail.testing.inbox import Inbox
    from edgemail.testing.mail_chaos import MailChaos
    from edgemail.testing.message import Address, Attachment, Headers, Link, Message
    from edgemail.testing.server import Server
    from edgemail.testing.smtp import Smtp

_MODULES: Final = {
    "Address": "message",
    "AsyncInbox": "async_inbox",
    "Attachment": "message",
    "Headers": "message",
    "Inbox": "inbox",
    "Link": "message",
    "MailChaos": "mail_chaos",
    "MailError": "errors",
    "Message": "message",
    "Server": "server",
    "ServerNotFound": "errors",
    "Smtp": "smtp",
}

__all__ = [
    "Address",
    "AsyncInbox",
    "Attachment",
    "Headers",
    "Inbox",
    "Link",
    "MailChaos",
    "MailError",
    "Message",
    "Server",
    "ServerNotFound",
    "Smtp",
]


def __getattr__(name: str) -> object:
    """Import the module that has the name (PEP 562)."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
