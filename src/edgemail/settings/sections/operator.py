"""Defines the settings of the operator's own mail."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from edgemail.settings.definition import ComputedDefault, setting
from edgemail.settings.kinds import LOCAL_PART, NONE, PATH, many, unset
from edgemail.settings.sections.store import StoreSettings

if TYPE_CHECKING:
    from edgemail.settings.sections.access import Mode

RESERVED: Final = (
    "admin",
    "administrator",
    "webmaster",
    "hostmaster",
    "postmaster",
    "abuse",
    "noc",
    "security",
    "root",
    "ssladmin",
    "mailer-daemon",
)
"""Names to which certificate authorities mail their proofs of control, and which RFC 2142 gives the operator."""


def reserved_by_mode(mode: Mode) -> tuple[str, ...]:
    """Return the names whose mail is for the operator, if the server takes mail from the Internet."""
    return RESERVED if mode == "public" else ()


def maildir_beside_db(db: str) -> str | None:
    """Return the path of a Maildir beside the database, or `None` if the database is not a file."""
    file = StoreSettings(db=db).file
    return None if file is None else f"{file}.operator"


@dataclass(frozen=True, slots=True)
class OperatorSettings:
    """Whose mail is the operator's alone, and where it goes. `reserved` are local parts in lower case."""

    reserved: tuple[str, ...] = setting(
        many(LOCAL_PART, empty=NONE),
        ComputedDefault(reserved_by_mode, "admin, postmaster and the like in public mode, none in dev mode"),
        "Keep mail for this name, at any domain, for the operator alone. `none` reserves no name.",
        everyday=True,
    )
    maildir: str | None = setting(
        unset(PATH),
        ComputedDefault(maildir_beside_db, "beside the database, its name with `.operator`"),
        "Keep the operator's mail in this Maildir.",
        name="operator_maildir",
        everyday=True,
    )
