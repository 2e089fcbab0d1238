"""Sockets for SMTP sessions."""

from edgemail.listener.connection import Connection
from edgemail.listener.server import Listener

__all__ = ["Connection", "Listener"]
