"""Reads the arguments of `sendmail`, which are older than every convention for flags."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

_WITH_VALUE: Final = frozenset("BCDFLNORSVXfhpr")
"""Flags whose value stands in the same argument or, where that has no more, in the next one."""
_WITH_VALUE_AT_ONCE: Final = frozenset("AMQdeo")
"""Flags whose value, if there is one, stands in the same argument."""
_ALONE: Final = frozenset("EGUimnstvwx78")
_REFUSED: Final = {
    "bs": "no SMTP is spoken on the standard input; set the program to use `sendmail -t -i`, or SMTP itself",
    "bd": "no daemon is started; run `edgemail serve`",
    "bD": "no daemon is started; run `edgemail serve`",
    "bh": "there is no host status",
    "bH": "there is no host status",
    "bi": "there are no aliases",
    "bp": "there is no queue: mail is taken at once or not at all",
    "bt": "there are no rules to test",
    "bv": "addresses cannot be verified",
    "I": "there are no aliases",
    "q": "there is no queue: mail is taken at once or not at all",
}
_LONG: Final = {"--smtp": "S", "--smtp-addr": "S", "--from": "f"}


class BadArguments(Exception):  # noqa: N818 - a usage error, with a text for who called
    """The arguments cannot be followed. The text says which, and why."""


@dataclass(slots=True)
class SendmailArguments:
    """The flags and recipients of a call. Flags that change nothing here are read and forgotten."""

    recipients: list[str]
    sender: str | None = None
    """None if it was not given; ``""`` or ``<>`` for the null reverse-path."""
    sender_name: str = ""
    smtp: str = ""
    reads_recipients: bool = False
    """True if the recipients are those of To, Cc and Bcc as well."""
    ends_at_dot: bool = True
    """True if a line with a dot alone ends the message."""
    asks_for_help: bool = False


def read_arguments(arguments: Sequence[str]) -> SendmailArguments:
    """Read the arguments after the program's name.

    Raises:
        BadArguments: there is a flag that has no value, or that asks for what cannot be done.
    """
    asked = SendmailArguments([])
    left = list(reversed(arguments))
    while left:
        argument = left.pop()
        if argument == "--":
            asked.recipients += reversed(left)
            break
        if argument == "--help":
            asked.asks_for_help = True
        elif argument.startswith("--"):
            name, equals, value = argument.partition("=")
            if name not in _LONG:
                raise BadArguments(f"there is no flag {name}; `edgemail sendmail --help` lists them")
            _follow(asked, _LONG[name], value if equals else _take_value(name, left))
        elif argument.startswith("-") and argument != "-":
            _read_flags(asked, argument, left)
        else:
            asked.recipients.append(argument)
    return asked


def _read_flags(asked: SendmailArguments, argument: str, left: list[str]) -> None:
    """Read one argument with flags of one letter, such as ``-t``, ``-ti``, ``-oi`` or ``-fann@a.org``."""
    if argument[1] in "bq" or argument == "-I":
        reason = _REFUSED.get(argument[1:3]) or _REFUSED.get(argument[1])
        if reason:
            raise BadArguments(f"{argument}: {reason}")
        return  # -bm, which is the default
    letters = argument[1:]
    while letters:
        flag, letters = letters[0], letters[1:]
        if flag in _WITH_VALUE:
            if flag == "h" and not letters and not left:  # else it is a number of hops
                asked.asks_for_help = True
                return
            _follow(asked, flag, letters or _take_value(f"-{flag}", left))
            return
        if flag in _WITH_VALUE_AT_ONCE:
            _follow(asked, flag, letters)
            return
        if flag not in _ALONE:
            raise BadArguments(f"{argument}: there is no flag -{flag}; `edgemail sendmail --help` lists them")
        _follow(asked, flag, "")


def _take_value(flag: str, left: list[str]) -> str:
    if not left:
        raise BadArguments(f"{flag} has no value")
    return left.pop()


def _follow(asked: SendmailArguments, flag: str, value: str) -> None:
    match flag:
        case "t":
            asked.reads_recipients = True
        case "i":
            asked.ends_at_dot = False
        case "o":  # old options: only -oi matters, others as -oem and -odi say what is done in any case
            asked.ends_at_dot = asked.ends_at_dot and value != "i"
        case "O":
            asked.ends_at_dot = asked.ends_at_dot and not value.lower().startswith("ignoredots")
        case "f" | "r":
            asked.sender = value
        case "F":
            asked.sender_name = value
        case "S":
            asked.smtp = value
