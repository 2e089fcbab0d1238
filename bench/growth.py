"""Measures how a message's cost grows with stored mail, connections, size and recipients."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from bench import plot
from bench.asking import Question, answers_of, asking
from bench.figures import Spread, fit_exponent, is_worse_than_n_log_n
from bench.filling import address, fill, inboxes_of
from bench.load import Load, send
from bench.results import Aim, Section, Table
from bench.servers import Server, run_edgemail

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from bench.progress import Progress

_KEPT, _FULL_KEPT = (1_000, 10_000, 100_000), (1_000, 10_000, 100_000, 1_000_000)
_CONNECTIONS, _FULL_CONNECTIONS = (1, 10, 100, 500), (1, 3, 10, 30, 100, 300, 1_000)
_BODIES, _FULL_BODIES = (
    (1_000, 10_000, 100_000, 1_000_000, 10_000_000),
    (
        *(1_000, 3_000, 10_000, 30_000, 100_000, 300_000),
        *(1_000_000, 3_000_000, 10_000_000, 25_000_000),
    ),
)
_RECIPIENTS, _FULL_RECIPIENTS = (1, 10, 100), (1, 3, 10, 30, 100, 300, 1_000)
_MESSAGES, _FULL_MESSAGES = 1_000, 4_000
_OCTETS = 60_000_000
_ROUNDS = 3
_TAIL = 4
_LOADED = 20
"""The sending connections, unless the number of connections is what grows."""


@dataclass(frozen=True)
class Growth:
    """The cost for each `n`, with its unit."""

    name: str
    unit: str
    is_each: bool
    """True if the cost is of one among n messages: then n of them may cost at most n log n."""
    points: list[tuple[float, float]]

    @property
    def tail(self) -> list[tuple[float, float]]:
        """The total costs of the largest n, where a message's fixed cost hides the least."""
        return self.totals[-_TAIL:]

    @property
    def totals(self) -> list[tuple[float, float]]:
        """The total cost for each n."""
        return [(n, cost * n if self.is_each else cost) for n, cost in self.points]


def steps(*, is_full: bool) -> int:
    """Return the number of steps of `measure`."""
    sets = (_FULL_KEPT, _FULL_CONNECTIONS, _FULL_BODIES, _FULL_RECIPIENTS)
    return sum(map(len, sets if is_full else (_KEPT, _CONNECTIONS, _BODIES, _RECIPIENTS)))


def measure(folder: Path, progress: Progress, *, is_full: bool) -> Section:
    """Measure everything."""
    section = Section("growth", is_full)
    messages = _FULL_MESSAGES if is_full else _MESSAGES
    growths = _grow_kept(folder, progress, _FULL_KEPT if is_full else _KEPT, messages)
    with run_edgemail(folder, str(folder / "growth.db"), {"max_recipients": "1000"}) as server:
        sets = (
            ("connections", True, [Load(4_000, n) for n in (_FULL_CONNECTIONS if is_full else _CONNECTIONS)]),
            ("octets of a body", False, [Load(n, _LOADED) for n in (_FULL_BODIES if is_full else _BODIES)]),
            (
                "recipients",
                False,
                [Load(4_000, _LOADED, recipients=n) for n in (_FULL_RECIPIENTS if is_full else _RECIPIENTS)],
            ),
        )
        for name, is_each, loads in sets:
            growths.append(_grow(server, name, loads, messages, progress, is_each=is_each))
    section.tables.append(_tabulate(growths))
    for growth in growths:
        is_worse = is_worse_than_n_log_n(growth.tail)
        figure = f"exponent {fit_exponent(growth.tail):.2f}"
        section.aims.append(Aim(f"{growth.name}: no worse than n log n", figure, not is_worse))
        section.plots[re.sub(r"\W+", "-", growth.name)] = plot.line_chart(
            f"Cost by {growth.name}",
            {growth.unit: growth.points},
            x_label=growth.name,
            y_label="",
            log_x=True,
            log_y=True,
        )
    section.figures["growths"] = [asdict(growth) for growth in growths]
    return section


def _grow_kept(folder: Path, progress: Progress, sizes: Sequence[int], messages: int) -> list[Growth]:
    costs: dict[str, list[tuple[float, float]]] = {"add": [], "list": [], "delete": []}
    for kept in sizes:
        progress.step(f"{kept:,} messages kept")
        path = folder / f"kept-{kept}.db"
        fill(path, kept)
        with run_edgemail(folder, str(path)) as server:
            server.tree.settle(60)
            rounds = [send(server, Load(4_000, _LOADED), messages, settles=False).cpu_us for _ in range(_ROUNDS)]
            costs["add"].append((kept, Spread.of(rounds).median))
            count = min(kept // 4, 250)
            lists = [
                Question("GET", f"/api/inboxes/{address(n % inboxes_of(kept))}/messages")
                for n in range(0, 7 * count, 7)
            ]
            deletes = [Question("DELETE", f"/api/messages/{1 + n * (kept // count)}") for n in range(count)]
            for name, questions in (("list", lists), ("delete", deletes)):
                used_s = server.cpu_s()
                with asking(server.http_port, questions) as reader:
                    answers_of(reader)
                costs[name].append((kept, (server.cpu_s() - used_s) / count * 1e6))
        path.unlink()
    unit = "CPU us an operation"
    return [Growth(f"messages kept, {name}", unit, True, points) for name, points in costs.items()]


def _grow(
    server: Server, name: str, loads: Sequence[Load], messages: int, progress: Progress, *, is_each: bool
) -> Growth:
    """Measure the CPU time of a message under each load; `n` is what the loads differ in."""
    points = []
    for load in loads:
        progress.step(str(load))
        n = {"connections": load.connections, "recipients": load.recipients}.get(name, load.body_bytes)
        wanted = min(messages, _OCTETS // load.body_bytes, 20_000 // load.recipients)
        count = max(wanted, load.connections * (2 if load.body_bytes < 1_000_000 else 1))
        rounds = [send(server, load, count, settles=False).cpu_us for _ in range(_ROUNDS)]
        points.append((float(n), Spread.of(rounds).median))
    return Growth(name, "CPU us a message", is_each, points)


def _tabulate(growths: Sequence[Growth]) -> Table:
    rows = []
    for growth in growths:
        costs = ", ".join(f"{plot.write_number(n)}: {cost:,.0f}" for n, cost in growth.points)
        verdict = "worse than n log n" if is_worse_than_n_log_n(growth.tail) else "within n log n"
        rows.append([growth.name, growth.unit, costs, f"{fit_exponent(growth.tail):.2f}", verdict])
    columns = ["n", "cost", "n: cost", "exponent", ""]
    note = "The processor time until the last 250, which a busy machine hardly changes; medians of three rounds. "
    note += f"The exponent is of what n cost together, fitted to the {_TAIL} largest n."
    return Table("Growth", columns, rows, note)
