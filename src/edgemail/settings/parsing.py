"""Functions that parse the text of a value, and functions that write a value as text.

Every `read_…` raises ValueError with the rest of a sentence that begins with the text: ``is not a duration; …``.
"""

from __future__ import annotations

import re
from decimal import Decimal
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from edgemail.model import Endpoint
from edgemail.settings.values import MEMORY, FreeSpace, Network, is_server_url

_UNITS_S: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_MAX_DURATION_DAYS: Final = 36_500
_UNITS_BYTES: Final = {"b": 1} | {
    f"{letter}{end}": base**power
    for power, letter in enumerate("kmgt", 1)
    for end, base in (("b", 1000), ("ib", 1024))
}
_MAX_BYTES: Final = 2**63 - 1  # the largest integer of SQLite
_MAX_COUNT: Final = 1_000_000_000

ANY_ORIGIN: Final = "*"
"""The text that stands for every web origin."""
NO_ORIGIN: Final = "is not an origin; write a scheme and a host, such as https://mail.example.org"

_QUANTITY = re.compile(r"([0-9]{1,20}(?:\.[0-9]{1,9})?) ?([A-Za-z]*)")
_LABEL = r"[^\W_](?:[\w-]{0,61}[^\W_])?"
_NAME = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(?:\.{_LABEL})*")
_SCHEME_PORTS: Final = {"http": 80, "https": 443}
_REMOTE_SCHEMES: Final = frozenset({"libsql", "http", "https"})


def read_duration(text: str) -> float:
    """Read a number and its unit, such as ``7d``; return seconds."""
    advice = "write a number and s, m, h, d or w, such as 7d"
    match = _QUANTITY.fullmatch(text)
    unit = match and _UNITS_S.get(match[2].lower())
    if not match or not unit:
        raise ValueError(f"is not a duration; {advice}")
    seconds = float(Decimal(match[1]) * unit)
    if not 0 < seconds <= _MAX_DURATION_DAYS * _UNITS_S["d"]:
        raise ValueError(f"is out of range; write more than 0s and at most {_MAX_DURATION_DAYS}d")
    return seconds


def write_duration(seconds: float) -> str:
    """Write seconds in the largest unit of d, h, m and s that gives a whole number."""
    for unit in "dhm":
        if seconds % _UNITS_S[unit] == 0:
            return f"{int(seconds // _UNITS_S[unit])}{unit}"
    return f"{Decimal(repr(seconds)).normalize():f}s"


def read_bytes(text: str) -> int:
    """Read a number of octets, with or without a unit, such as ``2GiB``."""
    match = _QUANTITY.fullmatch(text)
    unit = match and _UNITS_BYTES.get(match[2].lower() or "b")
    if not match or not unit:
        raise ValueError(
            "is not a size; write a number of bytes, or one with kB, MB, GB, KiB, MiB or GiB, such as 2GiB"
        )
    octets = Decimal(match[1]) * unit
    if octets != int(octets):
        raise ValueError("is not a whole number of bytes; write a number such as 1536 or 1.5KiB")
    if not 1 <= octets <= _MAX_BYTES:
        raise ValueError(f"is out of range; write 1 to {_MAX_BYTES} bytes")
    return int(octets)


def write_bytes(octets: int) -> str:
    """Write octets in the largest unit of GiB, MiB and KiB that gives a whole number."""
    for unit in ("GiB", "MiB", "KiB"):
        if octets % _UNITS_BYTES[unit.lower()] == 0:
            return f"{octets // _UNITS_BYTES[unit.lower()]}{unit}"
    return str(octets)


def read_count(text: str) -> int:
    """Read a whole number that is at least 1."""
    if not re.fullmatch(r"[0-9]+", text):
        raise ValueError("is not a whole number; write one such as 100")
    if len(text) > len(str(_MAX_COUNT)) or not 1 <= int(text) <= _MAX_COUNT:
        raise ValueError(f"is out of range; write a number from 1 to {_MAX_COUNT}")
    return int(text)


def read_percent(text: str) -> int:
    """Read a percentage from 1 to 100."""
    if not re.fullmatch(r"[0-9]{1,3}", text) or not 1 <= int(text) <= 100:
        raise ValueError("is not a share in percent; write a number from 1 to 100")
    return int(text)


def read_network(text: str) -> Network:
    """Read an address, or a network as ``ADDRESS/BITS``."""
    advice = "write one such as 192.0.2.0/24 or 2001:db8::1"
    try:
        network = ip_network(text, strict=False)
    except ValueError:
        raise ValueError(f"is not a network or an address; {advice}") from None
    if "%" in text or ("/" in text and not re.fullmatch(r"[0-9]{1,3}", text.partition("/")[2])):
        raise ValueError(f"is not a network or an address; {advice}")
    if isinstance(network, IPv6Network) and network.prefixlen >= 96 and network.network_address.ipv4_mapped:
        raise ValueError(f"is an IPv4 network in IPv6's form; {advice}")
    if network.network_address != ip_address(text.partition("/")[0]):
        raise ValueError(f"is an address within a network; write {network} for the network")
    return network


def write_network(network: Network) -> str:
    """Write a network, or its address if it has a single one."""
    is_single = network.prefixlen == network.max_prefixlen
    return str(network.network_address) if is_single else str(network)


def read_free_space(text: str) -> FreeSpace:
    """Read a share of a disk, such as ``10%``, or a size."""
    match = re.fullmatch(r"([0-9]{1,2}(?:\.[0-9]{1,3})?) ?%", text)
    if match is None:
        if "%" in text:
            raise ValueError("is not a share; write one of 0% to 99%, such as 10%, or a size such as 2GiB")
        return FreeSpace(octets=read_bytes(text))
    return FreeSpace(percent=float(match[1]))


def write_free_space(free_space: FreeSpace) -> str:
    """Write a share of a disk or a size."""
    return write_bytes(free_space.octets) if free_space.octets else f"{free_space.percent:g}%"


def read_endpoint(text: str) -> Endpoint:
    """Read ``HOST:PORT``, with an IPv6 address in brackets."""
    host, colon, port = text.rpartition(":")
    if not colon or not host:
        raise ValueError("is not HOST:PORT; write one such as 127.0.0.1:2525, or 0.0.0.0:2525 for every address")
    if not re.fullmatch(r"[0-9]{1,5}", port) or int(port) > 65_535:
        raise ValueError(
            "has no valid port; write a number from 0 to 65535 after the last colon, 0 for any free port"
        )
    if host.startswith("[") and host.endswith("]"):
        return Endpoint(_read_ipv6(host[1:-1]), int(port))
    if ":" in host:
        raise ValueError("is not HOST:PORT; an IPv6 address stands in brackets, such as [::1]:2525")
    return Endpoint(_read_host(host), int(port))


def read_base_path(text: str) -> str:
    """Read a URL's path; return it without a final slash, "" for the root."""
    path = text.rstrip("/")
    names = path.split("/")
    if path and (
        names[0] or not all(re.fullmatch(r"[A-Za-z0-9._~-]+", name) and set(name) != {"."} for name in names[1:])
    ):
        raise ValueError("is not a path; write one such as /mail, or / for none")
    return path


def _read_ipv6(text: str) -> str:
    try:
        return str(IPv6Address(text))
    except ValueError:
        raise ValueError("has no valid IPv6 address in its brackets; write one such as [::1]:2525") from None


def _read_host(text: str) -> str:
    """Read an IPv4 address or a host name. Text of digits and dots must be an address."""
    if re.fullmatch(r"[0-9.]+", text):
        try:
            return str(IPv4Address(text))
        except ValueError:
            raise ValueError("has no valid IPv4 address; write one such as 127.0.0.1") from None
    return _read_name(text, "has no valid host; write an address such as 127.0.0.1, or a name")


def _read_name(text: str, complaint: str) -> str:
    """Read a DNS name; return it in lower case, without a dot at the end."""
    name = text.lower().removesuffix(".")
    try:
        name.encode("idna")
    except UnicodeError:
        raise ValueError(complaint) from None
    if not _NAME.fullmatch(name):
        raise ValueError(complaint)
    return name


def read_domain(text: str) -> str:
    """Read a mail domain."""
    bare = text.removeprefix("*").removeprefix(".")
    if bare != text and bare.splitlines() == [bare]:  # else the advice would break the line
        raise ValueError(f"is not a domain; write {bare}, which takes in its subdomains")
    if "@" in text:
        domain = text.rpartition("@")[2]
        shown = domain if re.fullmatch(r"[\w.-]+", domain) else "example.org"
        raise ValueError(f"is an address; write the domain alone, such as {shown}")
    if re.fullmatch(r"[0-9.]+", text):
        raise ValueError("is not a domain; write one such as example.org")
    return _read_name(text, "is not a domain; write one such as example.org")


def read_hostname(text: str) -> str:
    """Read the server's own host name; return it in its ASCII form."""
    name = _read_name(text, "is not a host name; write one such as mail.example.org")
    return ascii_name(name)


def ascii_name(domain: str) -> str:
    """Return a domain in its ASCII form (RFC 5890), for greetings and headers."""
    return domain.encode("idna").decode("ascii")


def read_allowed_host(text: str) -> str:
    """Read a host that a Host header may name: a name or an IP address, without a port."""
    bare = text[1:-1] if text.startswith("[") and text.endswith("]") else text
    try:
        return str(ip_address(bare))
    except ValueError:
        return ascii_name(
            _read_name(text, "is not a host; write a name or an address without a port, such as mail.example.org")
        )


def read_origin(text: str) -> str:
    """Read a web origin (RFC 6454 section 7): scheme, host, and a port if it is not the scheme's default."""
    complaint = NO_ORIGIN
    try:
        parts = urlsplit(text.lower())
        port = parts.port
    except ValueError:
        raise ValueError(complaint) from None
    host = parts.hostname or ""
    if (
        parts.scheme not in _SCHEME_PORTS
        or f"{parts.scheme}://{parts.netloc}" != text.lower().removesuffix("/")
        or "@" in parts.netloc
        or parts.netloc.endswith(":")
    ):
        raise ValueError(complaint)
    try:
        name = f"[{_read_ipv6(host)}]" if ":" in host else ascii_name(_read_host(host))
    except ValueError:
        raise ValueError(complaint) from None
    ending = "" if port in {None, _SCHEME_PORTS[parts.scheme]} else f":{port}"
    return f"{parts.scheme}://{name}{ending}"


def read_allowed_origin(text: str) -> str:
    """Read a web origin, or ``*`` for every one."""
    return text if text == ANY_ORIGIN else read_origin(text)


def read_db(text: str) -> str:
    """Read where mail is kept: a file's path, a ``file:`` URL, the URL of a libSQL server, or ``memory``."""
    advice = "write a file's path"
    urls = "write libsql://HOST, https://HOST or http://HOST:PORT"
    if text == MEMORY:
        return text
    if text == ":memory:":
        raise ValueError(f"keeps nothing; {advice}, or {MEMORY} for mail that is lost at the end")
    if not text or re.search(r"[\x00-\x1f\x7f]", text):
        raise ValueError(f"is not a path; {advice}")
    if text.startswith("file:"):
        parts = urlsplit(text)
        if parts.netloc not in {"", "localhost"} or parts.query or parts.fragment or not parts.path:
            raise ValueError("is not a file's URL; write file:///path/to/edgemail.db, or the path alone")
        return _write_path(unquote(parts.path))
    if not is_server_url(text):
        try:
            return _write_path(str(Path(text).expanduser()))
        except RuntimeError:
            raise ValueError(f"names a home directory that is not there; {advice}") from None
    try:
        parts = urlsplit(text)
        well_formed = parts.scheme in _REMOTE_SCHEMES and bool(parts.hostname) and parts.port != 0
    except ValueError:
        well_formed = False
    if not well_formed or " " in text:
        raise ValueError(f"is not the URL of a database; {urls}, or a file's path")
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise ValueError("has more than a server's address; give a token as EDGEMAIL_DB_TOKEN")
    return text


def _write_path(path: str) -> str:
    """Write a file's path so that it is read as one: the file ``memory`` of this folder as ``./memory``."""
    return f"./{path}" if path == MEMORY else path


def read_web_url(text: str) -> str:
    """Read the URL of a program on the web, with or without a name and a password."""
    complaint = "is not an http: or https: URL; write one such as https://example.org/mail"
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
        if ":" in host:
            _read_ipv6(host)
        else:
            ascii_name(_read_host(host))
    except ValueError:
        raise ValueError(complaint) from None
    if parts.scheme not in _SCHEME_PORTS or port == 0 or not re.fullmatch(r"[^\s\x00-\x20\x7f#]{1,2000}", text):
        raise ValueError(complaint)
    return text


def read_local_part(text: str) -> str:
    """Read a local part without a tag; return it in lower case."""
    name = text.lower()
    if name == "none":
        raise ValueError("means no names at all; write it alone, or leave it out")
    if not re.fullmatch(r"[a-z0-9._-]{1,64}", name):
        raise ValueError("is not a name; write the part before the @ alone, such as postmaster")
    return name


def read_contact(text: str) -> str:
    """Read a mail address or a web page where people can be reached; return a URL."""
    complaint = "is not a contact; write a mail address such as abuse@example.org, or an https:// URL"
    if not re.fullmatch(r"[\x21-\x7e]{1,500}", text) or re.search(r"[<>\"'\\\\]", text):
        raise ValueError(complaint)
    if text.startswith("https://") and len(text) > len("https://"):
        return text
    address = text.removeprefix("mailto:")
    if not re.fullmatch(r"[^@:/?&#,]+@[A-Za-z0-9.-]+", address):
        raise ValueError(complaint)
    return f"mailto:{address}"


def read_path(text: str) -> str:
    """Read the path of a file or a folder; ``~`` is the home directory."""
    if not text or re.search(r"[\x00-\x1f\x7f]", text):
        raise ValueError("is not a path; write one such as /var/lib/edgemail")
    try:
        return str(Path(text).expanduser())
    except RuntimeError:
        raise ValueError(
            "names a home directory that is not there; write a path such as /var/lib/edgemail"
        ) from None


def read_token(text: str) -> str:
    """Read a token that is sent in an HTTP header."""
    if not re.fullmatch(r"[\x21-\x7e]+", text):
        raise ValueError("has something other than printable ASCII characters; write the token alone")
    return text
