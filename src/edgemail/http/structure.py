"""The routes that list the parts of a message."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request, Response

from edgemail.http import large_responses, models
from edgemail.http.error_handlers import BUSY, PROBLEM
from edgemail.http.locked_inboxes import open_inbox
from edgemail.http.query_parameters import StrictRoute
from edgemail.http.routes import AddressPath, IdPath  # noqa: TC001 - FastAPI reads annotations
from edgemail.mailbox.attached import DEPTH_MAX
from edgemail.mime.part_list import list_parts
from edgemail.model import MailId

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edgemail.mailbox.inbox import Inbox

_NOT_FOUND: dict[int | str, dict[str, Any]] = {404: PROBLEM}

router = APIRouter(route_class=StrictRoute, responses=BUSY | dict.fromkeys((400, 401, 403, 405, 421, 422), PROBLEM))


@router.get(
    "/api/inboxes/{address:address}/messages/{id:segment}/structure",
    tags=["inbox"],
    response_model=models.StructureModel,
    responses=_NOT_FOUND,
)
async def read_structure_of_inbox(
    request: Request,
    address: AddressPath,
    id: IdPath,  # noqa: A002 - its public name
) -> Response:
    """List the parts of an inbox's message."""
    return await _read_structure(request, id, open_inbox(request, address))


@router.get(
    "/api/messages/{id}/structure", tags=["message"], response_model=models.StructureModel, responses=_NOT_FOUND
)
async def read_structure(request: Request, id: IdPath) -> Response:  # noqa: A002 - its public name
    """List the parts of a message."""
    return await _read_structure(request, id, None)


async def _read_structure(request: Request, id_: int, address: str | None) -> Response:
    inbox: Inbox = request.app.state.inbox
    _, content = await inbox.derive(MailId(id_), _write_structure, inbox=address)
    return await large_responses.build_response(content.read_pieces(), content.size, "application/json", {})


def _write_structure(data: bytes) -> tuple[None, Sequence[bytes]]:
    found = models.StructureModel.model_validate(list_parts(data, DEPTH_MAX))
    return None, (found.model_dump_json(by_alias=True).encode(),)
