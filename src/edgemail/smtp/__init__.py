"""SMTP without I/O: octets in, outputs out. No sockets, no event loop, no clock."""

from edgemail.smtp.content import Content, ContentStore, MemoryContentStore
from edgemail.smtp.events import Ended, Event, Lost, Secured, Settled
from edgemail.smtp.gate import Gate
from edgemail.smtp.outputs import (
    Close,
    CommandsFollow,
    ContentBehind,
    ContentFollows,
    Deliver,
    MessageRefused,
    Output,
    Reply,
    StartTls,
    list_reasons,
)
from edgemail.smtp.replies import REASONS, REFUSES_MESSAGE
from edgemail.smtp.rules import SessionRules
from edgemail.smtp.session import Session
from edgemail.smtp.trace import read_source, write_trace

__all__ = [
    "REASONS",
    "REFUSES_MESSAGE",
    "Close",
    "CommandsFollow",
    "Content",
    "ContentBehind",
    "ContentFollows",
    "ContentStore",
    "Deliver",
    "Ended",
    "Event",
    "Gate",
    "Lost",
    "MemoryContentStore",
    "MessageRefused",
    "Output",
    "Reply",
    "Secured",
    "Session",
    "SessionRules",
    "Settled",
    "StartTls",
    "list_reasons",
    "read_source",
    "write_trace",
]
