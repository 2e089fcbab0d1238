"""`make soak`: load, faults and readers for a given time; a line a minute, and a verdict."""

from __future__ import annotations

import argparse
import asyncio
import random
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

from testkit.hostile_peers import raise_own_limit

from bench.soak import restart
from bench.soak.killed import Killed
from bench.soak.lasting import Lasting
from bench.soak.server import quantile, small_disk

_MIB = 2**20
_LONG_MINUTES = 10
_KILLS = 50
"""The fewest kills of a long run, however long they take."""
_MEMORY_MAX_BYTES = 300 * _MIB
_GROWTH_MAX_BYTES = 64 * _MIB
_DESCRIPTORS_MORE = 8
_KEPT_P99_S = 5.0
_HONEST_P99_S = 5.0
"""Generous, as other work shares the machine; `_measure_lag` shows how busy it is."""
_SHARE_LEAST = 0.3
_RESTART_S = 2.0
_MISTAKES_SHOWN = 20
_TICK_S = 0.05


def main() -> int:
    """Run the soak; return the exit status."""
    parser = argparse.ArgumentParser(prog="make soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--restart-messages", type=int, default=1_000_000, metavar="N")
    arguments = parser.parse_args()
    raise_own_limit()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that servers and disks are cleaned up
    folder = Path(tempfile.mkdtemp(prefix=".soak-", dir=Path.cwd()))
    reasons: list[str] = []
    try:
        (folder / "killed").mkdir()
        with small_disk(folder / "lasting") as is_small:
            if not is_small:
                print("No tmpfs can be mounted here (that needs root): the disk will not be full.", flush=True)
            chance = random.Random(arguments.seed)
            killed = Killed(folder / "killed", random.Random(chance.random()))
            lasting = Lasting(folder / "lasting", random.Random(chance.random()), is_small)
            asyncio.run(_soak(killed, lasting, arguments.minutes))
        reasons += _judge(killed, lasting, arguments.minutes)
        if arguments.restart_messages:
            (folder / "restart").mkdir()
            starts_s = restart.measure(folder / "restart", arguments.restart_messages, 3)
            said = ", ".join(f"{starts_:.2f} s" for starts_ in starts_s)
            print(f"starts with {arguments.restart_messages:,} messages, after kills: {said}", flush=True)
            if min(starts_s) > _RESTART_S:  # the best of them, as the machine has other work too
                reasons.append(f"no start took less than {_RESTART_S:.0f} s")
    except KeyboardInterrupt:
        reasons.append("stopped before its time")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    for reason in reasons[:_MISTAKES_SHOWN]:
        print(f"  {reason}")
    if len(reasons) > _MISTAKES_SHOWN:
        print(f"  and {len(reasons) - _MISTAKES_SHOWN} more")
    print(f"FAIL: {len(reasons)} reasons, above" if reasons else "PASS: nothing that got its 250 was lost")
    return 1 if reasons else 0


async def _soak(killed: Killed, lasting: Lasting, minutes: float) -> None:
    end = time.monotonic() + minutes * 60
    kills = _KILLS if minutes >= _LONG_MINUTES else 0

    def is_over() -> bool:
        return time.monotonic() > end and killed.kills >= kills

    lags_s: list[float] = []
    beside = [asyncio.create_task(_tell(killed, lasting, minutes)), asyncio.create_task(_measure_lag(lags_s))]
    await asyncio.gather(killed.run(is_over), lasting.run(is_over))
    for task in beside:
        task.cancel()
    print(f"at the end: {_describe(killed, lasting)}")
    lag_ms = [1000 * quantile(lags_s, share) for share in (0.5, 0.99)]
    print(f"this program itself came late by: p50 {lag_ms[0]:.0f} ms, p99 {lag_ms[1]:.0f} ms", flush=True)


async def _measure_lag(lags_s: list[float]) -> None:
    """Record how late this program wakes up: no server here can answer faster than that."""
    while True:
        began = time.monotonic()
        await asyncio.sleep(_TICK_S)
        lags_s.append(time.monotonic() - began - _TICK_S)


async def _tell(killed: Killed, lasting: Lasting, minutes: float) -> None:
    """Print a line a minute; on a terminal, also a status line each second."""
    began, shown = time.monotonic(), 0
    for second in range(1, sys.maxsize):
        await asyncio.sleep(max(0.0, began + second - time.monotonic()))
        mistakes = [*killed.ledger.mistakes, *lasting.ledger.mistakes]
        if len(mistakes) > shown:
            shown = len(mistakes)
            print(f"MISTAKE (of {shown}): {mistakes[-1]}", flush=True)
        is_terminal = sys.stderr.isatty()
        if second % 60 == 0:
            print(f"{second // 60:3} min: {_describe(killed, lasting)}", flush=True)
        elif is_terminal:
            text = (
                f"{second} of {minutes * 60:.0f} s, {killed.kills} kills, {killed.messages + lasting.messages} kept"
            )
            print(f"\r\x1b[K  {text}", end="\r", file=sys.stderr, flush=True)


def _describe(killed: Killed, lasting: Lasting) -> str:
    memory = lasting.watch.memory_bytes if lasting.watch is not None else []
    mistakes = len(killed.ledger.mistakes) + len(lasting.ledger.mistakes)
    took_ms = [1000 * quantile(killed.took_s, share) for share in (0.5, 0.99)]
    honest_ms = [1000 * quantile(killed.honest_s, share) for share in (0.5, 0.99)]
    return (
        f"{killed.kills} kills, {killed.stops} stops; 250s {killed.messages:,} + {lasting.messages:,}; "
        f"compared {killed.ledger.verified:,} + {lasting.ledger.verified:,}; mistakes {mistakes}; "
        f"250 p50 {took_ms[0]:.0f} ms, p99 {took_ms[1]:.0f} ms; "
        f"beside a flood p50 {honest_ms[0]:.0f} ms, p99 {honest_ms[1]:.0f} ms; "
        f"memory {max(killed.most_memory_bytes, *memory, 0) / _MIB:.0f} MiB at most, "
        f"{memory[-1] / _MIB if memory else 0:.0f} MiB now; "
        f"start {quantile(killed.starts_s, 0.5):.2f} s, {max(killed.starts_s, default=0):.2f} s at most"
    )


def _judge(killed: Killed, lasting: Lasting, minutes: float) -> list[str]:
    reasons = [*killed.ledger.mistakes, *lasting.ledger.mistakes]
    reasons += [f"an honest sender was refused beside a flood: {failure}" for failure in killed.honest_failed]
    print(f"replies to messages: {dict(killed.ledger.codes)}; on the small disk {dict(lasting.ledger.codes)}")
    print(
        f"kept though their senders were told that it takes too long: {killed.ledger.kept_late}, "
        f"{lasting.ledger.kept_late}"
    )
    late_ms = 1000 * max(lasting.recoveries_s, default=0)
    print(f"troubles that passed: {lasting.troubles}; mail was taken again after {late_ms:.0f} ms at most")
    fair = quantile(killed.shares, 0.5)
    print(f"of equal senders, the slowest had {fair:.2f} of what the quickest had (median of rounds)")
    print(f"descriptors of the lasting server: {lasting.first_descriptors}, at the end {lasting.last_descriptors}")
    memory = lasting.watch.memory_bytes if lasting.watch is not None else []
    early, late = memory[: len(memory) // 3], memory[-len(memory) // 3 :]
    growth = (quantile([*map(float, late)], 0.5) - quantile([*map(float, early)], 0.5)) if memory else 0.0
    print(f"memory of the lasting server, last third beside the first: {growth / _MIB:+.1f} MiB", flush=True)
    figures = [
        ("most memory, MiB", max(killed.most_memory_bytes, *memory, 0) / _MIB, _MEMORY_MAX_BYTES / _MIB),
        ("growth of memory, MiB", growth / _MIB, _GROWTH_MAX_BYTES / _MIB),
        ("p99 of 250 in calm, s", quantile(killed.took_s, 0.99), _KEPT_P99_S),
        ("p99 of 250 in calm, on the small disk, s", quantile(lasting.took_s, 0.99), _KEPT_P99_S),
        ("p99 of an honest sender beside a flood, s", quantile(killed.honest_s, 0.99), _HONEST_P99_S),
        ("more descriptors at the end", lasting.last_descriptors - lasting.first_descriptors, _DESCRIPTORS_MORE),
        ("what a sender lacks of an equal one's share", 1 - fair if killed.shares else 0, 1 - _SHARE_LEAST),
    ]
    reasons += [f"{name}: {value:.3g}, more than {limit:.3g}" for name, value, limit in figures if value > limit]
    if not killed.messages or not lasting.messages or not killed.kills:
        reasons.append("nothing was tried")
    if minutes >= _LONG_MINUTES and killed.kills < _KILLS:
        reasons.append(f"only {killed.kills} kills")
    return reasons


if __name__ == "__main__":
    sys.exit(main())
