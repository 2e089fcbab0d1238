"""Questions to a DNS server, and its answers as plain values."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import dns.asyncresolver
import dns.exception
import dns.name
import dns.rcode
import dns.rdatatype
import dns.resolver
import dns.reversename

from edgemail.errors import EdgemailError

if TYPE_CHECKING:
    from edgemail.model import Endpoint

_RESEND_S: Final = 1.5
_MAX_RECORDS: Final = 16
"""Of one name and type; a zone that has more is not helped by a longer list."""


class DnsTrouble(EdgemailError):  # noqa: N818 - what happened, as in edgemail.errors
    """No answer, or none that can be used; the text says which."""


@dataclass(frozen=True, slots=True, order=True)
class Exchange:
    """An MX record. The host of a null MX (RFC 7505) is empty."""

    preference: int
    host: str


@dataclass(frozen=True, slots=True)
class Property:
    """A CAA record (RFC 8659)."""

    tag: str
    value: str


class Names:
    """Asks one DNS server, or the ones that this machine asks."""

    def __init__(self, server: Endpoint | None, timeout_s: float) -> None:
        """Prepare; `timeout_s` bounds each question.

        Raises:
            DnsTrouble: this machine is configured with no DNS server.
        """
        try:
            self._resolver = dns.asyncresolver.Resolver(configure=server is None)
        except dns.resolver.NoResolverConfiguration as error:
            raise DnsTrouble("this machine has no DNS server configured; name one with --dns") from error
        if server is not None:
            self._resolver.nameservers = [server.host]
            self._resolver.port = server.port
        self._resolver.lifetime = timeout_s
        self._resolver.timeout = min(_RESEND_S, timeout_s)

    async def find_exchanges(self, name: str) -> list[Exchange]:
        """Return a name's MX records, the most wanted first."""
        return sorted(Exchange(one.preference, _write(one.exchange)) for one in await self._ask(name, "MX"))

    async def find_texts(self, name: str) -> list[str]:
        """Return a name's TXT records, each joined from its strings."""
        return [b"".join(one.strings).decode("utf-8", "backslashreplace") for one in await self._ask(name, "TXT")]

    async def find_addresses(self, name: str) -> list[str]:
        """Return a name's addresses, IPv4 first."""
        return [one.address for kind in ("A", "AAAA") for one in await self._ask(name, kind)]

    async def find_alias(self, name: str) -> list[str]:
        """Return what a name is an alias of, if it is one."""
        return [_write(one.target) for one in await self._ask(name, "CNAME")]

    async def find_pointers(self, address: str) -> list[str]:
        """Return the names that an address has."""
        reverse = dns.reversename.from_address(address).to_text(omit_final_dot=True)
        return [_write(one.target) for one in await self._ask(reverse, "PTR")]

    async def find_properties(self, name: str) -> list[Property]:
        """Return the CAA records that hold for a name: its own, or its nearest parent's (RFC 8659 section 3)."""
        while name:
            found = await self._ask(name, "CAA")
            if found:
                return [Property(one.tag.decode().lower(), one.value.decode("latin-1")) for one in found]
            name = name.partition(".")[2]
        return []

    async def _ask(self, name: str, kind: str) -> list[Any]:
        """Return a name's records of one type; none where the name is not there.

        Raises:
            DnsTrouble: the server did not answer, or could not.
        """
        try:
            answer = await self._resolver.resolve(
                dns.name.from_text(name), dns.rdatatype.from_text(kind), raise_on_no_answer=False, search=False
            )
        except dns.resolver.NXDOMAIN:
            return []
        except dns.exception.Timeout as error:
            raise DnsTrouble(f"no DNS server answered in time when asked for {name} {kind}") from error
        except dns.resolver.NoNameservers as error:
            codes = {dns.rcode.to_text(one[4].rcode()) for one in error.kwargs.get("errors", ()) if one[4]}
            said = ", ".join(sorted(codes)) or "nothing that can be read"
            raise DnsTrouble(f"asked for {name} {kind}, the DNS server says {said}") from error
        except (dns.exception.DNSException, OSError, EOFError) as error:
            raise DnsTrouble(f"asking for {name} {kind} failed: {type(error).__name__}") from error
        return list(answer.rrset or ())[:_MAX_RECORDS]


def is_public(address: str) -> bool:
    """Tell whether an address is one that the whole Internet may reach."""
    return ipaddress.ip_address(address).is_global


def _write(name: dns.name.Name) -> str:
    return name.to_text(omit_final_dot=True).lower() if name != dns.name.root else ""
