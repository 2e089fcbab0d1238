"""Puts the HTTP application together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware

from edgemail.http.chaos import router as chaos_router
from edgemail.http.guard import Guard
from edgemail.http.metrics import route_metrics
from edgemail.http.page import mount_site
from edgemail.http.problems import register_problems
from edgemail.http.routes import router

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from edgemail.http.metrics import Exposition
    from edgemail.http.models import ServerInfoModel
    from edgemail.mailbox.inbox import Inbox
    from edgemail.policy.chaos import Chaos
    from edgemail.settings import HttpSettings


def create_api(
    inbox: Inbox,
    info: ServerInfoModel,
    settings: HttpSettings,
    hostname: str,
    exposition: Exposition | None = None,
    chaos: Chaos | None = None,
) -> ASGIApp:
    """Make the application that answers HTTP: the API, its documentation, the page, and the metrics if given.

    `chaos` is given where everyone who may use the API may change it.
    """
    api = FastAPI(
        title="edgemail",
        version=info.version,
        description="Read what came to any address of a disposable e-mail server.",
        docs_url=None,
        redoc_url=None,
    )
    api.state.inbox = inbox
    api.state.info = info
    api.state.chaos = chaos
    register_problems(api)
    api.include_router(router)
    api.include_router(chaos_router)
    if exposition is not None:
        api.router.routes.append(route_metrics(exposition))
    mount_site(api)
    app: ASGIApp = api
    if settings.allowed_origins:
        app = CORSMiddleware(
            app,
            allow_origins=settings.allowed_origins,
            allow_methods=["GET", "DELETE"] if chaos is None else ["GET", "PUT", "DELETE"],
            allow_headers=["Content-Type", "Last-Event-ID"],
        )
    hosts = {hostname.lower(), *settings.allowed_hosts}
    if settings.listen is not None:
        hosts.add(settings.listen.host.lower())
    return Guard(app, frozenset(hosts), tuple(info.domains), frozenset(settings.allowed_origins))
