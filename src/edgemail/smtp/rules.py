"""What a server takes, as its sessions are told."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SessionRules:
    """What a server takes. `domains` are lower-case, with their subdomains; none means every domain.

    `offers_tls` is for a connection that is not secure yet; `offers_auth` takes any name and password.
    `enforces_sync` is for peers that must wait for 354 (RFC 2920 section 3.1): what comes of a stream then depends
    on where it is cut. `refuses_bare_newlines` is for messages that come by DATA; BDAT keeps all octets.
    """

    hostname: str
    domains: tuple[str, ...] = ()
    max_message_octets: int = 26_214_400
    max_recipients: int = 100
    max_errors: int = 10
    max_idle_commands: int = 100
    max_transactions: int | None = 200
    offers_tls: bool = False
    offers_auth: bool = False
    enforces_sync: bool = False
    refuses_bare_newlines: bool = False

    def takes(self, domain: str) -> bool:
        """Tell whether mail for a domain, in lower case, is taken."""
        ours = self.domains
        return not ours or any(domain == one or domain.endswith(f".{one}") for one in ours)

    def list_offers(self, *, is_secure: bool) -> list[str]:
        """List what EHLO is answered with (RFC 5321 section 4.1.1.1)."""
        offers = [
            self.hostname,
            "PIPELINING",
            f"SIZE {self.max_message_octets}",
            "8BITMIME",
            "SMTPUTF8",
            "ENHANCEDSTATUSCODES",
            "CHUNKING",
            f"LIMITS RCPTMAX={self.max_recipients}",
        ]
        if self.offers_tls and not is_secure:
            offers.append("STARTTLS")
        if self.offers_auth:
            offers.append("AUTH PLAIN LOGIN")
        return offers
