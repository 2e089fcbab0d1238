"""The TLS certificate: loaded from files, reloaded when they change, or self-signed."""

from __future__ import annotations

import datetime
import errno
import ipaddress
import logging
import os
import ssl
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from edgemail.errors import SettingsError
from edgemail.system.file_ownership import is_owned_by_another_user
from edgemail.system.temporary_files import find_temporary_folder, open_nameless

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cryptography import x509

_log = logging.getLogger(__name__)

_OWN_DAYS = 3650


class Certificate:
    """A certificate and key in PEM files.

    `context` is for a handshake that begins now. `delegating_context` is for a server that keeps
    one context: it passes each handshake on to the current `context`.
    """

    def __init__(self, cert: Path, key: Path | None, *, is_fixed: bool = False) -> None:
        """Load the files; `key` None means that `cert` holds the key too.

        With `is_fixed` they are never loaded again, and may be removed.

        Raises:
            SettingsError: the files cannot be read, or the key does not match the certificate.
        """
        self._cert, self._key, self._is_fixed = cert, key, is_fixed
        self._trouble: str | None = None
        try:
            self._stamp = self._look()
            self.context = self._load()
            self.delegating_context = self._load()
        except OSError as error:  # ssl.SSLError is one
            raise SettingsError([f'tls_cert: "{cert}" cannot be used: {_explain(error)}']) from error
        self.delegating_context.sni_callback = self._hand_on

    def refresh(self) -> None:
        """Reload the files if they changed. If they are not complete yet, keep the old certificate.

        A failed load is tried again each time, as two changes within one mtime tick look identical.
        Each failure is logged once.
        """
        if self._is_fixed:
            return
        trouble = None
        try:
            stamp = self._look()
            if stamp != self._stamp:
                self.context = self._load()
                self._stamp = stamp
                _log.info("the certificate was renewed")
        except OSError as error:
            trouble = _explain(error)
            if trouble != self._trouble:
                _log.warning("the old certificate stays in force, the new one cannot be used: %s", trouble)
        self._trouble = trouble

    def _hand_on(self, connection: ssl.SSLObject, _name: str | None, _front: ssl.SSLContext) -> None:
        connection.context = self.context

    def _look(self) -> list[tuple[int, int, int]]:
        files = [self._cert] if self._key is None else [self._cert, self._key]
        return [(status.st_mtime_ns, status.st_ino, status.st_size) for status in map(os.stat, files)]

    def _load(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        # Renegotiation costs the peer nothing, and this server a signature.
        context.options |= ssl.OP_NO_RENEGOTIATION
        context.load_cert_chain(self._cert, self._key, password=_tell_nothing)
        return context


def _tell_nothing() -> bytes:
    """Refuse a key with a pass phrase: OpenSSL would ask at the terminal and block everything."""
    raise OSError(errno.EACCES, "its key has a pass phrase")


def create_self_signed(path: Path, names: Sequence[str]) -> Path:
    """Create a self-signed certificate and key in one file, unless the file exists.

    Most senders do not verify the certificate of an MX, so it protects against passive listeners.

    Raises:
        SettingsError: the file cannot be written, or belongs to another user.
    """
    if is_owned_by_another_user(path):
        raise SettingsError([f'tls: "{path}" belongs to another user, who may know its key; set tls_cert or tls'])
    if path.exists():
        return path
    pem = _sign_own(names)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(pem)
    except OSError as error:
        raise SettingsError([f'tls: "{path}" cannot be written: {error.strerror}; set tls_cert or tls']) from error
    _log.info("made a self-signed certificate: %s", path)
    return path


def create_unkept(names: Sequence[str]) -> Certificate:
    """Create a self-signed certificate that lasts as long as this process: its key stays in memory."""
    folder = find_temporary_folder()
    if folder is None:
        with open_nameless(None) as file:
            file.write(_sign_own(names))
            return Certificate(Path(f"/proc/self/fd/{file.fileno()}"), None, is_fixed=True)
    with tempfile.TemporaryDirectory(prefix="edgemail-", dir=folder) as own:
        return Certificate(create_self_signed(Path(own) / "own.pem", names), None, is_fixed=True)


def _sign_own(names: Sequence[str]) -> bytes:
    names = [name for name in names if name.isascii()]  # only xn-- forms
    # Imported here, as most servers never need it.
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0][:64])])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=_OWN_DAYS))
        .add_extension(x509.SubjectAlternativeName([_general_name(name) for name in names]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return certificate.public_bytes(serialization.Encoding.PEM) + private


def _general_name(name: str) -> x509.GeneralName:
    from cryptography import x509

    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _explain(error: OSError) -> str:
    match error:
        case ssl.SSLError(reason="KEY_VALUES_MISMATCH"):
            return "tls_key is not its key"
        case ssl.SSLError():
            return "it does not hold a certificate, and its key, in PEM form"
        case _:
            return error.strerror or type(error).__name__
