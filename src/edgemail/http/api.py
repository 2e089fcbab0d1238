"""The API itself, with its documentation and the web client. To import this module takes long."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from fastapi import FastAPI
from starlette.routing import Route

from edgemail import __version__
from edgemail.checks import html_support
from edgemail.http.all_mail import router as all_mail_router
from edgemail.http.chaos import router as chaos_router
from edgemail.http.checks import router as checks_router
from edgemail.http.error_handlers import register_error_handlers
from edgemail.http.guard import MCP_PATH
from edgemail.http.guides import route_guides
from edgemail.http.held_requests import HeldRequests, HoldLimits
from edgemail.http.models import LimitsModel, RetentionModel, ServerInfoModel
from edgemail.http.openapi import complete_openapi
from edgemail.http.routes import router
from edgemail.http.structure import router as structure_router
from edgemail.http.web_client import mount_web_client
from edgemail.http.well_known import route_well_known

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.datastructures import State
    from starlette.routing import BaseRoute

    from edgemail.checks.link_check import LinkChecker
    from edgemail.http.mcp.endpoint import McpEndpoint
    from edgemail.http.metrics_route import MetricsPage
    from edgemail.http.parts import HttpParts
    from edgemail.policy.chaos import Chaos
    from edgemail.settings import Settings


def create_api(parts: HttpParts, metrics: MetricsPage, agents: McpEndpoint | None = None) -> FastAPI:
    """Create the API, its documentation, the web client, tools for agents, and the APIs of other mail catchers."""
    settings = parts.settings
    http, trusted = settings.http, settings.smtp.trusted
    info = _describe(settings, parts.smtp_urls)
    api = FastAPI(
        title="edgemail",
        version=info.version,
        description="Read the mail of any address of a disposable e-mail server.",
        docs_url=None,
        redoc_url=None,
        servers=[{"url": http.base_path}] if http.base_path else None,
        telemetry={"tracing": False, "metrics": False, "logs": False},  # else each request looks for it
    )
    chaos = parts.chaos if settings.policy.chaos_api == "on" else None
    api.state.inbox = parts.inbox
    api.state.info = info
    api.state.chaos = chaos
    api.state.link_checker = _make_link_checker(parts)
    api.state.checks_html = settings.checks.html == "on" and html_support.is_built()
    api.state.refused_replies = parts.counters.smtp.refused_replies
    streams = HoldLimits("streams", http.max_streams_per_inbox, http.max_streams_per_source)
    waits = HoldLimits("waits", http.max_waits_per_inbox, http.max_waits_per_source)
    api.state.streams = HeldRequests(streams, trusted, parts.refuse)
    api.state.waits = HeldRequests(waits, trusted, parts.refuse)
    register_error_handlers(api)
    # `include_router` has each request matched twice
    api.router.routes += [
        *router.routes,
        *structure_router.routes,
        *checks_router.routes,
        *all_mail_router.routes,
        *chaos_router.routes,
    ]
    if http.metrics is True:
        api.router.routes.append(metrics.route)
    api.router.routes += route_well_known(settings.access)
    api.router.routes += route_guides(http.base_path, documents_api=settings.access.internals == "everyone")
    if settings.access.compat_apis == "on":
        api.router.routes += _list_compat_routes(parts, chaos, api.state)
    if agents is not None:
        api.router.routes.append(Route(MCP_PATH, agents, methods=None))
    mount_web_client(api)
    complete_openapi(api)
    return api


def _make_link_checker(parts: HttpParts) -> LinkChecker | None:
    """Return what asks links, None where that is off."""
    checks = parts.settings.checks
    if checks.links == "off":
        return None
    from edgemail.checks.link_check import LinkChecker  # its HTTP client takes a tenth of a second to load

    return LinkChecker(may_be_private=checks.private_links == "on", refuse=parts.refuse)


def _list_compat_routes(parts: HttpParts, chaos: Chaos | None, state: State) -> list[BaseRoute]:
    from edgemail.http.compat.parts import CompatParts
    from edgemail.http.compat.routes import list_routes

    smtp = parts.settings.smtp
    compat = CompatParts(
        parts.inbox,
        chaos,
        parts.submitter,
        smtp.max_message_bytes,
        parts.settings.store.db,
        parts.measure,
        parts.counters.smtp,
        next((urlsplit(url).port for url in parts.smtp_urls if url.startswith("smtp://")), None),
        link_checker=state.link_checker,
        checks_html=state.checks_html,
    )
    return list_routes(compat, state.streams)


def _describe(settings: Settings, smtp_urls: Sequence[str]) -> ServerInfoModel:
    return ServerInfoModel(
        version=__version__,
        domains=list(settings.smtp.domains),
        reserved=list(settings.operator.reserved),
        limits=LimitsModel(message_bytes=settings.smtp.max_message_bytes, recipients=settings.smtp.max_recipients),
        retention=RetentionModel(
            max_age_s=settings.retention.max_age_s,
            max_messages=settings.retention.max_messages,
            max_bytes=settings.retention.max_bytes,
        ),
        smtp=[url.removeprefix("smtp://") for url in smtp_urls if url.startswith("smtp://")],
        read_only=settings.read_only,
        deletion=settings.access.deletion == "on",
        all_mail=settings.access.all_mail == "everyone" and settings.access.private == "off",
        locks=settings.access.has_locks,
        abuse_contact=settings.access.abuse_contact,
    )
