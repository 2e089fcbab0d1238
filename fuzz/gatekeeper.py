"""A gate that refuses at random, but the same commands each time."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING
from zlib import crc32

from edgemail.smtp import Reply

if TYPE_CHECKING:
    from collections.abc import Iterable

    from edgemail.model import Address
    from edgemail.smtp import Login

LATER = Reply.of(450, "4.7.1 Not now", reason="later")
NEVER = Reply.of(550, "5.7.1 Not here", reason="never")
GO_AWAY = Reply.of(421, "4.7.0 Go away", reason="go_away")
REFUSALS = frozenset({LATER, NEVER, GO_AWAY})
_ANSWERS = (None, None, None, None, None, LATER, NEVER, GO_AWAY)


def is_right(login: Login) -> bool:
    """Return True for the one name and password that are right, also as the answer to a challenge."""
    if not login.challenge:
        return (login.name, login.secret) == ("a", b"b")
    return (login.name, login.secret) == ("a", hmac.digest(b"b", login.challenge, "md5").hex().encode())


class Gatekeeper:
    """Judges by a hash of the argument, so that its answers do not depend on cuts."""

    def judge_login(self, name: str) -> Reply | None:
        """See `Gate.judge_login`."""
        return _choose(f"login {name}")

    def judge_sender(self, sender: Address | None) -> Reply | None:
        """See `Gate.judge_sender`."""
        return _choose(f"{sender}")

    def judge_size(self, size_octets: int) -> Reply | None:
        """See `Gate.judge_size`."""
        return _choose(f"{size_octets} octets")

    def spend_message(self) -> None:
        """See `Gate.spend_message`."""

    def judge_recipient(self, sender: Address | None, inbox: str) -> Reply | None:
        """See `Gate.judge_recipient`."""
        return _choose(f"{sender} {inbox}")

    def judge_message(self, sender: Address | None, inboxes: Iterable[str]) -> Reply | None:
        """See `Gate.judge_message`."""
        return _choose(f"{sender} {' '.join(inboxes)}.")


def _choose(judged: str) -> Reply | None:
    return _ANSWERS[crc32(judged.encode("utf-8", "surrogateescape")) % len(_ANSWERS)]
