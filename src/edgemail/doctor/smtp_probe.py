"""Probes port 25 from this machine: the greeting, EHLO, STARTTLS and the certificate."""

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
_EHLO: Final = b"EHLO localhost\r\n"  # do not reveal this machine's name


@dataclass(frozen=True, slots=True)
class ServerCertificate:
    """A server's certificate. `distrust` says why it cannot be verified; None if it can."""

    names: tuple[str, ...]
    expires_at: datetime
    distrust: str | None


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """The result of a probe.

    Without a `certificate`, the server offers no STARTTLS, or it failed with `tls_error`.
    """

    banner: str
    certificate: ServerCertificate | None = None
    tls_error: str | None = None


class _BadReplyError(Exception):
    """The server sent an unexpected reply."""


async def probe(address: str, port: int, host: str, timeout_s: float) -> ProbeResult | LookupFailure:
    """Connect as a sender would, up to STARTTLS. Sends no mail."""
    try:
        async with asyncio.timeout(timeout_s):
            try:
                return await _talk(address, port, host, ssl.create_default_context())
            except ssl.SSLCertVerificationError as error:
                reason = error.verify_message
            # Senders do not verify either: get the certificate with a second connection.
            return await _talk(address, port, host, _trusting(), reason)
    except TimeoutError:
        return LookupFailure("no answer in time", is_silence=True)
    except ConnectionRefusedError:
        return LookupFailure("the connection is refused")
    except _BadReplyError as error:
        return LookupFailure(f'it answers "{shorten(str(error))}", which is no SMTP greeting')
    except (ConnectionError, EOFError, ValueError) as error:
        return LookupFailure(f"the connection broke ({type(error).__name__})")
    except OSError as error:
        return LookupFailure(f"it cannot be reached from here: {error.strerror or error}", is_silence=True)


async def _talk(
    address: str, port: int, host: str, context: ssl.SSLContext, distrust: str | None = None
) -> ProbeResult:
    reader, writer = await asyncio.open_connection(address, port, limit=_LINE_BYTES)
    try:
        banner = await _hear(reader, b"220")
        writer.write(_EHLO)
        extensions = (await _hear(reader, b"250")).upper().split("\n")[1:]
        if "STARTTLS" not in (extension.strip() for extension in extensions):
            return ProbeResult(banner.partition("\n")[0])
        shown: ServerCertificate | None = None
        trouble: str | None = None
        try:
            shown = await _secure(reader, writer, host, context, distrust)
        except ssl.SSLCertVerificationError:
            raise
        except (_BadReplyError, ssl.SSLError, ConnectionError, EOFError, ValueError) as error:
            trouble = (isinstance(error, ssl.SSLError) and error.reason) or str(error) or type(error).__name__
        return ProbeResult(banner.partition("\n")[0], shown, trouble)
    finally:
        await _leave(writer)


async def _secure(
    reader: StreamReader, writer: StreamWriter, host: str, context: ssl.SSLContext, distrust: str | None
) -> ServerCertificate:
    """Start TLS and send EHLO over it; return the server's certificate."""
    writer.write(b"STARTTLS\r\n")
    await _hear(reader, b"220")
    await writer.start_tls(context, server_hostname=host)
    octets = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    writer.write(_EHLO)
    await _hear(reader, b"250")
    return _read_certificate(octets, distrust)


async def _hear(reader: StreamReader, code: bytes) -> str:
    """Return the lines of a reply without their codes, joined by newlines."""
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
    """Send QUIT and close the connection, within a second."""
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


def _read_certificate(octets: bytes, distrust: str | None) -> ServerCertificate:
    from cryptography import x509

    certificate = x509.load_der_x509_certificate(octets)
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        found = tuple(names.get_values_for_type(x509.DNSName))
    except (x509.ExtensionNotFound, x509.DuplicateExtension):
        found = ()
    return ServerCertificate(found, certificate.not_valid_after_utc.astimezone(UTC), distrust)
