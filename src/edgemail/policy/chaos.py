"""Refusals on purpose, for testing how a sender handles them."""

from __future__ import annotations

import logging
import random
from dataclasses import replace
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Final

from edgemail.policy import replies
from edgemail.settings.address_patterns import NULL, Patterns
from edgemail.settings.chaos_rules import EVERYONE, RULES_MAX
from edgemail.smtp import Reply

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from edgemail.model import Address
    from edgemail.settings.chaos_rules import ChaosRule, Stage

_log = logging.getLogger(__name__)

_REFUSED: Final[dict[Stage, str]] = {
    "connect": "connection",
    "auth": "login",
    "mail": "sender",
    "rcpt": "recipient",
    "data": "message",
}


class Chaos:
    """The chaos rules in force, which the settings and the API change."""

    def __init__(self, draw: Callable[[], float] = random.random) -> None:
        """`draw` returns a random number from 0 (included) to 1 (excluded)."""
        self.rules: tuple[ChaosRule, ...] = ()
        """A rule with a number of `times` has as many as are left."""
        self._draw = draw

    def change(self, rules: Iterable[ChaosRule]) -> None:
        """Put other rules in force, and log that mail is refused on purpose."""
        before, self.rules = self.rules, tuple(rules)
        if self.rules:
            _log.warning("chaos is on, mail is refused on purpose: %s", ", ".join(map(str, self.rules)))
        elif before:
            _log.warning("chaos is off")

    def choose(self, stage: Stage, names: Iterable[str]) -> ChaosRule | None:
        """Return the first rule that refuses, and take one of its times.

        `names` are in lower case, as `Address.inbox` is.
        """
        for at, rule in enumerate(self.rules):
            if rule.stage == stage and _matches(rule.glob, names) and self._draw() * 100 < rule.percent:
                if rule.times is not None:
                    self._spend(at, rule, rule.times)
                return rule
        return None

    def _spend(self, at: int, rule: ChaosRule, times: int) -> None:
        """Let a rule refuse once less; where that was the last time, it is in force no more."""
        left = (replace(rule, times=times - 1),) if times > 1 else ()
        self.rules = (*self.rules[:at], *left, *self.rules[at + 1 :])
        if not self.rules:
            _log.warning("chaos is off: every rule has refused as often as it should")

    def judge_connection(self, host: str) -> Reply | None:
        """Judge a peer's IP address, before the greeting."""
        return self._refuse("connect", (host,)) if self.rules else None

    def judge_login(self, name: str) -> Reply | None:
        """See `Gate.judge_login`."""
        return self._refuse("auth", (name.lower(),)) if self.rules else None

    def judge_sender(self, sender: Address | None) -> Reply | None:
        """See `Gate.judge_sender`."""
        return self._refuse("mail", (NULL if sender is None else sender.inbox,)) if self.rules else None

    def judge_recipient(self, sender: Address | None, inbox: str) -> Reply | None:  # noqa: ARG002 - a gate's signature
        """See `Gate.judge_recipient`."""
        return self._refuse("rcpt", (inbox,)) if self.rules else None

    def judge_message(self, sender: Address | None, inboxes: Iterable[str]) -> Reply | None:  # noqa: ARG002 - see above
        """See `Gate.judge_message`."""
        return self._refuse("data", inboxes) if self.rules else None

    def _refuse(self, stage: Stage, names: Iterable[str]) -> Reply | None:
        rule = self.choose(stage, names)
        return None if rule is None else _write(rule.code, stage)


def _matches(glob: str, names: Iterable[str]) -> bool:
    return glob == EVERYONE or any(map(_compile(glob).match, names))


@lru_cache(2 * RULES_MAX)
def _compile(glob: str) -> Patterns:
    return Patterns([glob])


@cache
def _write(code: int, stage: Stage) -> Reply:
    """Make the refusal with a code; cached, as there are at most 200 codes and five stages."""
    line = f"{code // 100}.0.0 Chaos: refused on purpose"
    return Reply.of(code, line, reason=replies.CHAOS.reason, about=_REFUSED[stage])
