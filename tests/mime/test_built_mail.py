"""Messages whose reading is known, because they were built from it."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edgemail import mime
from tests.mime.built_mail import build
from tests.mime.describing import describe


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.randoms(use_true_random=False))
def test_a_built_message_reads_as_it_was_built(chance: Random) -> None:
    """Of any shape, with any charset, encoding and kind of name; and so does what is attached to it."""
    mail = build(chance)
    assert describe(mail.octets, mail.expect) == mail.expect


@pytest.mark.slow
def test_a_thousand_built_messages_read_as_they_were_built() -> None:
    """More of them, without a search for small ones."""
    for seed in range(1000):
        mail = build(Random(seed))
        assert describe(mail.octets, mail.expect) == mail.expect, f"seed {seed}"
        assert mime.read(mail.octets).summary == mime.summarize(mail.octets)
