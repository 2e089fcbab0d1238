"""SMTP without I/O: octets in, outputs out. No sockets, no event loop, no clock."""

from edgemail.smtp.content import Content, MemoryRoom, Room
from edgemail.smtp.gate import Gate
from edgemail.smtp.order import TAKES_MESSAGE, State
from edgemail.smtp.outputs import Close, Deliver, Output, Refused, Reply, StartTls, list_reasons
from edgemail.smtp.replies import REASONS, REFUSES_MESSAGE
from edgemail.smtp.rules import Rules
from edgemail.smtp.session import Session
from edgemail.smtp.trace import write_trace

__all__ = [
    "REASONS",
    "REFUSES_MESSAGE",
    "TAKES_MESSAGE",
    "Close",
    "Content",
    "Deliver",
    "Gate",
    "MemoryRoom",
    "Output",
    "Refused",
    "Reply",
    "Room",
    "Rules",
    "Session",
    "StartTls",
    "State",
    "list_reasons",
    "write_trace",
]
