"""A DNS client that returns plain values."""

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
"""The most records of one name and type that are returned."""


class DnsError(EdgemailError):
    """A DNS query got no answer, or an unusable one. The text says which."""


@dataclass(frozen=True, slots=True, order=True)
class MxRecord:
    """An MX record. A null MX (RFC 7505) has an empty host."""

    preference: int
    host: str


@dataclass(frozen=True, slots=True)
class CaaRecord:
    """A CAA record (RFC 8659)."""

    tag: str
    value: str


class DnsClient:
    """Queries one DNS server, or the servers that this machine is configured with."""

    def __init__(self, server: Endpoint | None, timeout_s: float) -> None:
        """Configure the resolver; `timeout_s` limits each query.

        Raises:
            DnsError: this machine has no DNS server configured.
        """
        try:
            self._resolver = dns.asyncresolver.Resolver(configure=server is None)
        except dns.resolver.NoResolverConfiguration as error:
            raise DnsError("this machine has no DNS server configured; name one with --dns") from error
        if server is not None:
            self._resolver.nameservers = [server.host]
            self._resolver.port = server.port
        self._resolver.lifetime = timeout_s
        self._resolver.timeout = min(_RESEND_S, timeout_s)
        self.has_answer = False
        """True once a server has answered anything, such as an error."""

    async def find_mx(self, name: str) -> list[MxRecord]:
        """Return the MX records of a name, lowest preference value first."""
        return sorted(
            MxRecord(record.preference, _write(record.exchange)) for record in await self._ask(name, "MX")
        )

    async def find_txt(self, name: str) -> list[str]:
        """Return the TXT records of a name, the strings of each joined."""
        return [
            b"".join(record.strings).decode("utf-8", "backslashreplace") for record in await self._ask(name, "TXT")
        ]

    async def find_addresses(self, name: str) -> list[str]:
        """Return the addresses of a name, IPv4 first."""
        return [record.address for kind in ("A", "AAAA") for record in await self._ask(name, kind)]

    async def find_cname(self, name: str) -> list[str]:
        """Return the CNAME target of a name, if it has one."""
        return [_write(record.target) for record in await self._ask(name, "CNAME")]

    async def find_ptr(self, address: str) -> list[str]:
        """Return the names of an address (PTR)."""
        reverse = dns.reversename.from_address(address).to_text(omit_final_dot=True)
        return [_write(record.target) for record in await self._ask(reverse, "PTR")]

    async def find_caa(self, name: str) -> list[CaaRecord]:
        """Return the CAA records of a name or of its nearest parent (RFC 8659 section 3)."""
        while name:
            found = await self._ask(name, "CAA")
            if found:
                return [CaaRecord(record.tag.decode().lower(), record.value.decode("latin-1")) for record in found]
            name = name.partition(".")[2]
        return []

    async def _ask(self, name: str, kind: str) -> list[Any]:
        """Return the records of one type; an empty list if the name does not exist.

        Raises:
            DnsError: the server did not answer, or answered with an error.
        """
        try:
            answer = await self._resolver.resolve(
                dns.name.from_text(name), dns.rdatatype.from_text(kind), raise_on_no_answer=False, search=False
            )
        except dns.resolver.NXDOMAIN:
            self.has_answer = True
            return []
        except dns.exception.Timeout as error:
            raise DnsError(f"no DNS server answered in time when asked for {name} {kind}") from error
        except dns.resolver.NoNameservers as error:
            if all(isinstance(failure[3], OSError) for failure in error.kwargs.get("errors", ())):
                raise DnsError(f"no DNS server can be reached to ask for {name} {kind}") from error
            self.has_answer = True
            codes = {
                dns.rcode.to_text(failure[4].rcode()) for failure in error.kwargs.get("errors", ()) if failure[4]
            }
            answered = ", ".join(sorted(codes)) or "with an unreadable reply"
            raise DnsError(f"the DNS server answered {answered} when asked for {name} {kind}") from error
        except (dns.exception.DNSException, OSError, EOFError) as error:
            raise DnsError(f"the query for {name} {kind} failed: {type(error).__name__}") from error
        self.has_answer = True
        return list(answer.rrset or ())[:_MAX_RECORDS]


def is_public(address: str) -> bool:
    """Return True if an address is globally reachable."""
    return ipaddress.ip_address(address).is_global


def _write(name: dns.name.Name) -> str:
    return name.to_text(omit_final_dot=True).lower() if name != dns.name.root else ""
