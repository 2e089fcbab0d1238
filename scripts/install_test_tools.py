"""Install the programs that the tests run, on Debian or Ubuntu, as root or with sudo.

What is there already is left alone. Where something cannot be installed, say so on one line and end with 1.
No daemon is started, configured or replaced.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys

from testkit.tools import TOOLS, Tool

NO_CONFIGURATION = "postfix postfix/main_mailer_type select No configuration\n"


def main() -> None:
    """Install what is missing, then look again.

    Raises:
        SystemExit: with the line that names what is still missing.
    """
    to_install = [tool for tool in TOOLS if tool.packages and not tool.is_there()]
    reason = why_not() if to_install else ""
    if to_install and not reason:
        print("Reading Debian's lists of packages: apt-get update", flush=True)
        if as_root("apt-get", "update", "-qq"):
            as_root("debconf-set-selections", stdin=NO_CONFIGURATION)
            for tool in to_install:
                install(tool)
    if missing := [tool for tool in TOOLS if not tool.is_there()]:
        named = "; ".join(tool.title for tool in missing)
        hint = f" ({reason})" if reason else ""
        sys.exit(f"These tests lack: {named}{hint}. `make test-core` runs the tests that need none of it.")


def why_not() -> str:
    """Return why nothing can be installed here, "" if it can."""
    if shutil.which("apt-get") is None:
        return "there is no apt-get to install it"
    if os.geteuid() != 0 and shutil.which("sudo") is None:
        return "installing it takes root or sudo"
    return ""


def install(tool: Tool) -> None:
    """Install a tool's packages; of Exim, nginx and Caddy only the libraries.

    Exim's package would replace Postfix, those of nginx and Caddy start a server.
    """
    packages = list(tool.packages)
    if tool.fetcher is not None:
        asked = ["apt-cache", "depends", *packages]
        said = subprocess.run(asked, capture_output=True, text=True, check=False).stdout
        packages = re.findall(r"^  Depends: (lib\S+)$", said, re.MULTILINE)
    print(f"Installing {tool.title}: apt-get install {' '.join(packages)}", flush=True)
    # With --no-remove apt-get fails where a package would replace another one, such as a mail server.
    is_done = as_root(
        "apt-get", "install", "-y", "-qq", "--no-remove", "--no-upgrade", "--no-install-recommends", *packages
    )
    if is_done and tool.fetcher is not None:
        subprocess.run([tool.fetcher], check=False)


def as_root(*command: str, stdin: str = "") -> bool:
    """Run a command as root; say what it said, and return False, if it fails."""
    sudo = () if os.geteuid() == 0 else ("sudo",)
    environ = ("env", "DEBIAN_FRONTEND=noninteractive")
    done = subprocess.run([*sudo, *environ, *command], input=stdin, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        print(*[line for line in done.stderr.splitlines() if line.startswith("E:")], sep="\n", file=sys.stderr)
    return done.returncode == 0


if __name__ == "__main__":
    main()
