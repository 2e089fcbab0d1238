"""Refusals on purpose, changed while the program runs: for tests of whatever sends."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Self

from fastapi import APIRouter, Depends, Request
from fastapi.exceptions import RequestValidationError
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from starlette.exceptions import HTTPException

from edgemail.http import models
from edgemail.policy.chaos import Chaos
from edgemail.settings.address_patterns import read_pattern
from edgemail.settings.chaos_rules import EVERYONE, RULES_MAX, ChaosRule, Stage

_BODY_MAX_OCTETS = 128 * 2**10
_PROBLEM: dict[str, object] = {
    "description": "Problem (RFC 9457)",
    "content": {"application/problem+json": {"schema": models.ProblemModel.model_json_schema()}},
}


class ChaosRuleModel(BaseModel):
    """Refuse at a stage with a code, `percent` of the time, whom `glob` matches.

    That is the sender at `mail`, the recipient at `rcpt`, and any recipient at `data`. A code of 421 closes.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", from_attributes=True)

    stage: Stage
    code: int = Field(ge=400, le=599)
    percent: float = Field(default=100.0, gt=0, le=100, allow_inf_nan=False)
    glob: Annotated[str, AfterValidator(read_pattern)] = Field(
        default=EVERYONE, description="an address, or one with `*` and `?`; `<>` is the null sender"
    )


class ChaosRulesModel(BaseModel):
    """The rules in force. The first that refuses counts."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rules: list[ChaosRuleModel] = Field(max_length=RULES_MAX)

    @classmethod
    def of(cls, chaos: Chaos) -> Self:
        """Make it from the program's own value."""
        return cls(rules=[ChaosRuleModel.model_validate(one) for one in chaos.rules])


def _find(request: Request) -> Chaos:
    """Return the rules that the listener asks, if the API may change them."""
    chaos: Chaos | None = request.app.state.chaos
    if chaos is None:
        raise HTTPException(HTTPStatus.NOT_FOUND, "the setting chaos_api is off")
    return chaos


async def _read_rules(request: Request, _: Annotated[Chaos, Depends(_find)]) -> ChaosRulesModel:
    """Read the body by ourselves, as FastAPI would take any amount of it into memory."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > _BODY_MAX_OCTETS:
            raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "the rules are too long")
    try:
        return ChaosRulesModel.model_validate_json(body)
    except ValidationError as error:
        raise RequestValidationError([one | {"loc": ("body", *one["loc"])} for one in error.errors()]) from None


router = APIRouter(
    prefix="/api/chaos", tags=["chaos"], responses=dict.fromkeys((403, 404, 413, 421, 422), _PROBLEM)
)
_Chaos = Annotated[Chaos, Depends(_find)]


@router.get("")
async def list_rules(chaos: _Chaos) -> ChaosRulesModel:
    """List what is refused on purpose. Only with the setting `chaos_api`."""
    return ChaosRulesModel.of(chaos)


@router.put(
    "",
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ChaosRulesModel"}}},
        }
    },
)
async def put_rules(chaos: _Chaos, rules: Annotated[ChaosRulesModel, Depends(_read_rules)]) -> ChaosRulesModel:
    """Put these rules in place of those in force, from the next command on."""
    chaos.change(ChaosRule(one.stage, one.code, one.percent, one.glob) for one in rules.rules)
    return ChaosRulesModel.of(chaos)


@router.delete("", status_code=204)
async def drop_rules(chaos: _Chaos) -> None:
    """Refuse nothing on purpose any more."""
    chaos.change(())
