"""The rules of a session: domains, limits and extensions."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SessionRules:
    """The rules of a session.

    `domains` are lower-case and stand for their subdomains too; none means every domain.
    `offers_tls` holds until the connection is secure; with `requires_tls` no mail is taken before.
    `offers_auth` accepts any name and password; with `requires_auth` the driver compares them, and no
    mail is taken before they are right. `offers_cram_md5` is false where only hashes of passwords are known.
    `enforces_sync` makes a peer wait for 354 (RFC 2920 section 3.1): the replies to a stream then
    depend on where it is cut. `refuses_bare_newlines` is for messages by DATA; BDAT keeps all
    octets. `takes_lf_lines` takes command lines that end in LF alone; a message whose DATA line did so
    ends with LF.LF. `default_domain` is for addresses without a domain, which are refused without it.
    """

    hostname: str
    domains: tuple[str, ...] = ()
    max_message_octets: int = 26_214_400
    max_recipients: int = 100
    max_errors: int = 10
    max_idle_commands: int = 100
    max_transactions: int | None = 200
    offers_tls: bool = False
    requires_tls: bool = False
    offers_auth: bool = False
    requires_auth: bool = False
    offers_cram_md5: bool = True
    enforces_sync: bool = False
    refuses_bare_newlines: bool = False
    takes_lf_lines: bool = False
    default_domain: str | None = None

    @property
    def postmaster_domain(self) -> str:
        """The domain of a bare ``<Postmaster>``, who is taken in any case (RFC 5321 section 4.5.1)."""
        return self.default_domain or (self.domains[0] if self.domains else self.hostname)

    def takes(self, domain: str) -> bool:
        """Return True if mail for a domain, in lower case, is accepted."""
        names = self.domains
        return not names or any(domain == name or domain.endswith(f".{name}") for name in names)

    def list_offers(self, *, is_secure: bool) -> list[str]:
        """List the lines of the reply to EHLO (RFC 5321 section 4.1.1.1)."""
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
        # Where TLS comes first, no password may be said before it (RFC 4954 section 4).
        if self.offers_auth and (is_secure or not self.requires_tls):
            offers.append("AUTH PLAIN LOGIN CRAM-MD5" if self.offers_cram_md5 else "AUTH PLAIN LOGIN")
        return offers
