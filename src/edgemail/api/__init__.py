"""The HTTP API, and the page beside it."""

from edgemail.api.application import create_api
from edgemail.api.exposition import Exposition, create_metrics_app
from edgemail.api.models import Limits, Retention, ServerInfo

__all__ = ["Exposition", "Limits", "Retention", "ServerInfo", "create_api", "create_metrics_app"]
