"""Lets the server refuse mail on purpose, to test how the program under test takes that."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal
from urllib.parse import urlencode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from edgemail.testing.server import Server

_STAGES: Final = ("connect", "auth", "mail", "rcpt", "data")
_OF_RECIPIENTS: Final = ("rcpt", "data")


class MailChaos:
    """The refusals that a test has asked for. `restore` takes them back."""

    def __init__(self, server: Server, find_addresses: Callable[[], Iterable[str]]) -> None:
        """`find_addresses` returns globs of the test's own addresses."""
        self._server = server
        self._find_addresses = find_addresses
        self._globs: list[str] = []

    def refuse(
        self,
        stage: Literal["connect", "auth", "mail", "rcpt", "data"] = "rcpt",
        code: int = 451,
        times: int | None = None,
        percent: float = 100,
        to: str | None = None,
    ) -> None:
        """Refuse with a code at a stage, so many times, in so many percent of the cases.

        `to` is whom, with `*` and `?`: a recipient at `rcpt` and `data`, the sender at `mail`, the name of
        a login at `auth`, the peer's IP address at `connect`. It is this test's addresses unless it is given.

        Raises:
            ValueError: there is no such stage; or it is not about recipients, and `to` is not given.
            MailError: the server refuses: a value is wrong, or its setting chaos_api is off.
        """
        if stage not in _STAGES:
            raise ValueError(f'"{stage}" is not a stage; write one of {", ".join(_STAGES)}')
        if to is None and stage not in _OF_RECIPIENTS:
            raise ValueError(f'at the stage "{stage}" nobody knows the recipient yet: say whom to refuse with to=')
        globs = list(self._find_addresses()) if to is None else [to]
        rule = {"stage": stage, "code": code, "percent": percent, "times": times}
        self._server.api.ask("POST", "api/chaos", {"rules": [rule | {"glob": glob} for glob in globs]})
        self._globs += globs

    def restore(self) -> None:
        """Take back all refusals of this test."""
        if self._globs:
            globs, self._globs = self._globs, []
            self._server.api.ask("DELETE", f"api/chaos?{urlencode({'glob': globs}, doseq=True)}")
