"""A reader's query in SQL, over the tables `search_fields` (as f), `search`, `read_mail` and `tag`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from edgemail.store.encoding import write_date
from edgemail.store.query import write_mailbox_forms

if TYPE_CHECKING:
    from edgemail.store.query import MailQuery, MailTerm

_COLUMNS: Final = {
    "from": 'f."from"',
    "to": 'f."to"',
    "cc": "f.cc",
    "reply-to": "f.reply_to",
    "subject": "f.subject",
    "message-id": "f.message_id",
}
_BCC: Final = 'instr(f.bcc, ?) > 0 OR instr(f.recipients, ?) > 0 AND instr(f."to", ?) = 0 AND instr(f.cc, ?) = 0'
_SENDER: Final = (
    'instr(f."from", ?) > 0 OR EXISTS '
    "(SELECT 1 FROM summary s WHERE s.mail_id = f.mail_id AND instr(lower(s.sender), ?) > 0)"
)
_RECIPIENT: Final = 'instr(f."to", ?) > 0 OR instr(f.recipients, ?) > 0'
_ANYWHERE: Final = ('f."from"', 'f."to"', "f.cc", "f.bcc", "f.reply_to", "f.recipients", "f.subject")
_WILDCARDS: Final = re.compile(r"[*?\[]")
_TAGGED: Final = "EXISTS (SELECT 1 FROM tag t WHERE t.mail_id = f.mail_id"
_READ: Final = "EXISTS (SELECT 1 FROM read_mail r WHERE r.mail_id = f.mail_id)"
_STATES: Final = {"read": _READ, "unread": f"NOT {_READ}", "tagged": f"{_TAGGED})"}


def write_conditions(query: MailQuery) -> tuple[str, list[Any]]:
    """Write a condition on `search_fields f`, and its parameters in their order."""
    conditions, parameters = ["1"], []
    for term in query.terms:
        condition, values = _write(term)
        conditions.append(f"NOT ({condition})" if term.is_negated else f"({condition})")
        parameters += values
    return " AND ".join(conditions), parameters


def _write(term: MailTerm) -> tuple[str, list[Any]]:
    text = term.text
    match term.field:
        case None:
            words = text.split()
            in_words = " AND ".join(["w.words GLOB ?"] * len(words)) or "1"
            in_fields = " OR ".join(f"instr({column}, ?) > 0" for column in _ANYWHERE)
            condition = f"{in_fields} OR EXISTS (SELECT 1 FROM search w WHERE w.mail_id = f.mail_id AND {in_words})"  # noqa: S608
            return condition, [text] * len(_ANYWHERE) + [_find_in_words(word) for word in words]
        case "is":
            return _STATES[text], []
        case "has":
            return f"f.{'attachments' if text == 'attachment' else 'inline_parts'} > 0", []
        case "tag":
            return f"{_TAGGED} AND lower(t.name) = ?)", [text]
        case "after" | "before":
            date = "" if term.date is None else write_date(term.date)
            return f"f.date {'>=' if term.field == 'after' else '<'} ?", [date]
        case "larger" | "smaller":
            return f"f.size {'>' if term.field == 'larger' else '<'} ?", [term.octets]
        case "sender":
            return _SENDER, [text] * 2
        case "recipient":
            return _RECIPIENT, [text] * 2
        case "mailbox":
            forms = write_mailbox_forms(text)
            return " OR ".join(["instr(f.recipients, ?) > 0"] * len(forms)), list(forms)
        case "bcc":
            return _BCC, [text] * 4
        case "addressed":
            columns = ('f."from"', 'f."to"', "f.cc", "f.reply_to")
            return " OR ".join([f"instr({column}, ?) > 0" for column in columns] + [_BCC]), [text] * 8
        case _:
            return f"instr({_COLUMNS[term.field]}, ?) > 0", [text]


def _find_in_words(word: str) -> str:
    """Write a pattern for a part of a long text: GLOB takes two thirds of the time of `instr`."""
    literal = _WILDCARDS.sub(r"[\g<0>]", word)
    return f"*{literal}*"
