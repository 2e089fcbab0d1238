"""Mail for the tabs that testers look at: a newsletter with headers of lists and checks, and nested parts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.e2e.conftest import letter
from tests.e2e.mail_with_parts import CRLF_TEXT, with_attached_messages

if TYPE_CHECKING:
    from email.message import EmailMessage

PAGE = """<!doctype html>
<html><head><style>
.hero { display: grid; gap: 8px }
</style></head>
<body>
<h1>News</h1>
<div class="hero" style="position: sticky">First</div>
<p><a href="https://news.sender.example/read">Read</a></p>
</body></html>
"""


def newsletter(*, one_click: bool = True, subject: str = "Newsletter") -> EmailMessage:
    """Return a newsletter whose headers are as RFC 8058 asks, or that has a plain address alone."""
    message = letter(subject, "News.", PAGE)
    message["Authentication-Results"] = (
        'mx.sender.example 1; spf=pass (all "is" well) smtp.mailfrom=sender.example; '
        "dkim=fail reason=\"signature; broken\" header.d=sender.example; dmarc=none; arc=pass"
    )
    message["ARC-Authentication-Results"] = "i=1; relay.example; spf=softfail smtp.mailfrom=a.example"
    if not one_click:
        message["List-Unsubscribe"] = "<http://news.sender.example/leave?id=8f2>"
        return message
    message["List-Unsubscribe"] = "<https://news.sender.example/leave/8f2>, <mailto:leave@sender.example?subject=8f2>"
    message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message["DKIM-Signature"] = (
        "v=1; a=rsa-sha256; d=sender.example; s=k; h=From:To:Subject:List-Unsubscribe:List-Unsubscribe-Post; "
        "bh=AAAA; b=AAAA"
    )
    return message


def nested() -> EmailMessage:
    """Return a message with a file and a message that has a message with a file."""
    return with_attached_messages()


__all__ = ["CRLF_TEXT", "PAGE", "nested", "newsletter"]
