"""Mail catchers of developers, built by fetch-go: Mailpit, Inbucket, MailHog. Each keeps all that it is sent."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path
from typing import TYPE_CHECKING

from bench.servers import NotStartedError, Server, free_port, running, wait_for_greeting

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

BUILT = Path(__file__).parent / ".go"


@contextlib.contextmanager
def run_mailpit(folder: Path) -> Iterator[Server]:
    """Run Mailpit with a database on the disk."""
    smtp, http = free_port(), free_port()
    arguments = [f"--smtp=127.0.0.1:{smtp}", f"--listen=127.0.0.1:{http}", f"--database={folder / 'mailpit.db'}"]
    arguments += ["--max=0", "--quiet", "--disable-version-check", "--smtp-disable-rdns"]
    with _running("Mailpit", "mailpit", arguments, {}, (smtp, http), folder) as server:
        yield server


@contextlib.contextmanager
def run_inbucket(folder: Path) -> Iterator[Server]:
    """Run Inbucket with its file store."""
    smtp, http = free_port(), free_port()
    mail, page = folder / "mail", folder / "page"
    mail.mkdir(exist_ok=True)
    page.mkdir(exist_ok=True)
    settings = {
        "LOGLEVEL": "error",
        "SMTP_ADDR": f"127.0.0.1:{smtp}",
        "SMTP_MAXMESSAGEBYTES": "50000000",
        "POP3_ADDR": f"127.0.0.1:{free_port()}",
        "WEB_ADDR": f"127.0.0.1:{http}",
        "WEB_UIDIR": str(page),
        "STORAGE_TYPE": "file",
        "STORAGE_PARAMS": f"path:{mail}",
        "STORAGE_MAILBOXMSGCAP": "0",
    }
    environment = {f"INBUCKET_{name}": value for name, value in settings.items()}
    with _running("Inbucket", "inbucket", [], environment, (smtp, http), folder) as server:
        yield server


@contextlib.contextmanager
def run_mailhog(folder: Path) -> Iterator[Server]:
    """Run MailHog, which keeps mail in memory."""
    smtp, http = free_port(), free_port()
    arguments = [f"-smtp-bind-addr=127.0.0.1:{smtp}"]
    arguments += [f"-{part}-bind-addr=127.0.0.1:{http}" for part in ("api", "ui")]
    with _running("MailHog", "MailHog", arguments, {}, (smtp, http), folder) as server:
        yield server


@contextlib.contextmanager
def _running(
    name: str,
    program: str,
    arguments: list[str],
    environment: Mapping[str, str],
    ports: tuple[int, int],
    folder: Path,
) -> Iterator[Server]:
    path = BUILT / program
    if not path.exists():
        raise NotStartedError("it is not built: bench/peers/fetch-go does that, where Go is there")
    started = time.perf_counter()
    with running([path, *arguments], log=folder / f"{program}.log", environment=environment) as process:
        wait_for_greeting(ports[0], process)
        yield Server(name, ports[0], process.pid, ports[1], start_s=time.perf_counter() - started)
