"""What a driver tells a session besides the octets that come."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edgemail.smtp.outputs import Reply


@dataclass(frozen=True, slots=True)
class Settled:
    """The message of the last `Deliver` is stored or not: the peer gets the `verdict`."""

    verdict: Reply


@dataclass(frozen=True, slots=True)
class LoginChecked:
    """The login of the last `CheckLogin` was compared: the peer gets the `verdict`.

    235 lets it in (`replies.LOGIN_RIGHT`). Anything else does not: 535 where it was wrong
    (`replies.LOGIN_WRONG`), 454 where nobody knows.
    """

    verdict: Reply


@dataclass(frozen=True, slots=True)
class Secured:
    """The connection is secure: by STARTTLS, or from its beginning (then before anything else).

    What was said before is forgotten (RFC 3207 section 4.2).
    """


@dataclass(frozen=True, slots=True)
class Ended:
    """The connection must end, with this reply: a deadline has passed, or the server stops."""

    reply: Reply


@dataclass(frozen=True, slots=True)
class Lost:
    """The peer is gone: nothing can be sent any more. An open message is dropped."""


Event = Settled | LoginChecked | Secured | Ended | Lost
