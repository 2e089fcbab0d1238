"""Assembles the HTTP application."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware

from edgemail.http.access import Access, SourceFilter
from edgemail.http.chaos import router as chaos_router
from edgemail.http.forwarded import Forwarded
from edgemail.http.guard import Guard, ServedNames
from edgemail.http.problems import register_error_handlers
from edgemail.http.prometheus import route_metrics
from edgemail.http.routes import router
from edgemail.http.web_client import mount_web_client
from edgemail.http.well_known import route_well_known

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from edgemail.http.access import DenialLog
    from edgemail.http.models import ServerInfoModel
    from edgemail.http.passwords import Passwords
    from edgemail.http.prometheus import MetricsExporter
    from edgemail.mailbox.inbox import Inbox
    from edgemail.policy.chaos import Chaos
    from edgemail.settings import Settings


def create_api(
    inbox: Inbox,
    info: ServerInfoModel,
    settings: Settings,
    denials: DenialLog,
    passwords: Passwords | None = None,
    exporter: MetricsExporter | None = None,
    chaos: Chaos | None = None,
) -> ASGIApp:
    """Create the ASGI application: the API, its documentation, the web client.

    With `exporter` it also serves /metrics. With `chaos` every user of the API may change the
    chaos rules. Who gives one of `passwords` is the operator.
    """
    api = FastAPI(
        title="edgemail",
        version=info.version,
        description="Read the mail of any address of a disposable e-mail server.",
        docs_url=None,
        redoc_url=None,
    )
    api.state.inbox = inbox
    api.state.info = info
    api.state.chaos = chaos
    register_error_handlers(api)
    api.include_router(router)
    api.include_router(chaos_router)
    if exporter is not None:
        api.router.routes.append(route_metrics(exporter))
    api.router.routes += route_well_known(settings.access)
    mount_web_client(api)
    app: ASGIApp = Access(api, settings.access, passwords, settings.smtp.trusted, denials)
    http = settings.http
    if http.allowed_origins:
        app = CORSMiddleware(
            app,
            allow_origins=http.allowed_origins,
            allow_methods=["GET", "DELETE"] if chaos is None else ["GET", "PUT", "DELETE"],
            allow_headers=["Authorization", "Content-Type", "Last-Event-ID"],
        )
    hosts = {settings.smtp.hostname.lower(), *http.allowed_hosts}
    if http.listen is not None and settings.access.http_names != "public":
        hosts.add(http.listen.host.lower())
    names = ServedNames(frozenset(hosts), settings.smtp.domains, settings.access.http_names)
    app = SourceFilter(app, settings.access.allow_http_sources, denials)
    return Forwarded(Guard(app, names, frozenset(http.allowed_origins)), settings.access.http_trusted_proxies)
