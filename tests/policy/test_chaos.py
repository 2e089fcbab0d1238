"""The rules of chaos: how they are written, and whom they choose."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgemail.policy.chaos import Chaos
from edgemail.settings.chaos_rules import ChaosRule, read_rule

ANN, BOB = "ann@a.example", "bob@b.example"


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("mail:451", ChaosRule("mail", 451)),
        ("MAIL:451:10%", ChaosRule("mail", 451, 10.0)),
        ("rcpt:550:*@slow.example", ChaosRule("rcpt", 550, glob="*@slow.example")),
        ("data:421:0.25%:Bob@*", ChaosRule("data", 421, 0.25, "bob@*")),
        ("rcpt:599:a@[IPv6:2001:db8::1]", ChaosRule("rcpt", 599, glob="a@[ipv6:2001:db8::1]")),
        ("mail:400:100%:<>", ChaosRule("mail", 400, glob="<>")),
    ],
)
def test_a_rule_is_read_and_written(text: str, rule: ChaosRule) -> None:
    """`STAGE:CODE[:SHARE][:GLOB]`; a glob may hold colons."""
    assert read_rule(text) == rule
    assert read_rule(str(rule)) == rule


@given(
    st.sampled_from(["mail", "rcpt", "data"]),
    st.integers(400, 599),
    st.integers(1, 10**8),
    st.sampled_from(["*@x", "?@y", "<>"]),
)
def test_every_rule_is_read_as_it_was_written(stage: str, code: int, millionths: int, glob: str) -> None:
    """What `edgemail config` prints can be given back."""
    rule = read_rule(f"{stage}:{code}:{millionths / 10**6:.6f}%:{glob}")
    assert read_rule(str(rule)) == rule


@pytest.mark.parametrize(
    "text",
    ["", "mail", "helo:451", "mail:200", "mail:600", "mail:45x", "mail:٤٥١", "mail:451:0%", "mail:451:101%",
     "mail:451:-1%", "mail:451:x%", "mail:451:1%:spam", "mail:451:<a@b>", "mail:451:10%:5%"],
)  # fmt: skip
def test_a_rule_that_means_nothing_is_a_mistake(text: str) -> None:
    """It would be looked for in vain."""
    with pytest.raises(ValueError, match=" "):
        read_rule(text)


def test_the_share_is_drawn_for_each_question() -> None:
    """Below the share it refuses; at it and above it does not."""
    drawn = iter([0.0, 0.0999, 0.1, 0.9])
    chaos = Chaos(lambda: next(drawn))
    chaos.change([read_rule("mail:451:10%")])
    assert [chaos.choose("mail", [ANN]) is not None for _ in range(4)] == [True, True, False, False]


def test_the_first_rule_that_refuses_counts() -> None:
    """A rule for another stage or another address is passed over."""
    chaos = Chaos(lambda: 0.0)
    chaos.change(map(read_rule, ["mail:451:ann@*", "rcpt:452:ann@*", "rcpt:550", "data:554:bob@*"]))
    assert chaos.choose("mail", [BOB]) is None
    chosen = [
        chaos.choose("mail", [ANN]),
        chaos.choose("rcpt", [ANN]),
        chaos.choose("rcpt", [BOB]),
        chaos.choose("data", [ANN, BOB]),
    ]
    assert [rule and rule.code for rule in chosen] == [451, 452, 550, 554]


def test_a_change_is_said_aloud(caplog: pytest.LogCaptureFixture) -> None:
    """Nobody should wonder why mail is refused."""
    chaos = Chaos()
    chaos.change([read_rule("mail:451:10%")])
    chaos.change([])
    assert [record.levelname for record in caplog.records] == ["WARNING"] * 2
    assert "mail:451:10%" in caplog.text
