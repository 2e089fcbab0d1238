"""Many inputs without a fuzzing engine: `python -m fuzz.swarm session --runs 10000000`.

No coverage is measured, so an input takes less time. Each block of inputs is made of a few pieces
only, since too many hide some faults (swarm testing, Groce et al. 2012).
"""

from __future__ import annotations

import argparse
import hashlib
import random
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from fuzz.arguments import check_parser
from fuzz.invariants import check_session
from fuzz.messages import check_reader
from fuzz.mutations import READER, Mutator
from fuzz.play import HEADER_OCTETS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

CHECKS: dict[str, Callable[[bytes], None]] = {
    "session": check_session,
    "parsers": check_parser,
    READER: check_reader,
}
BLOCK_INPUTS = 1000
HANG_S = 10
_PIECES_MAX = 24
_PARTS_MAX = 20
_OPENING = b"EHLO a\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<c@example.com>\r\n"
_REPORT_S = 10.0


class Swarm:
    """Makes inputs: the same ones for the same seed."""

    def __init__(self, part: str) -> None:
        self._part = part
        self._mutator = Mutator(part)
        skipped = {"session": HEADER_OCTETS, READER: 0}.get(part, 1)
        lines = {line for octets in self._mutator.corpus for line in octets[skipped:].splitlines(keepends=True)}
        self._pieces = sorted(lines | set(self._mutator.words))

    def make_block(self, seed: int, number: int) -> Iterator[bytes]:
        """Make the inputs of one block, half of them changed seeds, half put together anew."""
        chance = random.Random(seed << 32 | number)
        pieces = chance.sample(self._pieces, chance.randint(3, _PIECES_MAX))
        for _ in range(BLOCK_INPUTS // 2):
            yield self._mutator.mutate(chance.choice(self._mutator.corpus), chance)
            yield self._put_together(pieces, chance)

    def _put_together(self, pieces: list[bytes], chance: random.Random) -> bytes:
        if self._part == READER:
            return b"".join(chance.choices(pieces, k=chance.randint(1, _PARTS_MAX)))
        if self._part != "session":
            return chance.randbytes(1) + b"".join(chance.choices(pieces, k=chance.randint(1, 4)))
        opening = _OPENING[: chance.choice((0, 8, 35, len(_OPENING), len(_OPENING)))]
        rest = chance.choices(pieces, k=chance.randint(1, _PARTS_MAX))
        ends = chance.choice((b"", b"", b"\r\n"))
        return chance.randbytes(HEADER_OCTETS) + opening + ends.join(rest)


def run(part: str, runs: int, seed: int) -> int:
    """Check `runs` inputs and return their number; write one that breaks a rule to a file."""
    check, swarm = CHECKS[part], Swarm(part)
    signal.signal(signal.SIGALRM, _raise_timeout)
    done, started, reported = 0, time.monotonic(), time.monotonic()
    for number in range(-(-runs // BLOCK_INPUTS)):
        for octets in swarm.make_block(seed, number):
            signal.alarm(HANG_S)
            try:
                check(octets)
            except BaseException:
                print(f"{part}: seed {seed}, block {number}: {_write_down(part, octets)} breaks a rule", flush=True)
                raise
            done += 1
        signal.alarm(0)
        if time.monotonic() - reported > _REPORT_S:
            reported = time.monotonic()
            print(f"{part}: {done} inputs, {done / (reported - started):.0f}/s", flush=True)
    took_s = time.monotonic() - started
    print(
        f"{part}: {done} inputs in {took_s:.0f} s ({done / took_s:.0f}/s), seed {seed}: no rule is broken",
        flush=True,
    )
    return done


def _raise_timeout(_: int, __: FrameType | None) -> None:
    raise TimeoutError(f"an input took longer than {HANG_S} s")


def _write_down(part: str, octets: bytes) -> Path:
    path = Path(".fuzz") / f"{part}-swarm-{hashlib.sha256(octets).hexdigest()[:12]}"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(octets)
    return path


def main() -> None:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(prog="python -m fuzz.swarm")
    parser.add_argument("part", choices=sorted(CHECKS))
    parser.add_argument("--runs", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1, help="another one makes other inputs")
    given = parser.parse_args()
    try:
        run(given.part, given.runs, given.seed)
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
