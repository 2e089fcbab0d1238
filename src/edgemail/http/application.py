"""Assembles the HTTP application: what stands in front of the API, and the API behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from starlette.middleware.cors import CORSMiddleware

from edgemail import mime
from edgemail.http.access import Access, SourceFilter
from edgemail.http.answers import AnswerLimits, Answers
from edgemail.http.base_path import BasePath
from edgemail.http.forwarded import Forwarded
from edgemail.http.guard import Guard, ServedNames
from edgemail.http.lazy_app import LazyApp
from edgemail.http.passwords import Passwords
from edgemail.http.short_responses import ShortResponses
from edgemail.policy.inbox_lock import KEY_FIELD
from edgemail.system.loading import without_collection

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from edgemail.http.access import DenialLog
    from edgemail.http.mcp.endpoint import McpEndpoint
    from edgemail.http.metrics_route import MetricsPage
    from edgemail.http.parts import HttpParts

_MCP_FIELDS: Final = ("Mcp-Protocol-Version", "Mcp-Method", "Mcp-Name")


def create_app(
    parts: HttpParts, denials: DenialLog, metrics: MetricsPage, agents: McpEndpoint | None = None
) -> ASGIApp:
    """Create the ASGI application. The first request that is no probe loads the API, which takes a while.

    Whoever asks it will read mail: the parser is loaded next.
    """
    settings = parts.settings
    http, access, trusted = settings.http, settings.access, settings.smtp.trusted

    def load() -> ASGIApp:
        with without_collection():
            from edgemail.http.api import create_api
            from edgemail.http.quick_reads import QuickReads

            api = create_api(parts, metrics, agents)
            return QuickReads(api, parts.inbox, api.state.waits)

    limits = AnswerLimits(http.max_answer_bytes, http.max_waiting_reads, http.min_read_rate_bytes)
    app: ASGIApp = Answers(ShortResponses(LazyApp(load, parts.inbox.check, mime.load)), limits, parts.refuse)
    passwords = None if parts.passwords is None else Passwords(parts.passwords)
    agent_token = None if agents is None else settings.agents.token
    app = Access(app, access, passwords, trusted, denials, parts.visitors, agent_token)
    has_posts = access.compat_apis == "on" or agents is not None or settings.checks.links == "on"
    if http.allowed_origins:
        app = CORSMiddleware(
            app,
            allow_origins=http.allowed_origins,
            allow_methods=["GET", *(["POST"] if has_posts else []), "PUT", "PATCH", "DELETE"],
            allow_headers=["Authorization", "Content-Type", "Last-Event-ID", KEY_FIELD, *_MCP_FIELDS],
        )
    hosts = {settings.smtp.hostname.lower(), *http.allowed_hosts}
    if access.http_names != "public":
        hosts.update(endpoint.host.lower() for endpoint in http.listen)
    names = ServedNames(frozenset(hosts), settings.smtp.domains, access.http_names)
    app = SourceFilter(app, access.allow_http_sources, denials)
    app = Guard(app, names, frozenset(http.allowed_origins))
    app = Forwarded(app, access.http_trusted_proxies)
    return BasePath(app, http.base_path) if http.base_path else app
