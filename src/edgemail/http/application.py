"""Assembles the HTTP application."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import Route

from edgemail.http.access import Access, SourceFilter
from edgemail.http.all_mail import router as all_mail_router
from edgemail.http.answers import AnswerLimits, Answers
from edgemail.http.base_path import BasePath
from edgemail.http.chaos import router as chaos_router
from edgemail.http.compat.routes import list_routes as list_compat_routes
from edgemail.http.forwarded import Forwarded
from edgemail.http.guard import MCP_PATH, Guard, ServedNames
from edgemail.http.held_requests import HeldRequests, HoldLimits
from edgemail.http.openapi import complete_openapi
from edgemail.http.problems import register_error_handlers
from edgemail.http.prometheus import route_metrics
from edgemail.http.routes import router
from edgemail.http.short_responses import ShortResponses
from edgemail.http.web_client import mount_web_client
from edgemail.http.well_known import route_well_known

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import ASGIApp

    from edgemail.http.access import DenialLog
    from edgemail.http.compat.parts import CompatParts
    from edgemail.http.mcp.endpoint import McpEndpoint
    from edgemail.http.models import ServerInfoModel
    from edgemail.http.passwords import Passwords
    from edgemail.http.prometheus import MetricsExporter
    from edgemail.mailbox.inbox import Inbox
    from edgemail.policy.chaos import Chaos
    from edgemail.settings import Settings

_MCP_FIELDS: Final = ("Mcp-Protocol-Version", "Mcp-Method", "Mcp-Name")


def create_api(
    inbox: Inbox,
    info: ServerInfoModel,
    settings: Settings,
    denials: DenialLog,
    passwords: Passwords | None = None,
    exporter: MetricsExporter | None = None,
    chaos: Chaos | None = None,
    refuse: Callable[[str], None] = lambda _: None,
    compat: CompatParts | None = None,
    agents: McpEndpoint | None = None,
) -> ASGIApp:
    """Create the ASGI application: the API, its documentation, the web client.

    With `exporter` it also serves /metrics. With `chaos` every user of the API may change the
    chaos rules. Who gives one of `passwords` is the operator. `refuse` is called with the reason
    for each reader that is refused as there is too much to do, `denials` has the others. With
    `compat` it also serves the APIs of other mail catchers, with `agents` tools for agents.
    """
    http, access, trusted = settings.http, settings.access, settings.smtp.trusted
    api = FastAPI(
        title="edgemail",
        version=info.version,
        description="Read the mail of any address of a disposable e-mail server.",
        docs_url=None,
        redoc_url=None,
        servers=[{"url": http.base_path}] if http.base_path else None,
        telemetry={"tracing": False, "metrics": False, "logs": False},  # else each request looks for it
    )
    api.state.inbox = inbox
    api.state.info = info
    api.state.chaos = chaos
    streams = HoldLimits("streams", http.max_streams_per_inbox, http.max_streams_per_source)
    waits = HoldLimits("waits", http.max_waits_per_inbox, http.max_waits_per_source)
    api.state.streams = HeldRequests(streams, trusted, refuse)
    api.state.waits = HeldRequests(waits, trusted, refuse)
    register_error_handlers(api)
    # `include_router` has each request matched twice
    api.router.routes += [*router.routes, *all_mail_router.routes, *chaos_router.routes]
    if exporter is not None:
        api.router.routes.append(route_metrics(exporter))
    api.router.routes += route_well_known(access)
    if compat is not None:
        api.router.routes += list_compat_routes(compat, api.state.streams)
    if agents is not None:
        api.router.routes.append(Route(MCP_PATH, agents, methods=None))
    mount_web_client(api)
    complete_openapi(api)
    limits = AnswerLimits(http.max_answer_bytes, http.max_waiting_reads, http.min_read_rate_bytes)
    app: ASGIApp = Answers(ShortResponses(api), limits, refuse)
    app = Access(app, access, passwords, trusted, denials, None if agents is None else settings.agents.token)
    if http.allowed_origins:
        app = CORSMiddleware(
            app,
            allow_origins=http.allowed_origins,
            allow_methods=["GET", *(["POST"] if compat or agents else []), "PUT", "PATCH", "DELETE"],
            allow_headers=["Authorization", "Content-Type", "Last-Event-ID", *_MCP_FIELDS],
        )
    hosts = {settings.smtp.hostname.lower(), *http.allowed_hosts}
    if access.http_names != "public":
        hosts.update(endpoint.host.lower() for endpoint in http.listen)
    names = ServedNames(frozenset(hosts), settings.smtp.domains, access.http_names)
    app = SourceFilter(app, access.allow_http_sources, denials)
    app = Guard(app, names, frozenset(http.allowed_origins))
    app = Forwarded(app, access.http_trusted_proxies)
    return BasePath(app, http.base_path) if http.base_path else app
