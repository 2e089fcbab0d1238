"""The static page, served from the package."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from fastapi.responses import PlainTextResponse
from starlette.middleware.gzip import GZipMiddleware
from starlette.staticfiles import StaticFiles

if TYPE_CHECKING:
    from fastapi import FastAPI
    from starlette.responses import Response
    from starlette.types import Scope

# The page's own policy stands in it as a <meta>; here are the parts that only a header can say, and it again.
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


def mount_site(api: FastAPI) -> None:
    """Serve the page at `/` and the API's documentation at `/docs`."""
    folder = Path(str(files("edgemail"))) / "client"
    if (folder / "index.html").is_file():
        api.mount("/", GZipMiddleware(_Site(directory=folder, html=True)))
        return

    @api.get("/", include_in_schema=False)
    async def say_not_built() -> PlainTextResponse:
        return PlainTextResponse(_NOT_BUILT, status_code=503)


class _Site(StaticFiles):
    """Static files under the policies that they need."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        is_docs = path == "docs" or path.startswith("docs/")
        response.headers["content-security-policy"] = _DOCS_POLICY if is_docs else _PAGE_POLICY
        is_hashed = path.startswith("assets/")
        response.headers["cache-control"] = "public, max-age=31536000, immutable" if is_hashed else "no-cache"
        return response
