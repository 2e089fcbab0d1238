"""`python -m bench.finder`: precision and recall of the finder of codes and links, on both of its sets of mails."""

from __future__ import annotations

import argparse

from testkit.finder_mails import SETS, read_mails, score


def main() -> None:
    """Print a table; with `--failures`, what went wrong in the set that may be tuned to."""
    parser = argparse.ArgumentParser(prog="python -m bench.finder", description=__doc__)
    parser.add_argument("--failures", action="store_true", help="list the failures in the tuning set")
    show = parser.parse_args().failures
    heads = f"{'expected':>8} {'found':>6} {'right':>6} {'precision':>9} {'recall':>7}"
    print(f"{'set':<8} {'mails':>5} {'kind':<6} {heads}")
    for name in SETS:
        mails = read_mails(name)
        codes, links, wrong = score(mails)
        for kind, one in (("codes", codes), ("links", links)):
            counts = f"{one.expected:>8} {one.found:>6} {one.right:>6}"
            print(f"{name:<8} {len(mails):>5} {kind:<6} {counts} {one.precision:>9.3f} {one.recall:>7.3f}")
        if show and name == "tuning":
            print("\n".join(f"  {line}" for line in wrong))


if __name__ == "__main__":
    main()
