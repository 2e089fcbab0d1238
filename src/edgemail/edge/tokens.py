"""Makes tokens for a libSQL server, and their keys: JWTs (RFC 7519) signed with Ed25519."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal

from edgemail.errors import TokenError

if TYPE_CHECKING:
    from datetime import datetime, timedelta

Access = Literal["ro", "rw"]
"""The claim `a`: the bearer may read, or read and write. A token without it may do everything."""


def make_keys() -> tuple[bytes, bytes]:
    """Make an Ed25519 key pair; return the private (PKCS #8) and the public key as PEM."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

    key = Ed25519PrivateKey.generate()
    return (
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
        key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
    )


def mint_token(private_key: bytes, access: Access, now: datetime, lifetime: timedelta | None) -> str:
    """Make a token. Without a `lifetime` it never expires.

    Raises:
        TokenError: the key is not an Ed25519 private key in PEM.
    """
    import jwt
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        key = load_pem_private_key(private_key, None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise TokenError("is not a private key in PEM without a password") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise TokenError("is not an Ed25519 key")
    claims: dict[str, str | int] = {"a": access, "iat": int(now.timestamp())}
    if lifetime is not None:
        claims["exp"] = math.ceil((now + lifetime).timestamp())
    return jwt.encode(claims, key, algorithm="EdDSA")
