"""Asks a server what programs ask Inbucket and MailDev, and says where edgemail answers otherwise on purpose.

`inbucket-answers.json` has what Inbucket 3.2.0 answered, `maildev-answers.json` what MailDev 3.0.0 did;
`scripts/record_other_catchers.py` asks them again.
"""

from __future__ import annotations

import http.client
import re
import smtplib
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tests.compat.mailpit_answers import TIMEOUT_S, ask
from tests.compat.mailpit_samples import SAMPLES

if TYPE_CHECKING:
    from collections.abc import Callable

_JSON: Final = "application/json"
_INBUCKET_REQUESTS: Final[tuple[tuple[str, str, str | None], ...]] = (
    ("GET", "/api/v1/mailbox/nobody", None),
    ("GET", "/api/v1/mailbox/KIM+other/999999", None),
    ("GET", "/api/v1/mailbox/nobody/latest", None),
    ("GET", "/api/v1/mailbox/kim/999999/source", None),
    ("GET", "/serve/mailbox/kim/latest/html", None),
    ("GET", "/serve/mailbox/kim/999999/html", None),
    ("POST", "/api/v1/mailbox/kim", None),
    ("PUT", "/api/v1/mailbox/kim/latest", None),
    ("PATCH", "/api/v1/mailbox/kim/999999", '{"seen":true}'),
    ("PATCH", "/api/v1/mailbox/kim/latest", '{"seen":false}'),
    ("PATCH", "/api/v1/mailbox/kim/latest", ""),
    ("GET", "/api/v1/mailbox/%20", None),
    ("DELETE", "/api/v1/mailbox/second", None),
    ("GET", "/api/v1/mailbox/second", None),
    ("GET", "/api/v1/mailbox/hidden", None),
    ("DELETE", "/api/v1/mailbox/kim", None),
    ("GET", "/api/v1/mailbox/kim", None),
    ("DELETE", "/api/v1/mailbox/kim", None),
)
_MAILDEV_REQUESTS: Final[tuple[tuple[str, str, str | None], ...]] = (
    ("GET", "/api/email/999999", None),
    ("GET", "/api/email/999999/html", None),
    ("GET", "/api/email/999999/source", None),
    ("GET", "/api/email?subject=Your%20order", None),
    ("GET", "/api/email?subject=your%20order", None),
    ("GET", "/api/email?from.address=jurg@shop.example", None),
    ("GET", "/api/email?to.name=Kim&skip=1&limit=2", None),
    ("GET", "/api/email?envelope.to.address=hidden@example.org", None),
    ("GET", "/api/email?calculatedBcc.address=hidden@example.org", None),
    ("GET", "/api/email?read=true", None),
    ("GET", "/api/email?attachments.contentType=application/pdf", None),
    ("GET", "/api/email?nothing=1", None),
    ("GET", "/api/email?skip=99", None),
    ("GET", "/api/email?limit=0", None),
    ("GET", "/api/email?limit=x", None),
    ("GET", "/api/email/summary?limit=2&sort=asc", None),
    ("GET", "/api/email/summary?search=inner&limit=1", None),
    ("GET", "/api/email/summary?unread=true&search=code", None),
    ("POST", "/api/email/delete", '{"ids":[" "]}'),
    ("POST", "/api/email/delete", '{"ids":["999999"]}'),
    ("DELETE", "/api/email/999999", None),
    ("PUT", "/api/email", None),
    ("PATCH", "/api/email/read-all", None),
    ("PATCH", "/api/email/read-all", None),
    ("GET", "/api/healthz", None),
    ("GET", "/api/reloadMailsFromDirectory", None),
    ("DELETE", "/api/email/all", None),
    ("GET", "/api/email", None),
)


def ask_inbucket(smtp: tuple[str, int], url: str) -> dict[str, Any]:
    """Send the samples, and ask everything there is to ask of them."""
    for name in ("kim", "second", "hidden"):
        ask(url, "DELETE", f"/api/v1/mailbox/{name}")
    _send(smtp, lambda: len(ask(url, "GET", "/api/v1/mailbox/kim")["body"]))
    listed = ask(url, "GET", "/api/v1/mailbox/kim")["body"]
    names = {message["id"]: sample.name for message, sample in zip(listed, SAMPLES, strict=True)}
    answers: dict[str, Any] = {"Listed": listed, "Messages": {}, "Files": {}, "Views": {}}
    for mail_id, name in names.items():
        path = f"/api/v1/mailbox/kim/{mail_id}"
        message = answers["Messages"][name] = ask(url, "GET", path)["body"]
        message["attachments"].sort(key=lambda part: part["filename"])
        answers["Files"][name] = [
            ask("", "GET", part["download-link"].replace("é", "%C3%A9")) for part in message["attachments"]
        ]
        answers["Views"][name] = ask(url, "GET", f"/serve/mailbox/kim/{mail_id}/html")
    first = next(iter(names))
    answers["Seen"] = [ask(url, "PATCH", f"/api/v1/mailbox/kim/{first}", '{"seen":true}')]
    answers["Seen"] += [message["seen"] for message in ask(url, "GET", "/api/v1/mailbox/kim")["body"]]
    answers["Deleted"] = [ask(url, "DELETE", f"/api/v1/mailbox/kim/{first}") for _ in range(2)]
    answers["Requests"] = _ask_each(url, _INBUCKET_REQUESTS)
    evened: dict[str, Any] = _even(answers, names)
    return evened


def ask_maildev(smtp: tuple[str, int], url: str) -> dict[str, Any]:
    """Send the samples, and ask everything there is to ask of them."""
    ask(url, "DELETE", "/api/email/all")
    _send(smtp, lambda: len(ask(url, "GET", "/api/email")["body"]))
    listed = ask(url, "GET", "/api/email")["body"]
    names = {email["id"]: sample.name for email, sample in zip(listed, SAMPLES, strict=True)}
    answers: dict[str, Any] = {"Listed": listed, "Emails": {}, "Files": {}, "Views": {}, "Downloads": {}}
    for mail_id, name in names.items():
        path = f"/api/email/{mail_id}"
        email = answers["Emails"][name] = ask(url, "GET", path)["body"]
        email["attachments"].sort(key=lambda part: part["filename"])
        answers["Files"][name] = [
            ask(url, "GET", f"{path}/attachment/{part['generatedFileName']}") for part in email["attachments"]
        ]
        answers["Views"][name] = ask(url, "GET", f"{path}/html")
        answers["Downloads"][name] = [ask(url, "GET", f"{path}/{kind}")["kind"] for kind in ("download", "source")]
    first, second, *_ = names
    answers["Read"] = [email["read"] for email in ask(url, "GET", "/api/email")["body"]]
    answers["Relayed"] = ask(url, "POST", f"/api/email/{first}/relay")
    answers["Deleted"] = [ask(url, "DELETE", f"/api/email/{first}") for _ in range(2)]
    answers["Some"] = ask(url, "POST", "/api/email/delete", f'{{"ids":["{second}","x","{second}"]}}', _JSON)
    answers["Requests"] = _ask_each(url, _MAILDEV_REQUESTS)
    evened: dict[str, Any] = _even(answers, names)
    return evened


def _ask_each(url: str, requests: tuple[tuple[str, str, str | None], ...]) -> dict[str, Any]:
    return {
        f"{number} {method} {path} {body or ''}".strip(): _ask_one(url, method, path, body)
        for number, (method, path, body) in enumerate(requests, 1)
    }


def _ask_one(url: str, method: str, path: str, body: str | None) -> dict[str, Any]:
    try:
        return ask(url, method, path, body, _JSON if body else "")
    except http.client.RemoteDisconnected:
        return {"status": "none: it closes the connection"}


def _send(smtp: tuple[str, int], count: Callable[[], int]) -> None:
    """Send one sample after another, each once the one before is there."""
    with smtplib.SMTP(*smtp, timeout=TIMEOUT_S) as client:
        for number, sample in enumerate(SAMPLES, 1):
            client.sendmail("bounce@shop.example", sample.recipients, sample.data)
            deadline = time.monotonic() + TIMEOUT_S
            while count() < number:
                assert time.monotonic() < deadline, f"{sample.name} did not come"


_NOW: Final = re.compile(r"202[6-9]-\d\d-\d\dT\d\d:\d\d:\d\d[.\dZ+:]*")
_HOST: Final = re.compile(r"https?://127\.0\.0\.1:\d+")


def _even(value: Any, names: dict[str, str], key: str = "") -> Any:
    """Put names in place of ids, and words in place of what each run has of its own."""
    if isinstance(value, list):
        return [_even(entry, names, key) for entry in value]
    if isinstance(value, dict):
        return {name: _even(entry, names, name) for name, entry in value.items()}
    if key in ("posix-millis", "generatedFileName", "source"):
        return "its own"
    if not isinstance(value, str):
        return value
    if key in ("id", "deleted"):
        return names.get(value, value)
    if key.endswith("-link"):
        value = re.sub(r"/serve/mailbox/kim/[^/]+/attach/[0-9]+/", "/serve/", _HOST.sub("", value))
    return _NOW.sub("now", value)


INBUCKET_REASONS: Final = {
    r"(Listed|.*\.body)\.\d+\.size|Messages\..*\.size": "each server adds other fields to what came",
    r"Messages\..*\.header\.Received\.0": "each server writes its own",
    r"Files\..*\.kind": "a type that a browser could run, or hand to a program, is application/octet-stream",
    r"(Files|Messages)\.all parts\..*(body|md5)": "a file is given as it was sent; Inbucket changes line ends",
    r"(Files|Messages)\.attached message\..*": "what has no name is named by its subject; its link works",
    r"Messages\..*-link": "names in links are encoded",
    r"Views\..*\.body": "images are in the page, as its sandbox keeps it from fetching them; line ends are kept",
    r"Requests\.6 .*": "Inbucket crashes on the page of a message that is not there",
    r"Requests\.(7|8) .*\.(body|kind)": "what is not there is said",
    r"Requests\.9 .*": "that a message is not there is said",
    r"Requests\.11 .*": "a body that is not JSON is the client's mistake",
    r"Requests\.12 .*\.body": "in other words",
    r"Requests\.15 .*": "Inbucket gives each recipient a message of its own, with a number of its own",
}
MAILDEV_REASONS: Final = {
    r".*\.(size|sizeHuman)": "edgemail counts the trace fields that it adds",
    r".*\.source": "the file's name is not told",
    r".*\.(date|messageId|priority|fileName|length|host|remoteAddress|args)": "2.x has these; 3.0 has not",
    r".*\.headers\..*": "all header fields, as in 2.x; 3.0 leaves out those that it takes apart",
    r".*\.attachments\.\d+\.filename": "a message attached without a name is named by its subject",
    r"(Emails\.page alone|Listed\.1)\.text": "text of HTML is made by rules of our own, as everywhere here",
    r"Files\..*\.kind": "a type that a browser could run, or hand to a program, is application/octet-stream",
    r"Downloads\..*": "the source is text/plain; MailDev names no type",
    r"Views\..*\.body|Requests\..*\.html": "MailDev writes the HTML anew once a client has asked for the page",
    r"Requests\.16 .*\.time": "the time of a summary is that of arrival",
    r"Requests\.1[678] .*\.unread": "MailDev counts what was read, and deleted, as unread",
    r"Requests\.17 .*\.(items|total)": "names of attachments are searched as well",
    r"Requests\.22 .*": "in other words",
}
"""Where the answers may differ, as patterns of their places, and why."""

RECORDED: Final = {
    "Inbucket": (Path(__file__).with_name("inbucket-answers.json"), ask_inbucket, INBUCKET_REASONS),
    "MailDev": (Path(__file__).with_name("maildev-answers.json"), ask_maildev, MAILDEV_REASONS),
}
