"""Requests that schemathesis makes from the OpenAPI document: each response is one that it documents."""

from __future__ import annotations

import smtplib
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.core.result import Ok
from testkit.sample_mail import letter
from testkit.server_process import serving
from testkit.waiting import PATIENCE_S

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from schemathesis import APIOperation, Case

EXAMPLES: Final = {GenerationMode.POSITIVE: 20, GenerationMode.NEGATIVE: 8}
MAILS: Final = 6
ADDRESS: Final = "ann@example.org"
OPERATOR: Final = {"Authorization": "Bearer s3cret-of-the-operator"}
KNOWN: Final = {"address": st.just(ADDRESS), "id": st.integers(1, MAILS), "n": st.sampled_from(["0", "1", "1.0"])}
"""Values of paths that exist, as those that are made up never do."""

load_all_checks()
IS_DOCUMENTED: Final = CHECKS.get_by_names(
    [
        "not_a_server_error",
        "status_code_conformance",
        "content_type_conformance",
        "response_headers_conformance",
        "response_schema_conformance",
    ]
)


class Reader:
    """Asks a running program as one kind of reader; `statuses` are those of all responses."""

    def __init__(self, url: str, headers: dict[str, str]) -> None:
        self.url = url
        self.headers = headers
        self.statuses: set[int] = set()
        self._session = requests.Session()

    def exercise(self, *, of_all_mail: bool) -> set[str]:
        """Check the responses of the routes of all mail, or of all others; return them, such as `GET /healthz`."""
        with self._session:
            url = f"{self.url}/openapi.json"
            document = self._session.get(url, headers=OPERATOR, timeout=PATIENCE_S).json()
            results = list(schemathesis.openapi.from_dict(document).get_all_operations())
            found = [result.ok() for result in results if isinstance(result, Ok)]
            assert len(found) == len(results)
            found = [operation for operation in found if ("all mail" in (operation.tags or [])) == of_all_mail]
            found.sort(key=lambda operation: operation.method == "delete")  # there is mail until then
            for number, operation in enumerate(found):
                headers = self.headers | {"X-Forwarded-For": f"203.0.113.{number}"}
                for mode, examples in EXAMPLES.items():
                    if mode is GenerationMode.POSITIVE or any(operation.iter_parameters()) or operation.body:
                        self._exercise(operation, mode, examples, headers)
        return {operation.label for operation in found}

    def _exercise(
        self,
        operation: APIOperation[Any, Any, Any, Any],
        mode: GenerationMode,
        examples: int,
        headers: dict[str, str],
    ) -> None:
        @seed(1)
        @settings(
            max_examples=examples,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(mode), known=st.fixed_dictionaries({}, optional=KNOWN))
        def check(case: Case[Any], known: dict[str, object]) -> None:
            case.path_parameters.update({name: known[name] for name in known if name in case.path_parameters})
            if operation.path.endswith("/wait"):
                case.query["timeout"] = 0
            self._check(case, headers)

        check()

    def _check(self, case: Case[Any], headers: dict[str, str]) -> None:
        request = case.as_transport_kwargs(base_url=self.url, headers=headers)
        with self._session.request(**request, stream=True, timeout=PATIENCE_S) as response:
            if response.ok and case.path.endswith("/events"):  # it never ends
                assert response.headers["content-type"].startswith("text/event-stream")
            else:
                case.validate_response(response, checks=IS_DOCUMENTED)  # type: ignore[arg-type]
            self.statuses.add(response.status_code)


@contextmanager
def serving_mail(folder: Path, **environ: str) -> Iterator[str]:
    with serving(folder / "mail.db", EDGEMAIL_CHAOS_API="on", **environ) as process:
        with smtplib.SMTP(*process.smtp, timeout=PATIENCE_S) as client:
            for number in range(MAILS):
                client.sendmail("bob@sender.example", [ADDRESS], letter(f"Letter {number}"))
        yield process.url


def serving_public(folder: Path) -> AbstractContextManager[str]:
    passwords = folder / "passwords"
    passwords.write_text("root:s3cret-of-the-operator\n")
    passwords.chmod(0o600)
    return serving_mail(
        folder,
        EDGEMAIL_DOMAIN="example.org",
        EDGEMAIL_PASSWORD_FILE=str(passwords),
        EDGEMAIL_HTTP_TRUSTED_PROXIES="127.0.0.1",
        EDGEMAIL_MISS_RATE="8",
    )


@pytest.mark.slow
@pytest.mark.parametrize("of_all_mail", [False, True])
def test_all_is_documented_in_dev_mode(tmp_path: Path, *, of_all_mail: bool) -> None:
    with serving_mail(tmp_path) as url:
        reader = Reader(url, {})
        assert len(reader.exercise(of_all_mail=of_all_mail)) >= (10 if of_all_mail else 18)
    assert reader.statuses >= ({200, 422} if of_all_mail else {200, 204, 400, 404, 422})


@pytest.mark.parametrize("of_all_mail", [False, True])
def test_all_is_documented_for_a_stranger_in_public_mode(tmp_path: Path, *, of_all_mail: bool) -> None:
    """Also the refusal of the operator's routes, and of who asks too often."""
    with serving_public(tmp_path) as url:
        reader = Reader(url, {})
        reader.exercise(of_all_mail=of_all_mail)
    assert reader.statuses >= ({401, 429} if of_all_mail else {200, 204, 400, 401, 404, 422, 429})


@pytest.mark.slow
@pytest.mark.parametrize("of_all_mail", [False, True])
def test_all_is_documented_for_the_operator_in_public_mode(tmp_path: Path, *, of_all_mail: bool) -> None:
    with serving_public(tmp_path) as url:
        reader = Reader(url, OPERATOR)
        reader.exercise(of_all_mail=of_all_mail)
    assert reader.statuses >= ({200, 422} if of_all_mail else {200, 204, 400, 404, 422})
    assert not reader.statuses & {401, 429}
