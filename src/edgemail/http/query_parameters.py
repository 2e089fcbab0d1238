"""Refuses query parameters that a route does not have: a misspelled one would be ignored."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator

    from fastapi import Request, Response
    from fastapi.dependencies.models import Dependant


class StrictRoute(APIRoute):
    """A route of our own API: it answers 422 if the query has a parameter that it does not read."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler of the route, behind the check. A dependency would cost much more."""
        handle = super().get_route_handler()
        known = {field.alias for part in _parts_of(self.dependant) for field in part.query_params}

        async def handle_known(request: Request) -> Response:
            if request.scope["query_string"]:
                _refuse_unknown(request, known)
            return await handle(request)

        return handle_known


def _refuse_unknown(request: Request, known: set[str]) -> None:
    unknown = [name for name in request.query_params if name not in known]
    if unknown:
        takes = f"only {', '.join(sorted(known))}" if known else "none"
        raise RequestValidationError(
            [{"loc": ("query", name), "msg": f"is not a parameter here; there is {takes}"} for name in unknown]
        )


def _parts_of(dependant: Dependant) -> Iterator[Dependant]:
    """Yield what a route depends on, itself first."""
    yield dependant
    for part in dependant.dependencies:
        yield from _parts_of(part)
