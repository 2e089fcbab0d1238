"""What a gate refuses is refused, and nothing else changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from edgemail.smtp import Close, Deliver, Reply, Session, SessionRules
from tests.smtp.streams import codes, run

if TYPE_CHECKING:
    from collections.abc import Iterable

    from edgemail.model import Address

_BUSY = Reply.of(450, "4.7.1 Too fast", reason="too_fast")
_NEVER = Reply.of(550, "5.7.1 No", reason="denied")
_BYE = Reply.of(421, "4.7.0 Bye", reason="bye")
_OPENING = b"EHLO a\r\nMAIL FROM:<a@x>\r\n"


class _Refusing:
    """Refuses at one of the questions."""

    def __init__(self, question: str, refusal: Reply, inbox: str = "no@ex.org") -> None:
        self._question = question
        self._refusal = refusal
        self._inbox = inbox
        self.spent = 0

    def judge_login(self, name: str) -> Reply | None:
        return self._refusal if self._question == "login" and name == "Ann" else None

    def judge_sender(self, sender: Address | None) -> Reply | None:
        assert str(sender) == "a@x"
        return self._refusal if self._question == "sender" else None

    def judge_size(self, size_octets: int) -> Reply | None:
        return self._refusal if self._question == "size" and size_octets > 100 else None

    def spend_message(self) -> None:
        self.spent += 1

    def judge_recipient(self, sender: Address | None, inbox: str) -> Reply | None:
        assert str(sender) == "a@x"
        return self._refusal if self._question == "recipient" and inbox == self._inbox else None

    def judge_message(self, sender: Address | None, inboxes: Iterable[str]) -> Reply | None:
        assert str(sender) == "a@x"
        assert list(inboxes) == ["yes@ex.org"]
        return self._refusal if self._question == "message" else None


def _play(gate: _Refusing, octets: bytes) -> tuple[list[int], bool, bool]:
    outputs = run(Session(SessionRules("mx.example.net"), gate), [octets])
    return codes(outputs), any(isinstance(output, Deliver) for output in outputs), isinstance(outputs[-1], Close)


@pytest.mark.parametrize("refusal", [_BUSY, _NEVER])
def test_a_refused_sender_has_no_transaction(refusal: Reply) -> None:
    """RFC 5321 section 3.3: without an accepted MAIL there is none."""
    assert _play(_Refusing("sender", refusal), _OPENING + b"RCPT TO:<yes@ex.org>\r\n") == (
        [250, refusal.code, 503],
        False,
        False,
    )


@pytest.mark.parametrize("refusal", [_BUSY, _NEVER])
def test_a_refused_size_has_no_transaction_and_spends_nothing(refusal: Reply) -> None:
    """RFC 1870 section 6.1: a smaller message, and one of no declared size, may come."""
    gate = _Refusing("size", refusal)
    sent = b"EHLO a\r\nMAIL FROM:<a@x> SIZE=101\r\nRCPT TO:<yes@ex.org>\r\nMAIL FROM:<a@x> SIZE=100\r\n"
    assert _play(gate, sent + b"RSET\r\nMAIL FROM:<a@x>\r\n") == (
        [250, refusal.code, 503, 250, 250, 250],
        False,
        False,
    )
    assert gate.spent == 2


@pytest.mark.parametrize("refusal", [_BUSY, _NEVER])
def test_a_refused_recipient_does_not_hinder_the_others(refusal: Reply) -> None:
    """RFC 5321 section 3.3: each RCPT has its own answer."""
    sent = _OPENING + b"RCPT TO:<no@ex.org>\r\nRCPT TO:<yes@ex.org>\r\nDATA\r\nHi\r\n.\r\n"
    codes_seen, is_delivered, _ = _play(_Refusing("recipient", refusal), sent)
    assert codes_seen[:5] == [250, 250, refusal.code, 250, 354]
    assert is_delivered


@pytest.mark.parametrize("refusal", [_BUSY, _NEVER])
def test_a_refused_data_ends_the_transaction(refusal: Reply) -> None:
    """The next MAIL needs no RSET, and content that came behind it is not taken for a message."""
    sent = _OPENING + b"RCPT TO:<yes@ex.org>\r\nDATA\r\nMAIL FROM:<a@x>\r\n"
    assert _play(_Refusing("message", refusal), sent) == ([250, 250, 250, refusal.code, 250], False, False)


@pytest.mark.parametrize("refusal", [_BUSY, _NEVER])
def test_a_refused_bdat_is_read_and_dropped(refusal: Reply) -> None:
    """RFC 3030 section 2: the chunk's octets come whatever the answer is."""
    sent = _OPENING + b"RCPT TO:<yes@ex.org>\r\nBDAT 6 LAST\r\nQUIT\r\nNOOP\r\n"
    assert _play(_Refusing("message", refusal), sent) == ([250, 250, 250, refusal.code, 250], False, False)


@pytest.mark.parametrize("question", ["sender", "recipient", "message"])
@pytest.mark.parametrize("how", [b"DATA\r\n", b"BDAT 0 LAST\r\n"])
def test_a_421_closes(question: str, how: bytes) -> None:
    """RFC 5321 section 3.8: who says 421 closes the channel."""
    sent = _OPENING + b"RCPT TO:<yes@ex.org>\r\n" + how
    codes_seen, is_delivered, is_closed = _play(_Refusing(question, _BYE, "yes@ex.org"), sent)
    assert (codes_seen[-1], is_delivered, is_closed) == (421, False, True)


@pytest.mark.parametrize("requires_auth", [False, True])
@pytest.mark.parametrize(("refusal", "closes"), [(_BUSY, False), (_NEVER, False), (_BYE, True)])
def test_a_refused_login_is_not_compared(refusal: Reply, closes: bool, requires_auth: bool) -> None:
    """RFC 4954 section 4: it is told once the credentials have come. Another name may come after it."""
    rules = SessionRules("mx.example.net", offers_auth=True, requires_auth=requires_auth)
    session = Session(rules, _Refusing("login", refusal))
    outputs = run(session, [b"EHLO a\r\nAUTH PLAIN\r\n", b"AEFubgBi\r\n"])
    assert codes(outputs) == [250, 334, refusal.code]
    assert isinstance(outputs[-1], Close) is closes
    if not closes:
        assert codes(run(session, [b"AUTH LOGIN Ym9i\r\nYg==\r\n"])) == [334, 235]
