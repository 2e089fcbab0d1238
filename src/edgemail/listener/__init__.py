"""Sockets for SMTP sessions."""

from edgemail.listener.server import Listener
from edgemail.listener.transaction_log import TransactionLog
from edgemail.policy.gate import Policy

__all__ = ["Listener", "Policy", "TransactionLog"]
