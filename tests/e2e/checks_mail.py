"""Mail for the tabs that testers look at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.e2e.conftest import letter

if TYPE_CHECKING:
    from email.message import EmailMessage

PAGE = """<!doctype html>
<html><head><style>
.hero { display: grid; gap: 8px }
</style></head>
<body>
<h1>News</h1>
<div class="hero" style="position: sticky">First</div>
<p><a href="http://127.0.0.1/read">Read</a></p>
</body></html>
"""
"""Line 3 has `display: grid`, line 7 has `position`."""


def newsletter(subject: str = "Newsletter") -> EmailMessage:
    """Return a newsletter whose headers are as RFC 8058 asks, with results of checks."""
    message = letter(subject, "News.", PAGE)
    message["Authentication-Results"] = (
        'mx.sender.example 1; spf=pass (all "is" well) smtp.mailfrom=sender.example; '
        'dkim=fail reason="signature; broken" header.d=sender.example; dmarc=none; arc=pass'
    )
    message["List-Unsubscribe"] = "<https://sender.example/leave/8f2>, <mailto:leave@sender.example?subject=8f2>"
    message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message["DKIM-Signature"] = (
        "v=1; a=rsa-sha256; d=sender.example; s=k; h=From:To:Subject:List-Unsubscribe:List-Unsubscribe-Post; "
        "bh=AAAA; b=AAAA"
    )
    return message


def plain_newsletter() -> EmailMessage:
    """Return a newsletter that can be left by an address without encryption alone."""
    message = letter("Plain", "News.")
    message["List-Unsubscribe"] = "<http://sender.example/leave?id=8f2>"
    return message
