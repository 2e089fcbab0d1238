"""Serves the web client's static files from the package."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import PlainTextResponse
from starlette.staticfiles import StaticFiles

if TYPE_CHECKING:
    from fastapi import FastAPI
    from starlette.responses import Response
    from starlette.types import Scope

# The page has its policy in a <meta> too. frame-ancestors, for one, works in a header only.
_PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob: https:; "
    "connect-src 'self'; worker-src 'self'; manifest-src 'self'; frame-src 'none'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; "
    "trusted-types dompurify edgemail-frame"
)
_DOCS_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_NOT_BUILT = "The page is not built: run `make client` (it needs Node.js 20 or later). The API is at /api.\n"


def mount_web_client(api: FastAPI) -> None:
    """Serve the web client at `/` and the API's documentation at `/docs`."""
    folder = Path(str(files("edgemail"))) / "client"
    if (folder / "index.html").is_file():
        api.mount("/", GZipMiddleware(_ClientFiles(directory=folder, html=True)))
        return

    @api.get("/", include_in_schema=False)
    async def say_not_built() -> PlainTextResponse:
        return PlainTextResponse(_NOT_BUILT, status_code=503)


class _ClientFiles(StaticFiles):
    """Static files with a Content-Security-Policy and Cache-Control."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        is_docs = path == "docs" or path.startswith("docs/")
        response.headers["content-security-policy"] = _DOCS_POLICY if is_docs else _PAGE_POLICY
        is_hashed = path.startswith("assets/")
        response.headers["cache-control"] = "public, max-age=31536000, immutable" if is_hashed else "no-cache"
        return response
