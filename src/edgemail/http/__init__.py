"""The HTTP API, the web client and the metrics."""

from edgemail.http.application import create_api
from edgemail.http.models import LimitsModel, RetentionModel, ServerInfoModel
from edgemail.http.prometheus import MetricsExporter, create_metrics_app

__all__ = [
    "LimitsModel",
    "MetricsExporter",
    "RetentionModel",
    "ServerInfoModel",
    "create_api",
    "create_metrics_app",
]
