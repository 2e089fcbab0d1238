"""SMTP without I/O: octets in, outputs out. No sockets, no event loop, no clock."""

from edgemail.smtp.content import Content, ContentStore, MemoryContentStore
from edgemail.smtp.gate import Gate
from edgemail.smtp.order import TAKES_MESSAGE, SessionState
from edgemail.smtp.outputs import Close, Deliver, MessageRefused, Output, Reply, StartTls, list_reasons
from edgemail.smtp.replies import REASONS, REFUSES_MESSAGE
from edgemail.smtp.rules import SessionRules
from edgemail.smtp.session import Session
from edgemail.smtp.trace import write_trace

__all__ = [
    "REASONS",
    "REFUSES_MESSAGE",
    "TAKES_MESSAGE",
    "Close",
    "Content",
    "ContentStore",
    "Deliver",
    "Gate",
    "MemoryContentStore",
    "MessageRefused",
    "Output",
    "Reply",
    "Session",
    "SessionRules",
    "SessionState",
    "StartTls",
    "list_reasons",
    "write_trace",
]
