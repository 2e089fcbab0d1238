"""`make bench`: prints edgemail's figures beside its peers', from one run."""

from __future__ import annotations

import argparse
import os
import platform
import sys

from bench import memory, throughput

_CONNECTIONS = (1, 10, 50)


def main() -> None:
    """Measure, and print a table; progress goes to the standard error."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--connections", type=int, nargs="*", default=_CONNECTIONS, metavar="N")
    arguments = parser.parse_args()
    print(f"{platform.platform()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    print(f"Messages of {throughput.BODY_OCTETS} octets, sent by smtp-source -d; medians of rounds in turns.\n")
    print("| connections | server | messages/s | edgemail is | CPU us/message |")
    print("| --: | --- | --: | --: | --: |")
    for connections in arguments.connections:
        figures = throughput.measure(connections, _say)
        ours = figures[0][1]
        for name, figure in figures:
            ratio = f"{ours.messages_s / figure.messages_s:.2f} x"
            print(
                f"| {connections} | {name} | {figure.messages_s:,.0f} | {ratio} | {figure.cpu_us:.0f} |", flush=True
            )
    _say("memory")
    used = memory.measure()
    print(f"\nResident memory, idle: {used.idle / 2**20:.1f} MiB")
    print(f"With {memory.CONNECTIONS:,} idle connections: {used.a_connection / 1024:.1f} KiB each")


def _say(text: str) -> None:
    print(f"  {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
