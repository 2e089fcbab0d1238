"""The mails that the finder of codes and links is scored on: `tests/vectors/finder`."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from edgemail.mime.finder import Findings, find

FOLDER = Path(__file__).parents[1] / "tests" / "vectors" / "finder"
SETS = ("tuning", "scored")

_NAV = (
    "<table width='600'><tr><td><a href='https://www.@HOST@/'>"
    "<img src='https://img.@HOST@/logo.png' alt='@HOST@'></a></td>"
    "<td><a href='https://www.@HOST@/new'>New</a> | <a href='https://www.@HOST@/login'>Log in</a> | "
    "<a href='https://www.@HOST@/help/confirm-email'>Help</a></td></tr></table><div class='main'>@BODY@</div>"
    "<div><a href='https://facebook.com/x'><img src='f.png' alt='Facebook'></a> <a href='https://instagram.com/x'>"
    "<img src='i.png' alt='Instagram'></a></div><p>@HOST@, 48 Harbour Road, 94107 Portsville<br>"
    "<a href='https://www.@HOST@/unsubscribe?u=8812'>Unsubscribe</a> <a href='https://www.@HOST@/privacy'>Privacy</a></p>"
)
_CARD = (
    "<!DOCTYPE html><html><head><meta charset='utf-8'><title>Message 204817</title><style>.c{color:#481223}"
    "@media(max-width:600px){.w{width:100%}}</style></head><body style='margin:0'>"
    "<div style='display:none;max-height:0'>@PREHEADER@&#847;&zwnj;&nbsp;&#847;&zwnj;&nbsp;</div>"
    "<!--[if mso]><table><tr><td width='600'><![endif]--><table class='w' role='presentation'><tr><td>"
    "<img src='https://img.@HOST@/logo.png?w=1200' alt='logo'></td></tr><tr><td>@BODY@</td></tr><tr><td>"
    "<p>Sent by @HOST@, Suite 4400, 1208 Main Street. &copy; 2026</p>"
    "<p>Questions? <a href='https://www.@HOST@/support'>"
    "Visit our help center</a> or <a href='https://www.@HOST@/prefs?u=88aa1204'>manage preferences</a></p>"
    "</td></tr>"
    "</table><!--[if mso]></td></tr></table><![endif]-->"
    "<img src='https://t.@HOST@/o.gif?id=77120' width=1 height=1></body></html>"
)
FRAMES = {"nav": _NAV, "card": _CARD, "bare": "<div dir='ltr'>@BODY@</div>"}


@dataclass(frozen=True)
class ExpectedMail:
    """A mail, and what a person finds in it."""

    name: str
    subject: str
    sender: str
    text: str | None
    html: str | None
    codes: tuple[str, ...]
    link: str | None

    def find(self) -> Findings:
        return find(self.subject, self.sender, self.text, self.html)


def read_mails(name: str) -> list[ExpectedMail]:
    """Read one of `SETS`."""
    lines = (FOLDER / f"{name}.jsonl").read_text("utf-8").splitlines()
    return [_mail(json.loads(line)) for line in lines if line]


def _mail(row: dict[str, object]) -> ExpectedMail:
    sender, html = str(row["from"]), row.get("html")
    if html is not None:
        host = sender.rpartition("@")[2].rstrip(">")
        frame = FRAMES[str(row["frame"])].replace("@HOST@", host)
        html = frame.replace("@PREHEADER@", str(row.get("preheader", ""))).replace("@BODY@", str(html))
    codes, link, text = row["codes"], row["link"], row.get("text")
    assert isinstance(codes, list)
    return ExpectedMail(
        name=str(row["name"]),
        subject=str(row["subject"]),
        sender=sender,
        text=None if text is None else str(text),
        html=None if html is None else str(html),
        codes=tuple(codes),
        link=None if link is None else str(link),
    )


@dataclass
class Score:
    """How many were expected, how many were found, and how many of these were right."""

    expected: int = 0
    found: int = 0
    right: int = 0

    @property
    def precision(self) -> float:
        return self.right / self.found if self.found else 1.0

    @property
    def recall(self) -> float:
        return self.right / self.expected if self.expected else 1.0


def score(mails: list[ExpectedMail]) -> tuple[Score, Score, list[str]]:
    """Score every code that was found, and of the links the best one; list what went wrong."""
    codes, links, wrong = Score(), Score(), []
    for mail in mails:
        found = mail.find()
        got = [code.code for code in found.codes]
        codes.expected += len(mail.codes)
        codes.found += len(got)
        codes.right += len(set(got) & set(mail.codes))
        if sorted(got) != sorted(mail.codes):
            wrong.append(f"{mail.name}: codes {got}, expected {list(mail.codes)}")
        best = found.confirmations[0].url if found.confirmations else None
        links.expected += mail.link is not None
        links.found += best is not None
        links.right += best is not None and best == mail.link
        if best != mail.link:
            wrong.append(f"{mail.name}: link {best}, expected {mail.link}")
    return codes, links, wrong
