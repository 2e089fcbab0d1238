"""Builds the HTTP servers of a program. To import this module is to load uvicorn and Starlette."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from edgemail import __version__
from edgemail.http.access import DenialLog, SourceFilter
from edgemail.http.application import create_app
from edgemail.http.compat.paths import find_special_paths
from edgemail.http.connections import ConnectionTable
from edgemail.http.limits import METRICS_CONNECTIONS, SpecialPaths
from edgemail.http.mcp.endpoint import McpEndpoint
from edgemail.http.metrics_route import MetricsPage
from edgemail.http.server import HttpServer

if TYPE_CHECKING:
    import socket

    from edgemail.http.parts import HttpParts
    from edgemail.http.prometheus import MetricsExporter

_STOP_S: Final = 5


def build_servers(
    parts: HttpParts, api_sockets: list[socket.socket], metrics_sockets: list[socket.socket]
) -> tuple[list[HttpServer], McpEndpoint | None]:
    """Build the server of the API and that of the metrics, each where it has sockets.

    Returns what answers agents as well, which is to run beside them.

    It needs no event loop, and takes a while: call it in a thread.
    """
    settings, counters = parts.settings, parts.counters
    denials = DenialLog(counters.denials)
    metrics = MetricsPage(lambda: _load_exporter(parts))
    stop_s = min(_STOP_S, math.ceil(settings.smtp.shutdown_timeout_s))
    servers = []
    agents = McpEndpoint(parts.inbox, settings) if api_sockets and settings.agents.mcp == "on" else None
    if api_sockets:
        trusted = (*settings.smtp.trusted, *settings.access.http_trusted_proxies)  # a proxy is many readers
        limit_per_source = settings.http.max_connections_per_source
        table = ConnectionTable(parts.max_connections, limit_per_source, trusted, counters.http)
        has_compat = settings.access.compat_apis == "on"
        special = find_special_paths(settings.smtp.max_message_bytes) if has_compat else SpecialPaths()
        app = create_app(parts, denials, metrics, agents)
        servers.append(HttpServer(app, api_sockets, stop_s, settings.http, table, special))
    if metrics_sockets:
        table = ConnectionTable(METRICS_CONNECTIONS, METRICS_CONNECTIONS, settings.smtp.trusted, counters.http)
        metrics_app = SourceFilter(metrics.app, settings.access.allow_http_sources, denials)
        servers.append(HttpServer(metrics_app, metrics_sockets, stop_s, settings.http, table))
    return servers, agents


def _load_exporter(parts: HttpParts) -> MetricsExporter:
    from edgemail.http.prometheus import MetricsExporter

    return MetricsExporter(parts.counters, parts.measure, __version__)
