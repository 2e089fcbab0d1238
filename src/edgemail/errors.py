"""The failures that edgemail expects: one root class, few leaves.

`edgemail.listener` maps leaves to SMTP replies, `edgemail.http.problems` to HTTP responses.
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
    """Listening on an endpoint failed. The text names the endpoint and says what to do."""


class TokenError(EdgemailError):
    """A token, or a key that signs tokens, cannot be used. The text says why."""


class ExportError(EdgemailError):
    """The page cannot be exported. The text says why and what to do."""


class ArchiveError(EdgemailError):
    """An archive of mail cannot be written. The text says why and what to do."""


class StoreUnavailable(EdgemailError):  # noqa: N818 - a state of the store, named for what the sender is told
    """The store failed and kept nothing; a later attempt may succeed (SMTP 451)."""


class SourceBudgetSpent(EdgemailError):  # noqa: N818 - see above
    """A peer has sent as many octets as its source may within an hour."""


class StoreFull(EdgemailError):  # noqa: N818 - see above
    """The store has no room and kept nothing (SMTP 452)."""


class SubmissionRefused(EdgemailError):  # noqa: N818 - see above
    """A message is not taken, now or later. The text says why."""


class StoreReadOnly(EdgemailError):  # noqa: N818 - see above
    """The store was opened read-only."""

    def __init__(self) -> None:
        super().__init__("this server only reads; delete where the mail comes in")


class TooBusy(EdgemailError):  # noqa: N818 - see above
    """The server has too much to do and did nothing; a later attempt may succeed (HTTP 503)."""


class StoreInvalid(EdgemailError):  # noqa: N818 - see above
    """The database cannot be used by edgemail. The text says why."""


class MessageNotFound(EdgemailError):  # noqa: N818 - see above
    """No message has this id: it never existed, or it was deleted."""


class InboxLocked(EdgemailError):  # noqa: N818 - see above
    """An inbox opens to its key alone. It is the same for a wrong key and for none, whatever has come there."""

    def __init__(self) -> None:
        super().__init__("this inbox is locked, and nothing is there for who does not give its key (X-Inbox-Key)")


class AttachmentNotFound(EdgemailError):  # noqa: N818 - see above
    """The message has no attachment with this number."""


class CheckIsOff(EdgemailError):  # noqa: N818 - see above
    """A check that this server does not make. The text says why."""


class MessageWithoutHtml(EdgemailError):  # noqa: N818 - see above
    """The message has no HTML that could be checked."""
