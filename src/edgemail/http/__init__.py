"""The HTTP API, and the page beside it."""

from edgemail.http.application import create_api
from edgemail.http.metrics import Exposition, create_metrics_app
from edgemail.http.models import LimitsModel, RetentionModel, ServerInfoModel

__all__ = ["Exposition", "LimitsModel", "RetentionModel", "ServerInfoModel", "create_api", "create_metrics_app"]
