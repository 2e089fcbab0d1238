"""Refuses query parameters that a route does not have: a misspelled one would be ignored."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import Request  # noqa: TC002 - FastAPI reads the annotations
from fastapi.exceptions import RequestValidationError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fastapi.dependencies.models import Dependant


async def refuse_unknown_parameters(request: Request) -> None:
    """Answer 422 if the query has a parameter that the route does not read. For routes of our own API.

    Raises:
        RequestValidationError: there is such a parameter.
    """
    if not request.url.query:
        return
    known = {field.alias for part in _parts_of(request.scope["route"].dependant) for field in part.query_params}
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
