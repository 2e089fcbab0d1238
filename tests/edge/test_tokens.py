"""`edgemail token`: keys and tokens that a real sqld accepts, and the claims of tokens."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
    load_pem_public_key,
)
from testkit.sqld import Sqld
from testkit.time_limit import bounded

from edgemail.errors import TokenError
from edgemail.store.remote.hrana import HranaClient, RequestRefused, StatementFailed
from edgemail.store.remote.tokens import is_open_to_others, read_permit, read_token_file

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["bounded"]

DAY_S = 86_400


def run(*arguments: str | Path, stdin: str = "", umask: int = -1) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "edgemail", "token", *map(str, arguments)],
        umask=umask,
        input=stdin,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def claims_of(token: str) -> dict[str, Any]:
    claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return claims


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made") / "keys"
    made = run("keygen", "--out", folder)
    assert (made.returncode, made.stderr) == (0, "")
    assert "--auth-jwt-key-file" in made.stdout
    return folder


def test_a_key_pair_is_ed25519_and_its_secret_half_is_private(keys: Path) -> None:
    """The keys form a pair, and only the owner can read the private key."""
    secret = load_pem_private_key((keys / "private.pem").read_bytes(), None)
    known = load_pem_public_key((keys / "public.pem").read_bytes())
    assert secret.public_key() == known
    assert (keys / "private.pem").stat().st_mode & 0o777 == 0o600
    assert not is_open_to_others(str(keys / "private.pem"))
    assert is_open_to_others(str(keys / "public.pem"))


def test_the_public_key_can_be_read_by_sqlds_user_whatever_the_umask(tmp_path: Path) -> None:
    """Under any umask, sqld's user can read the public key, and only the owner the private key."""
    for umask in (0o077, 0o000):
        folder = tmp_path / f"{umask:o}"
        assert run("keygen", "--out", folder, umask=umask).returncode == 0
        assert (folder / "public.pem").stat().st_mode & 0o777 == 0o644
        assert (folder / "private.pem").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("name", ["private.pem", "public.pem"])
def test_a_key_is_never_written_over(name: str, tmp_path: Path) -> None:
    """Overwriting would invalidate every token. A dangling symbolic link counts as a file."""
    (tmp_path / name).symlink_to(tmp_path / "nothing")
    refused = run("keygen", "--out", tmp_path)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr == f"{tmp_path / name} exists and is not overwritten; name another folder with --out\n"
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_token_stands_alone_on_the_output_and_holds_for_90_days(keys: Path) -> None:
    """Notes go to standard error, so that the output can be redirected to a file."""
    minted = run("mint", "--key", keys / "private.pem", "--read-only")
    assert minted.returncode == 0
    claims = claims_of(minted.stdout.removesuffix("\n"))
    assert set(claims) == {"a", "iat", "exp"}
    assert claims["a"] == "ro"
    assert abs(claims["iat"] - datetime.now(UTC).timestamp()) < DAY_S
    assert 90 * DAY_S <= claims["exp"] - claims["iat"] <= 90 * DAY_S + 1
    assert "never expires" not in minted.stderr


def test_a_token_that_never_expires_is_warned_of(keys: Path) -> None:
    """It cannot be revoked."""
    minted = run("mint", "--key", keys / "private.pem", "--read-write", "--expires", "never")
    assert set(claims_of(minted.stdout.strip())) == {"a", "iat"}
    assert "warning: the token never expires" in minted.stderr
    assert "alone can read it" in minted.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--read-only", "--read-write"],
        ["--read-write", "--read-only"],
        ["--read-only", "--expires", "soon"],
        ["--read-only", "--expires", "0d"],
    ],
)
def test_what_a_token_may_do_must_be_said(arguments: list[str], keys: Path) -> None:
    """Neither access is a safe default, so one must be given."""
    refused = run("mint", "--key", keys / "private.pem", *arguments)
    assert (refused.returncode, refused.stdout) == (2, "")


def test_a_key_of_another_kind_signs_nothing(tmp_path: Path, keys: Path) -> None:
    """Only Ed25519 keys are accepted, as sqld knows no others."""
    other = tmp_path / "other"
    key = generate_private_key(SECP256R1())
    other.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    for path, words in (
        (other, "not an Ed25519 key"),
        (keys / "public.pem", "not a private key"),
        (tmp_path / "none", "cannot be read"),
    ):
        refused = run("mint", "--key", path, "--read-only")
        assert (refused.returncode, refused.stdout) == (1, "")
        assert words in refused.stderr
        assert len(refused.stderr.splitlines()) == 1


@pytest.mark.needs_sqld
async def test_sqld_takes_what_is_made(keys: Path, tmp_path: Path) -> None:
    """sqld accepts both kinds of tokens, and refuses writes with a read-only or an expired one."""
    key: Any = load_pem_private_key((keys / "private.pem").read_bytes(), None)
    server = Sqld(tmp_path / "sqld", key=key)
    server.start()
    try:
        minted = [
            run("mint", "--key", keys / "private.pem", access).stdout.strip()
            for access in ("--read-write", "--read-only")
        ]
        async with HranaClient(server.url, minted[0]) as client:
            await client.query("CREATE TABLE t (x)")
        async with HranaClient(server.url, minted[1]) as client:
            assert await client.query("SELECT * FROM t") == []
            with pytest.raises((StatementFailed, RequestRefused)):
                await client.query("INSERT INTO t VALUES (1)")
        async with HranaClient(server.url, server.token("ro", exp=1)) as client:
            with pytest.raises(RequestRefused):
                await client.query("SELECT 1")
    finally:
        server.kill()


@pytest.mark.parametrize(
    ("claims", "may", "until"),
    [
        ({"a": "ro", "exp": 4_000_000_000}, "read the whole database, and write nothing", "2096-10-02 07:06:40Z"),
        ({"a": "rw"}, "read and write the whole database", "never"),
        ({}, "read and write the whole database, since it has no claim a", "never"),
        ({"a": "ro", "p": {}}, "what its claim p says", "never"),
        (
            {"a": "RO\x1b[2J", "exp": 1},
            r'nothing that edgemail knows: its claim a is "RO\u001b[2J"',
            "and so it has",
        ),
    ],
)
def test_show_says_what_a_token_may_do(claims: dict[str, Any], may: str, until: str, tmp_path: Path) -> None:
    """It reads a file or standard input, and says that the signature was not verified."""
    token = jwt.encode(claims, "0" * 32, algorithm="HS256")
    (tmp_path / "t.jwt").write_text(f"  {token}\n")
    shown = run("show", tmp_path / "t.jwt")
    assert (shown.returncode, shown.stderr) == (0, "")
    lines = dict(line.split(maxsplit=1) for line in shown.stdout.splitlines())
    assert lines["May"].startswith(may)
    assert until in lines["Expires"]
    assert lines["Verified"].startswith("no")
    assert run("show", "-", stdin=f"{token}\n").stdout == shown.stdout


def encode(payload: Any) -> str:
    head, _, signature = jwt.encode({}, "0" * 32, algorithm="HS256").split(".")
    return f"{head}.{jwt.utils.base64url_encode(json.dumps(payload).encode()).decode()}.{signature}"


@pytest.mark.parametrize(
    "token",
    [
        "t0k3n", "a.b.c", "", encode([]), encode({"a": True}), encode({"exp": "soon"}), encode({"exp": True}),
        encode({"exp": 1e300}), encode({"iat": float("nan")}), encode({"a": ["ro"]}),
    ],
)  # fmt: skip
def test_what_is_no_token_is_told(token: str) -> None:
    """Any malformed token raises TokenError."""
    with pytest.raises(TokenError):
        read_permit(token)


@pytest.mark.parametrize(
    ("octets", "words"), [(b" \n", "is empty"), (b"a b", "alone"), (b"\xff", "alone"), (None, "cannot be read")]
)
def test_a_file_without_a_token_is_told(octets: bytes | None, words: str, tmp_path: Path) -> None:
    """The error names the file, and does not quote its content."""
    path = tmp_path / "t.jwt"
    if octets is not None:
        path.write_bytes(octets)
    with pytest.raises(TokenError, match=words) as caught:
        read_token_file(str(path))
    assert str(path) in str(caught.value)


def test_only_a_plain_read_only_token_may_only_read() -> None:
    """A claim `p` takes the place of `a`, and without `a` everything is allowed."""
    for claims, only_reads in (
        ({"a": "ro"}, True),
        ({"a": "rw"}, False),
        ({}, False),
        ({"a": "ro", "p": 1}, False),
    ):
        assert read_permit(encode(claims)).may_only_read == only_reads
    now = datetime.now(UTC)
    assert read_permit(encode({"exp": 1})).is_expired(now)
    assert not read_permit(encode({"exp": (now + timedelta(days=1)).timestamp()})).is_expired(now)
    assert not read_permit(encode({})).is_expired(now)
