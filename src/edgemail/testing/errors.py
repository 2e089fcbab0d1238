"""What may fail while a test looks at its mail."""

from __future__ import annotations


class MailError(AssertionError):
    """The mail is not what the test expects. The text says what came instead."""

    __module__ = "edgemail.testing"


class ServerNotFound(MailError):  # noqa: N818 - it says what is missing
    """No edgemail answers at a URL, or none could be started."""

    __module__ = "edgemail.testing"
