"""The API for chaos rules: deliberate SMTP refusals, to test programs that send mail."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Self

from fastapi import APIRouter, Depends, Query, Request
from fastapi.exceptions import RequestValidationError
from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException

from edgemail.http.json_body import describe_body, read_json
from edgemail.http.problems import BUSY, PROBLEM
from edgemail.http.query_parameters import StrictRoute
from edgemail.policy.chaos import Chaos
from edgemail.settings.address_patterns import read_pattern
from edgemail.settings.chaos_rules import EVERYONE, RULES_MAX, TIMES_MAX, ChaosRule, Stage

_BODY_MAX_OCTETS = 128 * 2**10


class ChaosRuleModel(BaseModel):
    """Refuse a matching address at a stage with a code, `percent` of the time.

    `glob` is matched with the peer's IP address at `connect`, the name of a login at `auth`, the sender at
    `mail`, the recipient at `rcpt`, and every recipient at `data`. Code 421 also closes the connection, as
    does any code at `connect`, which stands in place of the greeting. A rule with a number of `times`
    refuses as often as that, and is gone then; of the rules in force it is how often they still will.
    """

    __qualname__ = "Rule"  # the schema's name in the OpenAPI document
    model_config = ConfigDict(frozen=True, extra="forbid", from_attributes=True, title="Rule")

    stage: Stage
    code: int = Field(ge=400, le=599)
    percent: float = Field(default=100.0, gt=0, le=100, allow_inf_nan=False)
    times: int | None = Field(default=None, ge=1, le=TIMES_MAX)
    glob: Annotated[str, AfterValidator(read_pattern)] = Field(
        default=EVERYONE, description="an address, or one with `*` and `?`; `<>` is the null sender"
    )


class ChaosRulesModel(BaseModel):
    """The rules in force. The first rule that refuses decides the reply."""

    __qualname__ = "Rules"
    model_config = ConfigDict(frozen=True, extra="forbid", title="Rules")

    rules: list[ChaosRuleModel] = Field(max_length=RULES_MAX)

    def read(self) -> list[ChaosRule]:
        """Return them as the policy knows them."""
        return [ChaosRule(rule.stage, rule.code, rule.percent, rule.glob, rule.times) for rule in self.rules]

    @classmethod
    def of(cls, chaos: Chaos) -> Self:
        """Convert the rules of `chaos`."""
        return cls(rules=[ChaosRuleModel.model_validate(rule) for rule in chaos.rules])


def _find(request: Request) -> Chaos:
    """Return the listener's rules; answer 404 if the API may not change them."""
    chaos: Chaos | None = request.app.state.chaos
    if chaos is None:
        raise HTTPException(HTTPStatus.NOT_FOUND, "the setting chaos_api is off")
    return chaos


async def _read_rules(request: Request, _: Annotated[Chaos, Depends(_find)]) -> ChaosRulesModel:
    return await read_json(request, ChaosRulesModel, _BODY_MAX_OCTETS)


router = APIRouter(
    prefix="/api/chaos",
    tags=["chaos"],
    route_class=StrictRoute,
    responses=BUSY | dict.fromkeys((400, 401, 403, 404, 413, 421, 422), PROBLEM),
)
_Chaos = Annotated[Chaos, Depends(_find)]
_Globs = Annotated[
    list[Annotated[str, AfterValidator(read_pattern)]] | None,
    Query(description="globs as the rules have them", max_length=RULES_MAX),
]


@router.get("")
async def list_rules(chaos: _Chaos) -> ChaosRulesModel:
    """List the chaos rules. Needs the setting `chaos_api`."""
    return ChaosRulesModel.of(chaos)


@router.put("", openapi_extra=describe_body({"$ref": "#/components/schemas/Rules"}))
async def put_rules(chaos: _Chaos, rules: Annotated[ChaosRulesModel, Depends(_read_rules)]) -> ChaosRulesModel:
    """Replace all chaos rules, from the next SMTP command on."""
    chaos.change(rules.read())
    return ChaosRulesModel.of(chaos)


@router.post("", openapi_extra=describe_body({"$ref": "#/components/schemas/Rules"}))
async def add_rules(chaos: _Chaos, rules: Annotated[ChaosRulesModel, Depends(_read_rules)]) -> ChaosRulesModel:
    """Add chaos rules before those in force, from the next SMTP command on."""
    changed = [*rules.read(), *chaos.rules]
    if len(changed) > RULES_MAX:
        raise RequestValidationError([{"loc": ("body", "rules"), "msg": f"would be more than {RULES_MAX}"}])
    chaos.change(changed)
    return ChaosRulesModel.of(chaos)


@router.delete("", status_code=204)
async def drop_rules(chaos: _Chaos, glob: _Globs = None) -> None:
    """Delete the chaos rules that have one of these globs. Without a glob, delete all."""
    chaos.change(() if glob is None else [rule for rule in chaos.rules if rule.glob not in glob])
