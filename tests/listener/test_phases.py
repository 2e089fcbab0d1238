"""The phases of a connection, and what the modules of a listener know of each other."""

from __future__ import annotations

import ast
from itertools import product
from pathlib import Path

import pytest

from edgemail.listener import server
from edgemail.listener.connection import Connection
from edgemail.listener.context import ListenerContext
from edgemail.listener.phases import (
    CONTENT_IS_BEHIND,
    IS_OVER,
    IS_READ,
    NEXT_PHASE,
    OCTETS_WAIT,
    PEER_IS_DONE,
    PEER_IS_SLOW,
    TURN_IS_OVER,
    Phase,
    PhaseEvent,
    is_read,
)

ROOM = Path(str(server.__file__)).parent
PAUSES = (PEER_IS_SLOW, CONTENT_IS_BEHIND, OCTETS_WAIT, TURN_IS_OVER, PEER_IS_DONE)


def tree_of(name: str) -> ast.Module:
    return ast.parse((ROOM / f"{name}.py").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("event", "phase"), list(product(PhaseEvent, Phase)), ids=lambda one: getattr(one, "name", one)
)
def test_a_connection_moves_as_the_table_says(event: PhaseEvent, phase: Phase) -> None:
    """Cell by cell; an event that cannot happen in a phase is our own mistake."""
    connection = Connection.__new__(Connection)
    connection._phase = phase
    after = NEXT_PHASE[event].get(phase)
    if after is None:
        with pytest.raises(RuntimeError, match="cannot happen"):
            connection._enter(event)
        after = phase
    else:
        connection._enter(event)
    assert connection._phase is after


def test_nothing_follows_the_end() -> None:
    """From each phase a connection may be lost; from what is over it only ends."""
    assert set(NEXT_PHASE) == set(PhaseEvent)
    assert {NEXT_PHASE[PhaseEvent.LOST][phase] for phase in Phase} == {Phase.LOST}
    for row in NEXT_PHASE.values():
        assert {after for phase, after in row.items() if phase in IS_OVER} <= IS_OVER


@pytest.mark.parametrize("phase", Phase, ids=lambda phase: phase.name)
def test_reading_follows_from_the_phase_and_the_pauses(phase: Phase) -> None:
    """Any reason to pause is enough, and each is one of its own."""
    assert is_read(phase, 0) is (phase in IS_READ)
    assert not any(is_read(phase, pause) for pause in PAUSES)
    assert sum(PAUSES) == 2 ** len(PAUSES) - 1


def test_one_place_alone_moves_a_connection() -> None:
    """Besides the first phase, `_phase` is assigned once: by a look-up in the table."""
    found = [
        function.name
        for function in ast.walk(tree_of("connection"))
        if isinstance(function, ast.FunctionDef)
        for node in ast.walk(function)
        if isinstance(node, ast.Attribute) and node.attr == "_phase" and isinstance(node.ctx, ast.Store)
    ]
    assert found == ["__init__", "_enter"]


def test_a_connection_makes_three_calls_to_its_session() -> None:
    """It reads no attribute, nor does it pass the session on."""
    tree = tree_of("connection")
    sessions = [node for node in ast.walk(tree) if isinstance(node, ast.Attribute) and node.attr == "_session"]
    uses = {
        node.attr: ast.unparse(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.value in sessions
    }
    assert set(uses) == {"start", "receive", "tell"}
    calls = {node.func for node in ast.walk(tree) if isinstance(node, ast.Call)}
    called = [node for node in calls if isinstance(node, ast.Attribute) and node.value in sessions]
    stored = [node for node in sessions if isinstance(node.ctx, ast.Store)]
    assert len(called) + len(stored) == len(sessions)


def test_a_connection_has_a_frozen_context() -> None:
    """And knows no listener."""
    assert ListenerContext.__dataclass_params__.frozen  # type: ignore[attr-defined]
    assert not hasattr(ListenerContext, "__dict__") or "__slots__" in vars(ListenerContext)
    assert "edgemail.listener.server" not in (ROOM / "connection.py").read_text(encoding="utf-8")


@pytest.mark.parametrize("path", sorted(ROOM.glob("*.py")), ids=lambda path: path.stem)
def test_the_recorder_alone_counts(path: Path) -> None:
    """Nothing else in a listener changes a counter; the listener only hands them over."""
    names = {"counters", "_counters"}
    tree = ast.parse(path.read_text(encoding="utf-8"))
    used = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Attribute) and node.value.attr in names
    ]
    assert bool(used) is (path.stem == "recorder")
