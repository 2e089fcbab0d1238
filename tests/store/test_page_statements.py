"""The page queries the tables itself, with the store's own statements."""

from __future__ import annotations

import json
import re
from pathlib import Path

from edgemail.model import Attachment, MailId, Summary
from edgemail.store import encoding, schema
from edgemail.store.sqlite.file import open_database

_FIRST_RELEASE = """
SELECT i.mail_id, coalesce(s.date, m.date), coalesce(s.sender, m.sender), coalesce(s.recipients, m.recipients),
    coalesce(s.size, m.size), s.subject, s."from", s.preview, s.attachments, s.codes, s.links,
    CASE WHEN s.mail_id IS NULL THEN CAST(substr(m.data, 1, 16384) AS BLOB) END
FROM inbox i LEFT JOIN summary s ON s.mail_id = i.mail_id
LEFT JOIN mail m ON m.id = CASE WHEN s.mail_id IS NULL THEN i.mail_id END
LEFT JOIN search f ON f.mail_id = i.mail_id
WHERE i.address = ? AND (s.mail_id IS NULL OR instr(coalesce(f.words, '') || lower(s.subject), ?) > 0)"""
"""How the page of version 0.1.0 lists and searches."""

_STATEMENTS = Path(__file__).parents[2] / "web" / "src" / "database" / "statements.ts"


def test_the_page_lists_by_the_stores_own_statements() -> None:
    """Otherwise the page and the API would list different mail."""
    source = _STATEMENTS.read_text()
    texts = dict(re.findall(r"const (\w+) =\s+`([^`]*)`", source))

    def write_out(name: str) -> list[str]:
        return re.sub(r"\$\{(\w+)\}", lambda found: " ".join(write_out(found[1])), texts[name]).split()

    assert write_out("LIST_NEWEST_FIRST") == schema.LIST_NEWEST_FIRST.split()
    assert write_out("LIST_OLDEST_FIRST") == schema.LIST_OLDEST_FIRST.split()
    assert write_out("SEARCH") == schema.SEARCH.split()


def test_a_page_of_the_first_release_reads_the_tables(tmp_path: Path) -> None:
    """A page is hosted apart from the program that writes: it may be the older one."""
    connection = open_database(tmp_path / "mail.db")
    connection.execute(schema.ADD_MAIL, ("2026-11-27 09:00:00.000", "<>", "<ann@example.org>", 1, "x"))
    files = (Attachment(2, "a.pdf", "application/pdf", 3), Attachment(5, "b.pdf", "application/pdf", 4, "b@c"))
    connection.execute(schema.ADD_SUMMARY, encoding.write_summary(MailId(1), Summary("F", "S", "P", files, (), ())))
    connection.execute(schema.ADD_WORDS, (1, "word"))
    ((*_, subject, _, _, attachments, _, _, head),) = connection.execute(
        _FIRST_RELEASE, ("ann@example.org", "word")
    ).fetchall()
    connection.close()
    assert (subject, head) == ("S", None)
    assert [fields[:3] for fields in json.loads(str(attachments))] == [
        ["a.pdf", "application/pdf", 3],
        ["b.pdf", "application/pdf", 4],
    ]
