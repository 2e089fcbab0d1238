"""The POP3 port: sockets, TLS, deadlines, and who may read which inbox. Loaded where POP3 is on."""

from edgemail.pop3_server.parts import Pop3Parts
from edgemail.pop3_server.server import Pop3Server

__all__ = ["Pop3Parts", "Pop3Server"]
