"""The rules of chaos: how they are written, and whom they choose."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgemail.policy.chaos import Chaos
from edgemail.policy.chaos_triggers import ChaosTrigger, change_triggers, find_triggers
from edgemail.policy.gate import Policy
from edgemail.settings import PolicySettings
from edgemail.settings.chaos_rules import ChaosRule, Stage, read_rule

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
        ("auth:535", ChaosRule("auth", 535)),
        ("connect:554:192.0.2.*", ChaosRule("connect", 554, glob="192.0.2.*")),
        ("AUTH:454:ann*", ChaosRule("auth", 454, glob="ann*")),
        ("data:451:1x", ChaosRule("data", 451, times=1)),
        ("rcpt:450:10%:3x:bob@*", ChaosRule("rcpt", 450, 10.0, "bob@*", 3)),
        ("mail:450:1000000000x:1x@x", ChaosRule("mail", 450, glob="1x@x", times=10**9)),
    ],
)
def test_a_rule_is_read_and_written(text: str, rule: ChaosRule) -> None:
    """`STAGE:CODE[:SHARE][:GLOB]`; a glob may hold colons."""
    assert read_rule(text) == rule
    assert read_rule(str(rule)) == rule


@given(
    st.sampled_from(["connect", "auth", "mail", "rcpt", "data"]),
    st.integers(400, 599),
    st.integers(1, 10**8),
    st.sampled_from(["", "1x:", "999x:"]),
    st.sampled_from(["*@x", "?@y", "<>", "*"]),
)
def test_every_rule_is_read_as_it_was_written(
    stage: str, code: int, millionths: int, times: str, glob: str
) -> None:
    """What `edgemail config` prints can be given back."""
    rule = read_rule(f"{stage}:{code}:{millionths / 10**6:.6f}%:{times}{glob}")
    assert read_rule(str(rule)) == rule


@pytest.mark.parametrize(
    "text",
    ["", "mail", "helo:451", "mail:200", "mail:600", "mail:45x", "mail:٤٥١", "mail:451:0%", "mail:451:101%",
     "mail:451:-1%", "mail:451:x%", "mail:451:1%:spam", "mail:451:<a@b>", "mail:451:10%:5%",
     "mail:451:0x", "mail:451:1000000001x", "mail:451:1x:1x",
     "mail:451:1x:10%", "mail:451:x", "mail:451:-1x", "mail:451:١x"],
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


def chosen_codes(chaos: Chaos, stage: Stage, name: str, count: int) -> list[int | None]:
    """Ask so many times; return the codes of the refusals."""
    rules = [chaos.choose(stage, [name]) for _ in range(count)]
    return [None if rule is None else rule.code for rule in rules]


def test_a_rule_with_a_number_refuses_as_often_and_is_over(caplog: pytest.LogCaptureFixture) -> None:
    """Once, then the next rule counts; what matches another address or stage is not counted."""
    chaos = Chaos(lambda: 0.0)
    chaos.change(map(read_rule, ["mail:451:2x:ann@*", "mail:452:1x"]))
    assert chosen_codes(chaos, "rcpt", ANN, 1) == [None]
    assert chosen_codes(chaos, "mail", BOB, 2) == [452, None]
    assert [str(rule) for rule in chaos.rules] == ["mail:451:2x:ann@*"]
    assert chosen_codes(chaos, "mail", ANN, 1) == [451]
    assert [str(rule) for rule in chaos.rules] == ["mail:451:1x:ann@*"]
    assert "chaos is off" not in caplog.text
    assert chosen_codes(chaos, "mail", ANN, 2) == [451, None]
    assert chaos.rules == ()
    assert "chaos is off: every rule has refused as often as it should" in caplog.text


def test_a_rule_that_does_not_refuse_is_not_spent() -> None:
    """A share is drawn first."""
    drawn = iter([0.9, 0.9, 0.0, 0.0])
    chaos = Chaos(lambda: next(drawn))
    chaos.change([read_rule("data:451:50%:1x")])
    assert chosen_codes(chaos, "data", ANN, 4) == [None, None, 451, None]


def test_settings_that_are_read_again_bring_spent_rules_back() -> None:
    """SIGHUP puts the settings' rules in force, as it does where the API has changed them."""
    settings = PolicySettings(min_free=None, chaos=(read_rule("mail:451:1x"),))
    policy = Policy(settings, Chaos())
    assert chosen_codes(policy.chaos, "mail", ANN, 2) == [451, None]
    policy.change(settings)
    assert chosen_codes(policy.chaos, "mail", ANN, 2) == [451, None]


def test_triggers_are_the_rules_for_everyone() -> None:
    """One a stage; a stage without one has none."""
    chaos = Chaos(lambda: 0.0)
    assert find_triggers(chaos, ("mail", "rcpt", "auth")) == {}
    chaos.change(
        map(read_rule, ["mail:450:a@*", "mail:451:10%", "mail:452", "rcpt:550:3x", "data:554", "auth:535:<>"])
    )
    assert find_triggers(chaos, ("mail", "rcpt", "auth")) == {
        "mail": ChaosTrigger(451, 10.0),
        "rcpt": ChaosTrigger(550, 100.0),
    }


def test_changed_triggers_replace_the_rules_of_their_stages() -> None:
    """A share of 0 leaves none there. Rules for some addresses and of other stages stay."""
    chaos = Chaos(lambda: 0.0)
    chaos.change(map(read_rule, ["mail:450:a@*", "mail:450", "rcpt:550:3x", "data:554"]))
    given = {"mail": ChaosTrigger(451, 0), "rcpt": ChaosTrigger(452, 2.5), "auth": ChaosTrigger(535, 100)}
    change_triggers(chaos, given)  # type: ignore[arg-type]
    assert [str(rule) for rule in chaos.rules] == ["mail:450:a@*", "data:554", "rcpt:452:2.5%", "auth:535"]
    change_triggers(chaos, {stage: ChaosTrigger(451, 0) for stage in ("mail", "rcpt", "auth")})
    assert [str(rule) for rule in chaos.rules] == ["mail:450:a@*", "data:554"]


@pytest.mark.parametrize(("code", "percent"), [(399, 1), (600, 1), (451, -1), (451, 100.5), (451, float("nan"))])
def test_a_trigger_that_means_nothing_is_a_mistake(code: int, percent: float) -> None:
    with pytest.raises(ValueError, match="not from"):
        ChaosTrigger(code, percent)
