"""Which addresses the tools may use, and new ones that nobody guesses."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from typing import Final

from edgemail.errors import AddressError
from edgemail.http.mcp.faults import ToolFault
from edgemail.mailbox.fresh_address import ANY_DOMAIN, make_local_part
from edgemail.model import Address
from edgemail.policy.inbox_lock import make_lock
from edgemail.settings.address_patterns import Patterns

_LETTERS: Final = "abcdefghijkmnpqrstuvwxyz"
_SHOWN_MAX: Final = 80
_UNUSUAL: Final = re.compile(r"[^\x21-\x7e ]|\"")


@dataclass(frozen=True, slots=True)
class AgentAddresses:
    """The addresses of a server that its tools are bounded to. `globs` are as `read_pattern` returns them."""

    domains: tuple[str, ...]
    reserved: frozenset[str]
    globs: tuple[str, ...]
    is_public: bool

    @property
    def choices(self) -> tuple[str, ...]:
        """The domains of new addresses: those of the server and of the globs in which one can be made."""
        if not self.globs:
            return self.domains
        named = (glob.rpartition("@")[2].lower() for glob in self.globs)
        plain = (domain for domain in named if domain and "*" not in domain and "?" not in domain)
        return tuple(domain for domain in dict.fromkeys((*self.domains, *plain)) if self._can_make_in(domain))

    def check(self, text: str) -> Address:
        """Return an address that the tools may use.

        Raises:
            ToolFault: it is no address, or the tools may not use it.
        """
        try:
            address = Address.parse(text.strip())
        except AddressError:
            raise ToolFault(f'not an address: "{_show(text)}"') from None
        if self.domains and not any(_is_within(address.domain, domain) for domain in self.domains):
            raise ToolFault(f"this server takes mail for {_join(self.domains)} only")
        if address.local.lower() in self.reserved:
            raise ToolFault("mail to this name is for the operator alone; use new_address")
        if self.globs and not Patterns(self.globs).match(address.inbox):
            raise ToolFault(f"these tools see mail to {_join(self.globs)} only; use new_address")
        return address

    def _can_make_in(self, domain: str) -> bool:
        try:
            self.create(None, domain)
        except ToolFault:
            return False
        return True

    def create(self, label: str | None, domain: str | None, *, locked: bool = False) -> tuple[str, str | None]:
        """Return a new address that nobody guesses, and its key if it is locked.

        Raises:
            ToolFault: the server takes no mail for the domain, or the globs allow no such address. A glob that
                adds to the name allows no locked one, as the lock holds for the name that it was made for.
        """
        name, key = make_local_part(label or ""), None
        if locked:
            name, key = make_lock(name)
        if domain is not None and self.domains and not any(_is_within(domain.lower(), own) for own in self.domains):
            raise ToolFault(f"this server takes mail for {_join(self.domains)} only")
        refusal = ToolFault("these tools can make no address")
        elsewhere = ToolFault("these tools can make no address in this domain: leave `domain` out")
        domains = (domain.lower(),) if domain is not None else (*self.choices, ANY_DOMAIN)
        for made in (*(f"{name}@{domain}" for domain in domains), *(_fill(glob, name) for glob in self.globs)):
            if domain is not None and not made.endswith(f"@{domain.lower()}"):
                continue
            try:
                address = self.check(made)
            except ToolFault as fault:
                refusal = elsewhere if domain is not None and self.globs else fault
                continue
            if not locked or address.local == name:
                return address.inbox, key
            refusal = ToolFault("these tools can make no locked address: a glob of theirs adds to the name")
        raise refusal


def _fill(glob: str, name: str) -> str:
    """Put a name in place of the first ``*`` of a glob, and what is needed in place of the rest."""
    first, star, rest = glob.partition("*")
    filled = f"{first}{name if star else ''}{rest.replace('*', '')}"
    return "".join(secrets.choice(_LETTERS) if character == "?" else character for character in filled)


def _is_within(name: str, domain: str) -> bool:
    return name == domain or name.endswith(f".{domain}")


def _join(names: tuple[str, ...]) -> str:
    *others, last = names[:5]
    return f"{', '.join(others)} and {last}" if others else last


def _show(text: str) -> str:
    """Return what a caller wrote, as short plain ASCII."""
    shown = _UNUSUAL.sub("?", text)
    return shown if len(shown) <= _SHOWN_MAX else f"{shown[:_SHOWN_MAX]}…"
