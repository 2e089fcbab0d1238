"""What Mailpit's HTML check finds in each sample: recorded by `python -m scripts.record_mailpit_checks`."""

from __future__ import annotations

import json
import urllib.request
from pathlib import Path
from typing import Any, Final

from tests.checks.html_samples import SAMPLES

RECORDED: Final = Path(__file__).parent / "mailpit-html-checks.json"
_TIMEOUT_S: Final = 30.0


def ask_all(url: str) -> dict[str, list[str]]:
    """Have a running Mailpit check all samples; return the slugs of its warnings."""
    found = {}
    for name, html in SAMPLES.items():
        letter = {"From": {"Email": "a@b.example"}, "To": [{"Email": "c@d.example"}], "HTML": html, "Subject": name}
        mail_id = _ask(f"{url}/api/v1/send", json.dumps(letter).encode())["ID"]
        checked = _ask(f"{url}/api/v1/message/{mail_id}/html-check")
        found[name] = sorted(warning["Slug"] for warning in checked["Warnings"])
    return found


def _ask(url: str, body: bytes | None = None) -> Any:
    with urllib.request.urlopen(urllib.request.Request(url, body), timeout=_TIMEOUT_S) as answer:
        return json.load(answer)
