"""Asks a server what programs ask Mailpit, and says where edgemail answers otherwise on purpose.

`mailpit-answers.json` has what Mailpit 1.33.1 answered; `scripts/record_mailpit.py` asks it again.
"""

from __future__ import annotations

import json
import re
import smtplib
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from tests.compat.mailpit_samples import SAMPLES

RECORDED: Final = Path(__file__).with_name("mailpit-answers.json")
TIMEOUT_S: Final = 30.0

SEARCHES: Final = (
    "Kim", "order", '"your order"', "subject:order", 'subject:"your order"', '"subject:Your order"',
    "SUBJECT:ORDER", "-subject:order", "!subject:order", "to:kim", "to:kim@example.org", "to:im@example.org",
    "from:shop", "from:news",
    "cc:second", "bcc:hidden", "reply-to:reply", "addressed:second", "addressed:hidden", "message-id:plain@",
    "has:attachment", "has:attachments", "has:inline", "has:inlines", "-has:attachment", "is:read", "is:unread",
    "is:tagged", "tag:Shop", "tag:sho", "tag:plus", "larger:1k", "smaller:1k", "larger:0.5kb", "larger:x",
    "after:2020-01-01", "before:2020-01-01", "after:nonsense", "foo:bar", "invoice.pdf",
    "from:shop order -to:nobody",
)  # fmt: skip

REQUESTS: Final[tuple[tuple[str, str, str | None], ...]] = (
    ("GET", "/api/v1/message/999999", None),
    ("GET", "/api/v1/message/no-id", None),
    ("GET", "/api/v1/message/no-id/headers", None),
    ("GET", "/api/v1/message/no-id/raw", None),
    ("GET", "/api/v1/message/no-id/part/1", None),
    ("GET", "/api/v1/message/latest/part/77", None),
    ("GET", "/api/v1/message/latest/part/77/thumb", None),
    ("GET", "/api/v1/message/latest?query=to:nobody@example.org", None),
    ("GET", "/view/latest.html?query=to:nobody@example.org", None),
    ("GET", "/view/no-id.html", None),
    ("GET", "/view/no-id.txt", None),
    ("GET", "/api/v1/search", None),
    ("GET", "/api/v1/search?query=%20", None),
    ("DELETE", "/api/v1/search?query=", None),
    ("PUT", "/api/v1/messages", ""),
    ("PUT", "/api/v1/messages", '{"IDs":["1"],"Search":"x"}'),
    ("PUT", "/api/v1/tags", ""),
    ("PUT", "/api/v1/tags", '{"IDs":["no-id"],"Tags":["a"]}'),
    ("POST", "/api/v1/message/no-id/release", '{"To":["kim@example.org"]}'),
    ("GET", "/api/v1/message/no-id/html-check", None),
    ("GET", "/api/v1/message/no-id/link-check", None),
    ("GET", "/api/v1/message/no-id/sa-check", None),
    ("POST", "/api/v1/send", "{}"),
    ("POST", "/api/v1/send", '{"From":{"Email":"a@example.org"}}'),
    ("POST", "/api/v1/send", '{"From":{"Email":"a@example.org"},"To":[{"Email":"kim"}]}'),
    ("POST", "/api/v1/send", '{"From":{"Email":"a@example.org"},"Cc":[{"Email":"kim"}]}'),
    ("POST", "/api/v1/send", '{"From":{"Email":"a@example.org"},"Bcc":["kim"]}'),
    ("POST", "/api/v1/send",
     '{"From":{"Email":"a@example.org"},"To":[{"Email":"k@example.org"}],"Headers":{"Subject":"x"}}'),
    ("PUT", "/api/v1/chaos", '{"Sender":{"ErrorCode":399,"Probability":1}}'),
    ("PUT", "/api/v1/chaos", '{"sender":{"errorcode":451,"probability":101}}'),
    ("PUT", "/api/v1/chaos", '{"sender":{"errorcode":450,"probability":7},"recipient":{"probability":1}}'),
    ("GET", "/api/v1/chaos", None),
    ("PUT", "/api/v1/chaos", "{}"),
    ("GET", "/api/v1/webui", None),
    ("GET", "/livez", None),
    ("GET", "/api/v1/messages?limit=2&start=1", None),
    ("GET", "/api/v1/messages?limit=x&start=-1", None),
    ("GET", "/api/v1/messages?limit=0&start=3", None),
    ("GET", "/api/v1/search?query=order&limit=1&start=1", None),
    ("GET", "/api/v1/search?query=order&limit=0", None),
)  # fmt: skip

REASONS: Final = {
    r"(Listed|.*\.messages)\.\d+\.Snippet": "made of the text where there is one, as in our own lists",
    r"(Listed|.*\.messages)\.\d+\.Size|Messages\..*\.Size": "Mailpit adds other fields to what came",
    r"Headers\..*\.(Received|Bcc|Message-Id)\b.*": "fields that each server adds to what came, or does not",
    r".*\.MessageID": "a message without one gets one of the server's own",
    r"Views\..*\.html\.body": "images are in the page, as its sandbox keeps it from fetching them",
    r"Searches\.(larger|smaller):.*": "each server counts what it keeps; a size that is none says nothing here",
    r"(Searches\..*order|Requests\.GET /api/v1/search\?query=order).*": "text and HTML are both searched",
    r"Messages\.attached message\.Attachments": "a message attached without a name is listed, by its subject",
    r"Requests\..*\.body\.tags": "a tag that no message has is not listed",
}
"""Where the answers may differ, as patterns of their places, and why."""


def ask(url: str, method: str, path: str, body: str | bytes | None = None, sent: str = "") -> dict[str, Any]:
    """Make one request, whose body is of the type `sent`; return its status and what it says."""
    data = body.encode() if isinstance(body, str) else body
    request = urllib.request.Request(url + path, data, {"content-type": sent} if sent else {}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:
            status, kind, octets = answer.status, answer.headers.get("content-type") or "", answer.read()
    except urllib.error.HTTPError as error:
        status, kind, octets = error.code, error.headers.get("content-type") or "", error.read()
    said = json.loads(octets) if "json" in kind else octets.decode("utf-8", "replace").rstrip("\n")
    return {"status": status, "kind": kind.partition(";")[0], "body": said}


def ask_all(smtp: tuple[str, int], url: str) -> dict[str, Any]:
    """Send the samples, and ask everything there is to ask of them."""
    ask(url, "DELETE", "/api/v1/messages")
    with smtplib.SMTP(*smtp, timeout=TIMEOUT_S) as client:
        for sample in SAMPLES:
            client.sendmail("bounce@shop.example", sample.recipients, sample.data)
            ask(url, "GET", "/api/v1/messages")  # Mailpit orders by milliseconds, and would mix up two in one
    _wait_for_tags(url)
    listed = ask(url, "GET", "/api/v1/messages")["body"]["messages"]
    names = {message["ID"]: sample.name for message, sample in zip(listed, reversed(SAMPLES), strict=True)}
    answers: dict[str, Any] = {"Listed": [name_ids(message, names) for message in listed]}
    answers["Searches"] = {search: _search(url, search, names) for search in SEARCHES}
    answers["Messages"], answers["Headers"], answers["Views"] = {}, {}, {}
    for mail_id, name in names.items():
        path = f"/api/v1/message/{mail_id}"
        answers["Messages"][name] = name_ids(ask(url, "GET", path)["body"], names)
        answers["Headers"][name] = ask(url, "GET", f"{path}/headers")["body"]
        answers["Views"][name] = {kind: ask(url, "GET", f"/view/{mail_id}.{kind}") for kind in ("html", "txt")}
    answers["Searches read"] = {search: _search(url, search, names) for search in ("is:read", "is:unread")}
    answers["Requests"] = {
        f"{method} {path} {body or ''}".strip(): name_ids(ask(url, method, path, body), names)
        for method, path, body in REQUESTS
    }
    return answers


def find_differences(recorded: Any, given: Any, place: str = "") -> list[tuple[str, Any, Any]]:
    """List the places where two answers are not the same; null and an empty list are."""
    if recorded is None and given == []:
        return []
    if isinstance(recorded, dict) and isinstance(given, dict):
        return [
            found
            for key in sorted({*recorded, *given})
            for found in find_differences(recorded.get(key), given.get(key), f"{place}.{key}".strip("."))
        ]
    if isinstance(recorded, list) and isinstance(given, list) and len(recorded) == len(given):
        return [
            found
            for number, pair in enumerate(zip(recorded, given, strict=True))
            for found in find_differences(*pair, f"{place}.{number}")
        ]
    return [] if recorded == given else [(place, recorded, given)]


def explain(place: str) -> str | None:
    """Return the pattern that has the reason for a difference."""
    return next((pattern for pattern in REASONS if re.fullmatch(pattern, place)), None)


def _search(url: str, search: str, names: dict[str, str]) -> dict[str, Any]:
    found = ask(url, "GET", f"/api/v1/search?query={quote(search)}&limit=100")["body"]
    return {
        "messages": [names[message["ID"]] for message in found["messages"]],
        "count": found["messages_count"],
        "unread": found["messages_unread"],
    }


def name_ids(value: Any, names: dict[str, str]) -> Any:
    """Put names in place of ids, and a word in place of each time of this run."""
    if isinstance(value, list):
        return [name_ids(entry, names) for entry in value]
    if isinstance(value, dict):
        return {
            key: names.get(entry, "an id")
            if key == "ID" and isinstance(entry, str)
            else "now"
            if key == "Created" or (key == "Date" and not str(entry).startswith("2024"))
            else name_ids(entry, names)
            for key, entry in value.items()
        }
    return value


def _wait_for_tags(url: str) -> None:
    """Return once the samples are tagged, which is done after they are kept."""
    tags = {tag for sample in SAMPLES for tag in sample.tags}
    deadline = time.monotonic() + TIMEOUT_S
    while time.monotonic() < deadline:
        if tags <= set(ask(url, "GET", "/api/v1/tags")["body"]):
            return
    raise AssertionError(f"the samples were not tagged {tags}")
