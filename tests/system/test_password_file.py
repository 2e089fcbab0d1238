"""Names and passwords of a file, as somebody says them; tests/http/test_access.py has the mistakes in a file."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING

import bcrypt
import pytest

from edgemail.errors import SettingsError
from edgemail.system.password_file import StoredPasswords, read_password_file

if TYPE_CHECKING:
    from pathlib import Path

CHALLENGE = b"<1896.697170952@postoffice.reston.mci.net>"
PLAIN = StoredPasswords({"tim": "tanstaaftanstaaf", "kim": "grüße"}, {})


def test_the_example_of_the_rfc_is_right() -> None:
    """RFC 2195 section 2."""
    assert PLAIN.matches_cram_md5("tim", CHALLENGE, b"b913a602c7eda7a495b4e6e7334d3890")
    assert PLAIN.matches_cram_md5("tim", CHALLENGE, b"B913A602C7EDA7A495B4E6E7334D3890")


@pytest.mark.parametrize(
    ("name", "challenge", "answer"),
    [
        ("kim", CHALLENGE, b"b913a602c7eda7a495b4e6e7334d3890"),
        ("tim", CHALLENGE[:-1], b"b913a602c7eda7a495b4e6e7334d3890"),
        ("tim", CHALLENGE, b"b913a602c7eda7a495b4e6e7334d389"),
        ("tim", CHALLENGE, b"\xff" * 32),
        ("tim", CHALLENGE, b""),
        ("nobody", CHALLENGE, hmac.digest(b"-", CHALLENGE, "md5").hex().encode()),
        ("\udcff", CHALLENGE, b"x" * 4000),
    ],
)
def test_any_other_answer_is_wrong(name: str, challenge: bytes, answer: bytes) -> None:
    assert not PLAIN.matches_cram_md5(name, challenge, answer)


def test_a_challenge_needs_the_passwords_themselves(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not one hash among them, and a library that has MD5."""
    hashed = StoredPasswords({"tim": "x"}, {"kim": bcrypt.hashpw(b"y", bcrypt.gensalt(4))}, bcrypt.checkpw)
    assert (PLAIN.knows_cram_md5, hashed.knows_cram_md5) == (True, False)

    def refuse(*_: object) -> bytes:
        raise ValueError("[digital envelope routines] unsupported")

    monkeypatch.setattr(hmac, "digest", refuse)
    assert not PLAIN.knows_cram_md5


def test_a_name_has_its_own_password() -> None:
    """Without a name any of them will do, as a bearer has none."""
    assert PLAIN.matches("kim", "grüße".encode())
    assert PLAIN.matches(None, b"tanstaaftanstaaf")
    assert not PLAIN.matches("kim", b"tanstaaftanstaaf")
    assert not PLAIN.matches("\udcff", b"tanstaaftanstaaf")
    assert not PLAIN.matches("", b"")


def test_a_mistake_names_its_setting(tmp_path: Path) -> None:
    file = tmp_path / "logins"
    file.touch(mode=0o600)
    file.write_text("ann s3cret\n")
    with pytest.raises(SettingsError) as caught:
        read_password_file(file, "auth_file")
    assert caught.value.mistakes == [f"auth_file: {file}, line 1: is not name:secret"]
