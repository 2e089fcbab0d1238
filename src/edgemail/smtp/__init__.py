"""SMTP without I/O: octets in, outputs out. No sockets, no event loop, no clock."""

from edgemail.smtp.auth import Login
from edgemail.smtp.content import Content, ContentStore, MemoryContentStore
from edgemail.smtp.events import Ended, Event, LoginChecked, Lost, Secured, Settled
from edgemail.smtp.gate import Gate
from edgemail.smtp.outputs import (
    CheckLogin,
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
from edgemail.smtp.replies import LOGIN_RIGHT, LOGIN_WRONG, REASONS, REFUSES_MESSAGE
from edgemail.smtp.rules import SessionRules
from edgemail.smtp.session import Session
from edgemail.smtp.trace import read_source, write_trace

__all__ = [
    "LOGIN_RIGHT",
    "LOGIN_WRONG",
    "REASONS",
    "REFUSES_MESSAGE",
    "CheckLogin",
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
    "Login",
    "LoginChecked",
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
