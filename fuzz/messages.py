"""The invariants of the reader of messages: what holds for all octets."""

from __future__ import annotations

import json
import re
import resource
import time
from dataclasses import asdict
from typing import TYPE_CHECKING

from edgemail import mime
from edgemail.errors import AttachmentNotFound

if TYPE_CHECKING:
    from edgemail.model import ParsedMessage

READ_CPU_S = 2.0
"""Far above what an input of the fuzzer takes, also with the engine's instruments in the code."""

GROWTH_MAX_KB = 64 * 1024
"""By which the process may grow while one input is read."""

PER_OCTET_MAX = 4
"""Characters and octets that are read out of each octet: text, HTML, and each file once."""

FREE_MAX = 4096
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_SURROGATE = re.compile("[\ud800-\udfff]")


def check_reader(octets: bytes) -> None:
    """Read a message, and all that is attached to it.

    Raises:
        AssertionError: a rule is broken.
    """
    began_s, before_kb = time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    read = mime.read(octets)
    summary = read.summary
    assert mime.summarize(octets) == summary, "the list and the opened message differ"
    size = len(read.text or "") + len(read.html or "")
    for part in (*summary.attachments, *read.inline):
        again, content = mime.attachment(octets, part.index)
        assert again == part, f"{part} is {again} when it is fetched"
        assert len(content) == part.size, f"{part} has {len(content)} octets"
        size += len(content)
    took_s = time.process_time() - began_s
    grew_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kb
    assert took_s <= READ_CPU_S, f"reading took {took_s:.1f} s"
    assert grew_kb <= GROWTH_MAX_KB, f"reading took {grew_kb} KB of memory"
    assert size <= len(octets) * PER_OCTET_MAX + FREE_MAX, f"{size} characters came of {len(octets)} octets"
    _check_numbers([part.index for part in (*summary.attachments, *read.inline)], octets)
    _check_lines(read)


def _check_numbers(numbers: list[int], octets: bytes) -> None:
    assert len(set(numbers)) == len(numbers), f"two parts have one number: {numbers}"
    for number in (-1, max(numbers, default=-1) + 1):
        try:
            mime.attachment(octets, number)
        except AttachmentNotFound:
            continue
        raise AssertionError(f"there is a part {number}")


def _check_lines(read: ParsedMessage) -> None:
    """Check that nothing breaks a line of a list, and that all can be written as JSON in UTF-8."""
    summary = read.summary
    people = [mailbox for field in (summary.to, summary.cc, summary.bcc, summary.reply_to) for mailbox in field]
    lines = [summary.subject, summary.sender_name, summary.preview, summary.message_id]
    lines += [part.name for part in (*summary.attachments, *read.inline)]
    lines += [text for mailbox in people for text in (mailbox.name, mailbox.address)]
    lines += [text for event in summary.events for text in (event.title, event.location, event.organizer)]
    for line in lines:
        assert not _CONTROL.search(line), f"{line!r} holds a control character"
    for header in read.headers:
        assert not _CONTROL.search(header.value), f"{header.name} holds a control character: {header.value!r}"
    assert not _SURROGATE.search(json.dumps(asdict(read), ensure_ascii=False, default=str)), "a surrogate"
