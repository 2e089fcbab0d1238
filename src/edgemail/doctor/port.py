"""Port 25 as this machine sees it: the greeting, EHLO, STARTTLS and its certificate."""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from edgemail.doctor.findings import LookupFailure, shorten

if TYPE_CHECKING:
    from asyncio import StreamReader, StreamWriter

_LINE_BYTES: Final = 4096
_MAX_LINES: Final = 64
_GOODBYE_S: Final = 1.0
_EHLO: Final = b"EHLO localhost\r\n"  # this machine's own name is nobody's business


@dataclass(frozen=True, slots=True)
class Shown:
    """A certificate that a server showed. `distrust` says why no public authority vouches for it, if so."""

    names: tuple[str, ...]
    expires_at: datetime
    distrust: str | None


@dataclass(frozen=True, slots=True)
class Probe:
    """How a server presents itself. Without a `certificate` it offers no STARTTLS, or `tls_trouble` came of it."""

    banner: str
    certificate: Shown | None = None
    tls_trouble: str | None = None


class _BadReplyError(Exception):
    """The server said something else than SMTP would have it."""


async def probe(address: str, port: int, host: str, timeout_s: float) -> Probe | LookupFailure:
    """Speak to a server as a sender would, as far as STARTTLS; send no mail."""
    try:
        async with asyncio.timeout(timeout_s):
            try:
                return await _talk(address, port, host, ssl.create_default_context())
            except ssl.SSLCertVerificationError as error:
                reason = error.verify_message
            # Senders do not verify either, so what it is comes from a second connection.
            return await _talk(address, port, host, _trusting(), reason)
    except TimeoutError:
        return LookupFailure("nothing came back in time", is_silence=True)
    except ConnectionRefusedError:
        return LookupFailure("the connection is refused")
    except _BadReplyError as error:
        return LookupFailure(f'it answers "{shorten(str(error))}", which is not what SMTP begins with')
    except (ConnectionError, EOFError, ValueError) as error:
        return LookupFailure(f"the connection broke ({type(error).__name__})")
    except OSError as error:
        return LookupFailure(f"it cannot be reached from here: {error.strerror or error}", is_silence=True)


async def _talk(address: str, port: int, host: str, context: ssl.SSLContext, distrust: str | None = None) -> Probe:
    reader, writer = await asyncio.open_connection(address, port, limit=_LINE_BYTES)
    try:
        banner = await _hear(reader, b"220")
        writer.write(_EHLO)
        extensions = (await _hear(reader, b"250")).upper().split("\n")[1:]
        if "STARTTLS" not in (one.strip() for one in extensions):
            return Probe(banner.partition("\n")[0])
        shown: Shown | None = None
        trouble: str | None = None
        try:
            shown = await _secure(reader, writer, host, context, distrust)
        except ssl.SSLCertVerificationError:
            raise
        except (_BadReplyError, ssl.SSLError, ConnectionError, EOFError, ValueError) as error:
            trouble = (isinstance(error, ssl.SSLError) and error.reason) or str(error) or type(error).__name__
        return Probe(banner.partition("\n")[0], shown, trouble)
    finally:
        await _leave(writer)


async def _secure(
    reader: StreamReader, writer: StreamWriter, host: str, context: ssl.SSLContext, distrust: str | None
) -> Shown:
    """Begin TLS and speak over it; return the server's certificate."""
    writer.write(b"STARTTLS\r\n")
    await _hear(reader, b"220")
    await writer.start_tls(context, server_hostname=host)
    octets = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    writer.write(_EHLO)
    await _hear(reader, b"250")
    return _read_certificate(octets, distrust)


async def _hear(reader: StreamReader, code: bytes) -> str:
    """Return a reply's lines without their codes."""
    lines = []
    for _ in range(_MAX_LINES):
        line = await reader.readline()
        if not line:
            raise EOFError
        lines.append(line[4:].decode("utf-8", "backslashreplace").rstrip("\r\n"))
        if not line.startswith(code):
            raise _BadReplyError(line.decode("utf-8", "backslashreplace").rstrip("\r\n"))
        if line[3:4] != b"-":
            return "\n".join(lines)
    raise _BadReplyError("a reply without an end")


async def _leave(writer: StreamWriter) -> None:
    """Say QUIT, and wait for no more than a moment."""
    try:
        async with asyncio.timeout(_GOODBYE_S):
            if not writer.is_closing():
                writer.write(b"QUIT\r\n")
                await writer.drain()
            writer.close()
            await writer.wait_closed()
    except (OSError, TimeoutError):
        writer.transport.abort()


def _trusting() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _read_certificate(octets: bytes, distrust: str | None) -> Shown:
    from cryptography import x509

    certificate = x509.load_der_x509_certificate(octets)
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        found = tuple(names.get_values_for_type(x509.DNSName))
    except (x509.ExtensionNotFound, x509.DuplicateExtension):
        found = ()
    return Shown(found, certificate.not_valid_after_utc.astimezone(UTC), distrust)
