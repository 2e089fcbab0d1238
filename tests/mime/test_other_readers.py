"""Our reading beside that of Python's `email`, of nodemailer's mailparser, and of postal-mime."""

from __future__ import annotations

import re
from dataclasses import fields, replace
from random import Random
from typing import Any

import pytest
from testkit.other_readers import Reading, node_readers, plain, read_ours, read_with_python

from tests.mime.built_mail import build
from tests.mime.explained import EXPLAINED, Explained, explain

MESSAGES = 1500


def expected(expect: dict[str, Any]) -> Reading:
    """Write what was built in the form in which readers are compared."""
    shown = re.fullmatch(r"(.*?)\s*<([^<>]*)>", expect["from"])
    name, address = shown.groups() if shown else ("", expect["from"])
    files = tuple((name or "", kind, size) for name, kind, size in expect["attachments"])
    return Reading(expect["subject"], name, address, plain(expect["text"]), plain(expect["html"]), files)


def without_made_up_names(reading: Reading) -> Reading:
    """Leave out the names that we give to attached messages, by their subjects."""
    files = tuple(
        ("" if kind == "message/rfc822" else name, kind, size) for name, kind, size in reading.attachments
    )
    return replace(reading, attachments=files)


@pytest.mark.slow
@pytest.mark.needs_mailparser
def test_every_difference_between_readers_is_explained() -> None:
    """We read what was built; where another reader does not, the table says why, and says nothing else."""
    used: set[Explained] = set()
    unexplained = []
    with node_readers() as read_with_node:
        for seed in range(MESSAGES):
            mail = build(Random(seed))
            wanted = expected(mail.expect)
            ours = without_made_up_names(read_ours(mail.octets)[0])
            readings = {"ours": ours, "python": read_with_python(mail.octets)}
            for reader, found in (readings | read_with_node(mail.octets)).items():
                for field in (field.name for field in fields(Reading)):
                    if getattr(found, field) == getattr(wanted, field):
                        continue
                    reason = explain(reader, field, mail.features)
                    if reason is None:
                        unexplained.append((seed, reader, field, getattr(wanted, field), getattr(found, field)))
                    else:
                        used.add(reason)
    assert unexplained == []
    assert set(EXPLAINED) == used
