"""Sockets for SMTP sessions."""

from edgemail.listener.connection import Connection
from edgemail.listener.gate import Policy
from edgemail.listener.journal import Journal
from edgemail.listener.server import Listener

__all__ = ["Connection", "Journal", "Listener", "Policy"]
