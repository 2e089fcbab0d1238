"""Signs what is sent, so that its receiver knows who sent it, and when."""

from __future__ import annotations

import hashlib
import hmac
from typing import Final

FIELD: Final = "X-Edgemail-Signature"


def sign(secret: str, body: bytes, unix_s: int) -> str:
    """Return the value of the header field: the time, and the HMAC-SHA256 of the time, a dot and the body."""
    digest = hmac.new(secret.encode(), b"%d." % unix_s + body, hashlib.sha256).hexdigest()
    return f"t={unix_s},v1={digest}"
