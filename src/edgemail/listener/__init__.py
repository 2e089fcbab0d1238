"""Sockets for SMTP sessions."""

from edgemail.listener.connection import Connection
from edgemail.listener.gate import Policy
from edgemail.listener.server import Listener

__all__ = ["Connection", "Listener", "Policy"]
