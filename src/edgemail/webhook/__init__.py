"""Tells a program of new mail: a POST to `webhook_url` for each message, from a queue in the database."""

from edgemail.webhook.receiver import Receiver
from edgemail.webhook.teller import Teller

__all__ = ["Receiver", "Teller"]
