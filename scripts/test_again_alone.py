"""Runs the few tests that failed beside others once more, one after the other, with nothing beside them.

Most tests use sockets, browsers and clocks, and a run of all of them keeps every processor busy. A
test that passes alone is named in the last lines: it, or the program, does not stand a busy machine.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Final

import pytest

MOST: Final = 5
"""With more failures than this, it is not the machine."""
_FAILED: Final = Path(".pytest_cache/v/cache/lastfailed")


def main() -> int:
    """Return pytest's exit status."""
    failed: list[str] = sorted(json.loads(_FAILED.read_text(encoding="utf-8")))
    if len(failed) > MOST:
        print(f"{len(failed)} tests failed: too many to try again alone.", flush=True)
        return pytest.ExitCode.TESTS_FAILED
    print(f"\nOnce more, alone: {', '.join(failed)}", flush=True)
    status = pytest.main(["--numprocesses=0", *failed])
    if status == pytest.ExitCode.OK:
        print(f"Failed beside other tests, passed alone. Mend it: {', '.join(failed)}", flush=True)
    return status


if __name__ == "__main__":
    sys.exit(main())
