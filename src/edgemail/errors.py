"""What may go wrong and is expected to: one root, few leaves.

`edgemail.listener` maps leaves to SMTP replies and `edgemail.http.problems` to HTTP answers.
"""

from __future__ import annotations


class EdgemailError(Exception):
    """The root of every failure that edgemail expects."""


class AddressError(EdgemailError, ValueError):
    """A text is not a mailbox address (RFC 5321 section 4.1.2)."""


class SettingsError(EdgemailError):
    """One or more settings are wrong; `mistakes` has a line for each."""

    def __init__(self, mistakes: list[str]) -> None:
        super().__init__("\n".join(mistakes))
        self.mistakes = mistakes


class ListenError(EdgemailError):
    """An endpoint cannot be listened on; the text names it and says what to do."""


class TokenError(EdgemailError):
    """A token or a key for one is not what is needed; the text says why."""


class ExportError(EdgemailError):
    """The page cannot be written for a static host; the text says why and what to do."""


class StoreUnavailable(EdgemailError):  # noqa: N818 - a state of the store, named for what the sender is told
    """The store did not do it and kept nothing; trying again later may help (SMTP 451)."""


class StoreFull(EdgemailError):  # noqa: N818 - see above
    """There is no room; nothing was kept (SMTP 452)."""


class StoreReadOnly(EdgemailError):  # noqa: N818 - see above
    """The store was opened for reading alone."""

    def __init__(self) -> None:
        super().__init__("this server only reads; delete where the mail comes in")


class StoreInvalid(EdgemailError):  # noqa: N818 - see above
    """The database is not one that edgemail can use, and the text says why."""


class MessageNotFound(EdgemailError):  # noqa: N818 - see above
    """No mail has that id: it never had, or it was deleted."""


class AttachmentNotFound(EdgemailError):  # noqa: N818 - see above
    """The message has no attachment of that number."""
