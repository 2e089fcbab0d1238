"""Says why a request to another server failed."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

import httpx2

if TYPE_CHECKING:
    from collections.abc import Iterator


def explain_failure(error: Exception) -> tuple[str, str]:
    """Return a word for the metrics, and the rest of a sentence that begins with the server's name."""
    if isinstance(error, httpx2.TimeoutException):
        return "timeout", "did not answer in time"
    for cause in _find_causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return "tls", f"has a certificate that is not right: {cause.verify_message}"
        if isinstance(cause, ssl.SSLError):
            return "tls", "cannot be spoken to by TLS"
    if isinstance(error, httpx2.ConnectError):
        return "connect", "cannot be reached"
    return "broken", "broke the connection off, or does not speak HTTP"


def _find_causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an error, its cause, the cause of that, and so on."""
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__ or cause.__context__
