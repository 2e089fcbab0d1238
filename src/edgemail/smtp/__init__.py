"""SMTP without I/O: octets in, outputs out. No sockets, no event loop, no clock."""

from edgemail.smtp.outputs import Close, Deliver, Output, Reply
from edgemail.smtp.session import Rules, Session, State
from edgemail.smtp.trace import write_trace

__all__ = ["Close", "Deliver", "Output", "Reply", "Rules", "Session", "State", "write_trace"]
