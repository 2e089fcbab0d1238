"""Assembles the HTTP application."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import Depends, FastAPI
from starlette.middleware.cors import CORSMiddleware

from edgemail.http.answers import AnswerLimits, Answers
from edgemail.http.base_path import BasePath
from edgemail.http.chaos import router as chaos_router
from edgemail.http.event_stream import StreamCaps
from edgemail.http.guard import Guard
from edgemail.http.problems import register_error_handlers
from edgemail.http.prometheus import route_metrics
from edgemail.http.query_parameters import refuse_unknown_parameters
from edgemail.http.routes import router
from edgemail.http.short_responses import ShortResponses
from edgemail.http.web_client import mount_web_client

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from starlette.types import ASGIApp

    from edgemail.http.models import ServerInfoModel
    from edgemail.http.prometheus import MetricsExporter
    from edgemail.mailbox.inbox import Inbox
    from edgemail.policy.chaos import Chaos
    from edgemail.settings import HttpSettings, Network


def create_api(
    inbox: Inbox,
    info: ServerInfoModel,
    settings: HttpSettings,
    hostname: str,
    exporter: MetricsExporter | None = None,
    chaos: Chaos | None = None,
    refuse: Callable[[str], None] = lambda _: None,
    trusted: Sequence[Network] = (),
) -> ASGIApp:
    """Create the ASGI application: the API, its documentation, the web client.

    With `exporter` it also serves /metrics. With `chaos` every user of the API may change the
    chaos rules. `hostname` is a Host that is served besides the domains in `info`.
    `refuse` is called with the reason for each reader that is refused; no limit
    of a source holds for peers in `trusted`.
    """
    api = FastAPI(
        title="edgemail",
        version=info.version,
        description="Read the mail of any address of a disposable e-mail server.",
        docs_url=None,
        redoc_url=None,
        servers=[{"url": settings.base_path}] if settings.base_path else None,
    )
    api.state.inbox = inbox
    api.state.info = info
    api.state.chaos = chaos
    api.state.streams = StreamCaps(settings.max_streams_per_inbox, settings.max_streams_per_source, trusted, refuse)
    register_error_handlers(api)
    for own in (router, chaos_router):
        api.include_router(own, dependencies=[Depends(refuse_unknown_parameters)])
    if exporter is not None:
        api.router.routes.append(route_metrics(exporter))
    mount_web_client(api)
    limits = AnswerLimits(settings.max_answer_bytes, settings.max_waiting_reads, settings.min_read_rate_bytes)
    app: ASGIApp = Answers(ShortResponses(api), limits, refuse)
    if settings.allowed_origins:
        app = CORSMiddleware(
            app,
            allow_origins=settings.allowed_origins,
            allow_methods=["GET", "DELETE"] if chaos is None else ["GET", "PUT", "DELETE"],
            allow_headers=["Content-Type", "Last-Event-ID"],
        )
    hosts = {hostname.lower(), *settings.allowed_hosts, *(one.host.lower() for one in settings.listen)}
    app = Guard(app, frozenset(hosts), tuple(info.domains), frozenset(settings.allowed_origins))
    return BasePath(app, settings.base_path) if settings.base_path else app
