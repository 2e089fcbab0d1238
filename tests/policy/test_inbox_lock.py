"""Locks of inboxes: which addresses have one, what opens it, and what is a key.

The page's tests read the same vectors.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgemail.policy.inbox_lock import KEYS_MAX, InboxLock, find_lock, is_key, make_lock, read_keys, write_key

VECTORS: Final[dict[str, Any]] = json.loads(
    (Path(__file__).parents[1] / "vectors" / "inbox-locks.json").read_text(encoding="utf-8")
)
LOCKS: Final = VECTORS["locks"]
OTHER_KEY: Final = write_key(b"another key here")


@pytest.mark.parametrize("case", LOCKS, ids=[case["local"] for case in LOCKS])
def test_an_address_with_the_hash_of_a_key_opens_to_this_key(case: dict[str, str]) -> None:
    """And to no other one; a list opens it if the key is anywhere in it."""
    lock = find_lock(case["local"])
    assert lock is not None
    assert lock.name == case["name"]
    assert lock.opens_by([case["key"]])
    assert lock.opens_by([OTHER_KEY, "no key", case["key"], OTHER_KEY])
    assert not lock.opens_by([OTHER_KEY])
    assert not lock.opens_by([])


@pytest.mark.parametrize("case", LOCKS, ids=[case["local"] for case in LOCKS])
def test_the_hash_is_what_the_documentation_says(case: dict[str, str]) -> None:
    """The first 10 octets of SHA-256 over the context, the name and the key, with NUL between."""
    hashed = hashlib.sha256(f"edgemail-lock-1\0{case['name']}\0{case['key']}".encode()).digest()
    assert case["local"] == f"{case['name']}-k{base64.b32encode(hashed[:10]).decode().lower()}"


@pytest.mark.parametrize("local", VECTORS["no_locks"])
def test_another_local_part_has_no_lock(local: str) -> None:
    """Too short or long, of other characters, or with something behind."""
    assert find_lock(local) is None


@pytest.mark.parametrize("case", VECTORS["too_few_digits"], ids=lambda case: str(case["local"]))
def test_a_hash_with_fewer_than_two_digits_is_no_lock(
    case: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A word could be one. Who makes a lock draws another key."""
    assert sum(character.isdigit() for character in case["local"].removeprefix("shop-k")) == case["digits"] < 2
    assert find_lock(case["local"]) is None
    drawn = iter([base64.b32decode(key.upper() + "======") for key in (case["key"], LOCKS[0]["key"])])
    monkeypatch.setattr("edgemail.policy.inbox_lock.secrets.token_bytes", lambda _: next(drawn))
    assert make_lock("shop") == (LOCKS[0]["local"], LOCKS[0]["key"])


@pytest.mark.parametrize("case", VECTORS["keys"], ids=lambda case: str(case["key"]))
def test_a_key_has_one_text_form(case: dict[str, str]) -> None:
    assert write_key(bytes.fromhex(case["octets"])) == case["key"]
    assert is_key(case["key"])


@pytest.mark.parametrize("text", VECTORS["no_keys"])
def test_no_other_text_opens_it(text: str) -> None:
    """Not the key in upper case, padded, or with bits that a key does not have."""
    lock = find_lock(LOCKS[0]["local"])
    assert lock is not None
    assert not lock.opens_by([text])


def lock_of(text: str) -> InboxLock:
    """Return the lock that somebody made of a text."""
    hashed = hashlib.sha256(b"edgemail-lock-1\0shop\0" + text.encode("utf-8", "surrogatepass")).digest()
    return InboxLock("shop", base64.b32encode(hashed[:10]).decode().lower())


def test_what_is_no_key_opens_nothing_even_with_its_hash() -> None:
    """What can be guessed, and what is longer than any key."""
    for text in ("short", "", "a" * 21, "a" * 129):
        assert not is_key(text)
        assert not lock_of(text).opens_by([text])


def test_a_key_may_be_written_in_another_form() -> None:
    """Hexadecimal, base64, another alphabet: its text is what is hashed, and no other text opens the lock."""
    for text in (
        "0f" * 16,
        "Zm9vYmFyLWJhei1xdXV4LQ",
        "A" * 26,
        "a" * 128,
        "ключ-к-этому-ящику-12345",
        "\udc80" * 30,
    ):
        assert lock_of(text).opens_by([text])
        assert not lock_of(text).opens_by([text.swapcase() + "x", text[:-1]])


@settings(deadline=None)
@given(st.text(st.characters(exclude_characters="\0", codec="utf-8"), min_size=1).map(str.lower))
def test_what_is_made_opens_to_its_key_alone(name: str) -> None:
    """Whatever the name, also if it looks like a lock itself."""
    if name != name.lower():
        return  # a few letters change when they are lowered twice
    local, key = make_lock(name)
    lock = find_lock(local)
    assert lock is not None
    assert (lock.name, is_key(key)) == (name, True)
    assert lock.opens_by([key])
    assert not lock.opens_by([make_lock(name)[1]])


@pytest.mark.parametrize("name", ["", "Shop", "a\0b"])
def test_a_name_that_no_address_has_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="a name has"):
        make_lock(name)


@settings(deadline=None)
@given(st.text())
def test_any_text_is_looked_at(text: str) -> None:
    """Nothing raises, however strange."""
    lock = find_lock(text)
    if lock is not None:
        assert not lock.opens_by([text])


def test_a_field_has_several_keys() -> None:
    """With commas between; too many are none, so that a request costs little."""
    assert read_keys("abc") == ("abc",)
    assert read_keys(" abc ,\tdef") == ("abc", "def")
    assert read_keys("") == ("",)
    assert len(read_keys(",".join("a" * KEYS_MAX))) == KEYS_MAX
    assert read_keys(",".join("a" * (KEYS_MAX + 1))) == ()


def test_each_key_is_compared_whatever_is_right(monkeypatch: pytest.MonkeyPatch) -> None:
    """By a comparison in constant time; a wrong key, none and what is no key cost as much as the right one."""
    lock = find_lock(LOCKS[0]["local"])
    assert lock is not None
    compared: list[tuple[str, str]] = []
    real = hmac.compare_digest

    def compare(one: str, other: str) -> bool:
        compared.append((one, other))
        return bool(real(one, other))

    monkeypatch.setattr("edgemail.policy.inbox_lock.hmac.compare_digest", compare)
    for keys in ([LOCKS[0]["key"]], [OTHER_KEY], ["no key"], [], [""]):
        compared.clear()
        lock.opens_by(keys)
        assert [(len(one), other) for one, other in compared] == [(16, lock.ending)]
    compared.clear()
    lock.opens_by([LOCKS[0]["key"], OTHER_KEY, OTHER_KEY])
    assert len(compared) == 3


def test_what_the_guide_shows_is_true() -> None:
    """Its example, its words that are no lock, and its program."""
    guide = (Path(__file__).parents[2] / "docs/how-to/lock-an-inbox.md").read_text(encoding="utf-8")
    assert f"{LOCKS[0]['local']}@example.org     {LOCKS[0]['key']}\n" in guide
    assert "`shop-kitchenappliances`" in guide
    assert find_lock("shop-kitchenappliances") is None
    names: dict[str, Any] = {}
    exec(guide.partition("```python\n")[2].partition("```")[0], names)
    local, key = names["make_lock"]("shop")
    lock = find_lock(local)
    assert lock is not None
    assert lock.opens_by([key])
