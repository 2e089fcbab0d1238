"""The HTTP API, and the page beside it."""

from edgemail.api.application import create_api
from edgemail.api.models import Limits, Retention, ServerInfo

__all__ = ["Limits", "Retention", "ServerInfo", "create_api"]
