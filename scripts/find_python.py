"""Print the path of a Python of a version or later: `python3 -m scripts.find_python 3.12`.

It looks at the Python that runs it, then in PATH, then among pyenv's versions. Where there is none, it
ends with 1.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

NEWEST_MINOR = 14
VERSION_S = 30.0


def main() -> None:
    """Print the first that is recent enough.

    Raises:
        SystemExit: there is none.
    """
    wanted = int(sys.argv[1].removeprefix("3."))
    for python in candidates(wanted):
        if is_recent(python, wanted):
            print(python)
            return
    sys.exit(1)


def candidates(minor: int) -> Iterator[str]:
    """List the paths of Pythons that may be recent enough."""
    yield sys.executable
    versions = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    for found in range(minor, NEWEST_MINOR + 1):
        path = shutil.which(f"python3.{found}")
        if path is not None:
            yield path
        yield from map(str, versions.glob(f"3.{found}.*/bin/python"))


def is_recent(python: str, minor: int) -> bool:
    """Return True if a Python runs, is recent enough, and can make environments."""
    ask = f"import ensurepip, sys, venv; sys.exit(sys.version_info < (3, {minor}))"
    return subprocess.run([python, "-c", ask], capture_output=True, timeout=VERSION_S, check=False).returncode == 0


if __name__ == "__main__":
    main()
