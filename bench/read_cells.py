"""Measures the three commonest reads among much mail: edgemail's beside those of other mail catchers.

All are asked by turns, by one client over one connection, each time about another inbox.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import random
import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from bench.asking import Question, answers_of, asking
from bench.catchers import fill, find_address, find_user, find_word, wait_for_summaries
from bench.peers import CATCHERS, EDGEMAIL
from bench.results import Aim, Table
from bench.servers import NotStartedError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from bench.peers import Peer
    from bench.progress import Progress
    from bench.results import Section
    from bench.servers import Server

AIMS_MS = {"list of 50": 0.7, "message": 0.6, "search in an inbox": 1.5}
"""The aim of each read: edgemail's median among `KEPT` messages, in milliseconds."""
KEPT = 100_000
ROUNDS = 3
_SETTLE_S = 120.0


@dataclass(frozen=True)
class _Api:
    """The paths of a server's API, by an inbox's user."""

    listing: Callable[[str], str]
    message: Callable[[str, str], str]
    find_ids: Callable[[Any], list[str]]
    """Finds the ids in the answer to `listing`."""
    search: Callable[[str, str], str] | None = None


_APIS = {
    "edgemail": _Api(
        lambda user: f"/api/inboxes/{find_address(user)}/messages?limit=50",
        lambda user, mail_id: f"/api/inboxes/{find_address(user)}/messages/{mail_id}",
        lambda answer: [str(message["id"]) for message in answer["messages"]],
        lambda user, word: f"/api/inboxes/{find_address(user)}/messages?limit=50&search={word}",
    ),
    "Mailpit": _Api(
        lambda user: f"/api/v1/search?limit=50&query=to:{quote(find_address(user))}",
        lambda _, mail_id: f"/api/v1/message/{mail_id}",
        lambda answer: [message["ID"] for message in answer["messages"]],
        lambda user, word: f"/api/v1/search?limit=50&query=to:{quote(find_address(user))}%20{word}",
    ),
    "Inbucket": _Api(
        lambda user: f"/api/v1/mailbox/{user}",
        lambda user, mail_id: f"/api/v1/mailbox/{user}/{mail_id}",
        lambda answer: [message["id"] for message in answer],
    ),
}
PEERS = tuple(peer for peer in CATCHERS if peer.name in _APIS)


def steps(peers: Sequence[Peer] = PEERS) -> int:
    """Return the number of steps of `measure`."""
    return len(peers) + ROUNDS


def measure(
    section: Section,
    folder: Path,
    progress: Progress,
    *,
    questions: int,
    kept: int = KEPT,
    peers: Sequence[Peer] = PEERS,
) -> None:
    """Measure each server that can be started, and add a table, figures and aims to `section`."""
    times: dict[str, dict[str, list[float]]] = {}
    missing: list[str] = []
    with contextlib.ExitStack() as stack:
        servers: dict[str, Server] = {}
        for peer in peers:
            progress.step(f"{peer.name}: filling it with {kept:,} messages")
            place = folder / f"read-{peer.name}"
            place.mkdir()
            try:
                server = stack.enter_context(peer.run(place))
                fill(server, kept)
                server.tree.settle(_SETTLE_S)
                if peer is EDGEMAIL:
                    wait_for_summaries(server, kept)
            except (NotStartedError, OSError) as error:
                missing.append(f"{peer.name}: {error}")
                continue
            servers[peer.name] = server
        for turn in range(ROUNDS):
            progress.step("the three reads, by turns")
            for name, server in servers.items():
                for cell, asked in _write_questions(_APIS[name], server, kept, questions, seed=turn).items():
                    with asking(server.http_port, asked) as reader:
                        answers = answers_of(reader)
                    if set(answers["statuses"]) != {"200"}:
                        missing.append(f"{name}, {cell}: statuses {answers['statuses']}")
                        continue
                    times.setdefault(cell, {}).setdefault(name, []).append(answers["ms"]["p50"])
    medians = {
        cell: {name: statistics.median(several) for name, several in by_name.items()}
        for cell, by_name in times.items()
    }
    section.figures["cells_ms"] = medians
    section.tables.append(_tabulate(medians, list(servers), kept, missing))
    section.aims += _judge(medians, kept)


def _write_questions(api: _Api, server: Server, kept: int, count: int, seed: int) -> dict[str, list[Question]]:
    """Write the requests of each cell, about messages chosen at random with a seed."""
    chance = random.Random(seed)
    numbers = [chance.randrange(kept) for _ in range(count)]
    users = [find_user(number) for number in numbers]
    connection = http.client.HTTPConnection("127.0.0.1", server.http_port, timeout=60)
    with contextlib.closing(connection):
        messages = [api.message(user, chance.choice(_list_ids(connection, api, user))) for user in users]
    found = {"list of 50": [api.listing(user) for user in users], "message": messages}
    if api.search is not None:
        found["search in an inbox"] = [
            api.search(user, find_word(number)) for user, number in zip(users, numbers, strict=True)
        ]
    return {cell: [Question("GET", path) for path in paths] for cell, paths in found.items()}


def _list_ids(connection: http.client.HTTPConnection, api: _Api, user: str) -> list[str]:
    connection.request("GET", api.listing(user))
    return api.find_ids(json.loads(connection.getresponse().read()))


def _tabulate(
    medians: dict[str, dict[str, float]], names: Sequence[str], kept: int, missing: Sequence[str]
) -> Table:
    rows = []
    for cell, aim_ms in AIMS_MS.items():
        found = medians.get(cell, {})
        rows.append([cell, f"{aim_ms:.1f}", *(f"{found[name]:.2f}" if name in found else "-" for name in names)])
    note = f"Medians of {ROUNDS} rounds by turns, each of p50, over one connection. {'; '.join(missing)}".strip()
    return Table(
        f"The three commonest reads among {kept:,} messages", ["p50 ms", "aim for edgemail", *names], rows, note
    )


def _judge(medians: dict[str, dict[str, float]], kept: int) -> list[Aim]:
    aims = []
    for cell, aim_ms in AIMS_MS.items():
        ms = medians.get(cell, {}).get("edgemail")
        if ms is not None:
            aims.append(
                Aim(f"{cell} among {kept:,} messages: p50 within {aim_ms:.1f} ms", f"{ms:.2f} ms", ms <= aim_ms)
            )
    return aims
