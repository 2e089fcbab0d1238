"""Exports the web client as a folder for any static host.

The exported page reads the database itself, with a read-only token that every visitor can see.
"""

from __future__ import annotations

import html
import json
import re
import shutil
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from edgemail.errors import ExportError, TokenError
from edgemail.settings import is_server_url, read_db, read_origin
from edgemail.store.remote.tokens import read_permit
from edgemail.system.file_ownership import is_owned_by_another_user, replace_file
from edgemail.system.sockets import is_loopback

if TYPE_CHECKING:
    from datetime import datetime

    from edgemail.store.remote.tokens import Permit

_POLICY: Final = re.compile(r'(?<=<meta http-equiv="Content-Security-Policy" content=")[^"]*(?=")')
_NO_SCRIPT: Final = re.compile(r"(?<=<noscript>).*?(?=</noscript>)", re.DOTALL)
_CONNECT: Final = "connect-src 'self'"
_LEFT_OUT: Final = frozenset({"docs"})
"""The API's documentation, as a static host has no API."""
_FILE_MODE: Final = 0o644
"""Readable for the web server's user, whatever the umask. Nothing in the folder is secret."""
_FOLDER_MODE: Final = 0o755

_SCHEME: Final = re.compile("^http")
_STYLES: Final = '    <link rel="stylesheet"'
"""The sockets' script stands before it, so that browsers ask for that first."""
_EARLY: Final = """\
    <script defer src="assets/{sockets}" data-urls="{urls}" data-token="{token}"></script>
"""
"""``defer``: otherwise Chromium asks for nothing else of the page until it has run (60 ms of 180)."""
_CONFIG: Final = '    <link rel="preload" href="config.json" as="fetch" crossorigin />\n'
"""Left out: a preload takes a file that the browser has kept, and static hosts let it keep old ones."""
_HEAD_END: Final = "  </head>"
_PRELOAD: Final = '    <link rel="modulepreload" href="assets/{file}" />\n'
_IMPORT: Final = re.compile(r'(?:from|import)"\./([^"]+\.js)"')
"""An import in a built file. Browsers do not follow those of a file that is preloaded."""

_HEADERS: Final = """\
/*
  Content-Security-Policy: {policy}; frame-ancestors 'none'
  X-Frame-Options: DENY
  X-Content-Type-Options: nosniff
  Referrer-Policy: no-referrer
  Cross-Origin-Opener-Policy: same-origin
  Cross-Origin-Resource-Policy: same-origin
/assets/*
  Cache-Control: public, max-age=31536000, immutable
"""
_NOT_FOUND: Final = """\
<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta http-equiv="Content-Security-Policy" content="default-src 'none'" />
    <meta name="robots" content="noindex" />
    <title>Not found</title>
  </head>
  <body>
    <p>There is nothing here.</p>
  </body>
</html>
"""


@dataclass(frozen=True, slots=True)
class DatabaseUrl:
    """The URL of a database for browsers, and its origin for the Content-Security-Policy."""

    url: str
    origin: str


@dataclass(frozen=True, slots=True)
class SiteConfig:
    """The configuration of an exported page. Mail older than `max_age_s` is about to be deleted."""

    databases: tuple[DatabaseUrl, ...]
    token: str
    domains: tuple[str, ...]
    max_age_s: float | None


def read_database_url(text: str) -> DatabaseUrl:
    """Parse the URL of a database that an exported page reads.

    Raises:
        ValueError: the URL cannot be used. The message completes the sentence "<text> …".
    """
    complaint = "is not the URL of a database; write one such as https://replica.example.org"
    if not is_server_url(text):
        raise ValueError(complaint)
    url = read_db(text).replace("libsql://", "https://", 1)
    parts = urlsplit(url)
    try:
        origin = read_origin(f"{parts.scheme}://{parts.netloc}")
    except ValueError:
        raise ValueError(complaint) from None
    if not re.fullmatch(r"(/[A-Za-z0-9._~-]+)*/?", parts.path):
        raise ValueError(complaint)
    if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
        raise ValueError("is not encrypted, so browsers block it on https pages; write https:// or libsql://")
    return DatabaseUrl(origin + parts.path.rstrip("/"), origin)


def check_token(token: str, now: datetime) -> Permit:
    """Return the permit of a token that is safe to publish: read-only and not expired.

    Raises:
        TokenError: the token must not be published. The message completes the sentence "it …".
    """
    permit = read_permit(token)
    if permit.has_rules:
        raise TokenError("has a claim p, which takes the place of a, and may allow writing")
    if permit.access is None:
        raise TokenError("has no claim a, and so it may write")
    if not permit.may_only_read:
        raise TokenError(f'may do more than read: its claim a is "{permit.access}"')
    if permit.is_expired(now):
        raise TokenError(f"has expired, at {permit.expires_at:%Y-%m-%d %H:%M:%SZ}")
    return permit


def export_site(site: SiteConfig, out: Path, *, force: bool = False) -> None:
    """Write the page and its configuration into a folder.

    Other files in the folder, such as a CNAME, are left alone. Links in the folder are replaced, not followed.

    Raises:
        ExportError: the page is not built, the folder is not empty and no earlier export (unless
            `force`), another user may have prepared it, or a file cannot be written.
    """
    client = Path(str(files("edgemail"))) / "client"
    if not (client / "index.html").is_file():
        raise ExportError("the page is not built: run `make client` (it needs Node.js 20 or later)")
    page, policy = _insert_policy((client / "index.html").read_text(encoding="utf-8"), site)
    page = _insert_early_scripts(page, site, client / "assets")
    if is_owned_by_another_user(out):
        raise ExportError(f"{out} belongs to another user, who could change the page; name another folder")
    try:
        is_update = _is_export(out)
        if not is_update and not force and out.exists() and (not out.is_dir() or any(out.iterdir())):
            raise ExportError(f"{out} is not empty, and no earlier export; name another folder, or add --force")
        if is_update:
            shutil.rmtree(out / "assets", ignore_errors=True)  # file names change with each version
        if is_update or not out.exists():
            out.mkdir(parents=True, exist_ok=True)
            out.chmod(_FOLDER_MODE)
        for source in client.iterdir():
            if source.is_dir() and source.name not in _LEFT_OUT:
                _copy_folder(source, out / source.name)
            elif source.is_file():
                replace_file(out / source.name, source.read_bytes(), _FILE_MODE)
        for name, text in {
            "index.html": page,
            "config.json": _write_config(site),
            "404.html": _NOT_FOUND,
            "_headers": _HEADERS.format(policy=policy),
            ".nojekyll": "",
        }.items():
            replace_file(out / name, text.encode(), _FILE_MODE)
    except OSError as error:
        raise ExportError(f"{error.filename or out} cannot be written: {error.strerror or error}") from error


def _copy_folder(source: Path, to: Path) -> None:
    if to.is_symlink():
        to.unlink()
    to.mkdir(exist_ok=True)
    to.chmod(_FOLDER_MODE)
    for entry in source.iterdir():
        if entry.is_dir():
            _copy_folder(entry, to / entry.name)
        else:
            replace_file(to / entry.name, entry.read_bytes(), _FILE_MODE)


def _insert_policy(page: str, site: SiteConfig) -> tuple[str, str]:
    """Return the page with a policy that allows only these databases, and that policy."""
    found = _POLICY.search(page)
    if found is None or found[0].count(_CONNECT) != 1:
        raise ExportError("the page was built without its policy: run `make client` again")
    origins = " ".join(
        dict.fromkeys(
            origin
            for database in site.databases
            for origin in (database.origin, _SCHEME.sub("ws", database.origin))
        )
    )
    policy = found[0].replace(_CONNECT, f"{_CONNECT} {origins}")
    stamped = page[: found.start()] + policy + page[found.end() :]
    return _NO_SCRIPT.sub("This page needs JavaScript.", stamped), policy


def _insert_early_scripts(page: str, site: SiteConfig, assets: Path) -> str:
    """Return the page with what opens its sockets and asks the first questions before its own code has come.

    What reads a database and shows an inbox is fetched together with that code, and not after it.
    """
    early = _EARLY.format(
        sockets=_name_built(assets, "sockets"),
        urls=html.escape(json.dumps([database.url for database in site.databases])),
        token=html.escape(site.token),
    )
    files = _find_imports(assets, [_name_built(assets, part) for part in ("open", "inbox-view")])
    preloads = "".join(_PRELOAD.format(file=file) for file in files if f'href="assets/{file}"' not in page)
    if _CONFIG not in page:
        raise ExportError("the page is not of this version: run `make client` again")
    return (
        page.replace(_CONFIG, "", 1)
        .replace(_STYLES, early + _STYLES, 1)
        .replace(_HEAD_END, preloads + _HEAD_END, 1)
    )


def _find_imports(assets: Path, names: list[str]) -> list[str]:
    """Return built files with all that they import when they are loaded."""
    found = list(names)
    for name in found:
        imported = _IMPORT.findall((assets / name).read_text(encoding="utf-8"))
        found += [other for other in dict.fromkeys(imported) if other not in found]
    return found


def _name_built(assets: Path, part: str) -> str:
    """Return the name of a part of the built page, which has a hash of its content in it."""
    for file in assets.glob(f"{part}-????????.js"):
        return file.name
    raise ExportError(f"the page was built without its {part}: run `make client` again")


def _write_config(site: SiteConfig) -> str:
    age_s = site.max_age_s
    config = {
        "source": "database",
        "urls": [database.url for database in site.databases],
        "token": site.token,
        "domains": list(site.domains),
        "maxAgeSeconds": int(age_s) if age_s is not None and age_s == int(age_s) else age_s,
    }
    return json.dumps(config, ensure_ascii=False, indent=2) + "\n"


def _is_export(folder: Path) -> bool:
    """Return True if the folder holds an earlier export."""
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(config, dict) and config.get("source") == "database" and (folder / "index.html").is_file()
