"""`edgemail web`: the exported folder, what its page may reach, and the preview server."""

from __future__ import annotations

import html
import http.client
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import jwt
import pytest
from testkit.http_client import ask
from testkit.server_process import previewing
from testkit.time_limit import bounded

import edgemail
from edgemail.edge.export import read_database_url

__all__ = ["bounded"]

CLIENT = Path(edgemail.__file__).parent / "client"
FAR = 4_000_000_000
NEAR = "libsql://near.example.org"


def run(*arguments: str | Path, umask: int = -1) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "edgemail", "web", *map(str, arguments)],
        umask=umask,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def write_token(folder: Path, **claims: Any) -> Path:
    path = folder / "token.jwt"
    path.write_text(jwt.encode(claims, "0" * 32, algorithm="HS256") + "\n")
    return path


def export(
    folder: Path, *arguments: str, urls: tuple[str, ...] = (NEAR,), umask: int = -1
) -> subprocess.CompletedProcess[str]:
    """Export to `folder`/site with the token that is in `folder`."""
    databases = [part for url in urls for part in ("--db-url", url)]
    token = ("--token-file", folder / "token.jwt")
    return run(
        "export", "--out", folder / "site", *databases, *token, "--domain", "example.org", *arguments, umask=umask
    )


@pytest.fixture
def site(tmp_path: Path) -> Path:
    write_token(tmp_path, a="ro", exp=FAR)
    done = export(
        tmp_path, "--max-age", "7d", urls=(NEAR, "https://far.example.org:8443/", "http://127.0.0.1:8181")
    )
    assert done.returncode == 0, done.stderr
    return tmp_path / "site"


def policy_of(page: str) -> dict[str, str]:
    (policy,) = re.findall(r'<meta http-equiv="Content-Security-Policy" content="([^"]*)"', page)
    directives = (part.strip().partition(" ") for part in policy.split(";"))
    return {name: values for name, _, values in directives}


def test_the_folder_is_the_page_and_what_it_is_told(site: Path) -> None:
    """It has the page's files with relative paths, and `config.json`, but no API documentation."""
    assert json.loads((site / "config.json").read_text()) == {
        "source": "database",
        "urls": ["https://near.example.org", "https://far.example.org:8443", "http://127.0.0.1:8181"],
        "token": (site.parent / "token.jwt").read_text().strip(),
        "domains": ["example.org"],
        "maxAgeSeconds": 604_800,
    }
    ours = {".nojekyll", "404.html", "_headers", "config.json"}
    assert {path.name for path in site.iterdir()} == {path.name for path in CLIENT.iterdir()} - {"docs"} | ours
    for asset in (CLIENT / "assets").iterdir():
        assert (site / "assets" / asset.name).read_bytes() == asset.read_bytes()
    page = (site / "index.html").read_text()
    assert not re.findall(r'(?:src|href)="(?:/|[a-z]+:)', page)
    assert "docs/" not in page


def test_the_page_may_reach_those_databases_and_no_other_host(site: Path) -> None:
    """The policy differs in connect-src only; `_headers` repeats it with frame-ancestors."""
    policy = policy_of((site / "index.html").read_text())
    own = policy_of((CLIENT / "index.html").read_text())
    hosts = (
        "https://near.example.org wss://near.example.org https://far.example.org:8443 wss://far.example.org:8443 "
        "http://127.0.0.1:8181 ws://127.0.0.1:8181"
    )
    assert policy == own | {"connect-src": f"'self' {hosts}"}
    headers = (site / "_headers").read_text()
    assert "; ".join(f"{name} {values}" for name, values in policy.items()) + "; frame-ancestors 'none'" in headers


def test_the_sockets_script_is_asked_for_first_and_holds_nothing_up(site: Path) -> None:
    """One before the policy would escape it. Deferred scripts run in their order, before the page's code."""
    page = (site / "index.html").read_text()
    head = ["Content-Security-Policy", '<script defer src="assets/sockets-', 'rel="stylesheet"', 'type="module"']
    assert [page.count(part) for part in head] == [1, 1, 1, 1]
    assert sorted(head, key=page.index) == head
    (script,) = re.findall(
        r'<script defer src="(assets/sockets-[^"]*)" data-urls="([^"]*)" data-token="([^"]*)">', page
    )
    config = json.loads((site / "config.json").read_text())
    assert json.loads(html.unescape(script[1])) == config["urls"]
    assert html.unescape(script[2]) == config["token"]
    assert (site / script[0]).is_file()


def test_no_old_configuration_is_preloaded(site: Path) -> None:
    """A browser takes a preloaded file from its cache, in which a static host may let it keep an old token."""
    preload = '<link rel="preload" href="config.json"'
    assert preload in (CLIENT / "index.html").read_text()
    assert preload not in (site / "index.html").read_text()


def test_all_that_a_first_list_needs_is_fetched_at_once(site: Path) -> None:
    """With what that imports: a browser follows no import of a file that it preloads."""
    page = (site / "index.html").read_text()
    preloaded = re.findall(r'<link rel="modulepreload" href="assets/([^"]*)" />', page)
    assert len(preloaded) == len(set(preloaded))
    assert [name for name in preloaded if name.startswith(("open-", "inbox-view-"))]
    (main,) = re.findall(r'src="assets/(main-[^"]*)"', page)
    for name in (*preloaded, main):
        text = (site / "assets" / name).read_text()
        assert set(re.findall(r'(?:from|import)"\./([^"]+)"', text)) <= {*preloaded, main}, name


def test_it_says_that_everyone_can_read_everything(tmp_path: Path) -> None:
    """It also prints when the token expires, and the next step."""
    write_token(tmp_path, a="ro", exp=FAR)
    done = export(tmp_path)
    assert done.returncode == 0
    assert "everyone who can load the page can read the whole database" in done.stderr
    assert "expires at 2096-10-02" in done.stdout
    assert "edgemail web preview" in done.stdout
    assert "never expires" not in done.stderr
    assert json.loads((tmp_path / "site/config.json").read_text())["maxAgeSeconds"] is None


def test_a_token_that_never_expires_is_warned_of(tmp_path: Path) -> None:
    """It cannot be revoked."""
    write_token(tmp_path, a="ro")
    done = export(tmp_path)
    assert done.returncode == 0
    assert "warning: the token never expires" in done.stderr


@pytest.mark.parametrize(
    ("claims", "words"),
    [
        ({"a": "rw", "exp": FAR}, "may do more than read"),
        ({"exp": FAR}, "has no claim a"),
        ({"a": None, "exp": FAR}, "has no claim a"),
        ({"a": "RO", "exp": FAR}, "may do more than read"),
        ({"a": "ro", "p": {"rw": {}}, "exp": FAR}, "has a claim p"),
        ({"a": "ro", "p": None, "exp": FAR}, "has a claim p"),
        ({"a": "ro", "exp": 1}, "has expired"),
    ],
)
def test_a_token_that_may_write_is_not_published(claims: dict[str, Any], words: str, tmp_path: Path) -> None:
    """Nothing is written, and the error does not show the token."""
    token = write_token(tmp_path, **claims)
    done = export(tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert words in done.stderr
    assert token.read_text().strip() not in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "site").exists()


@pytest.mark.parametrize("text", ["", "t0k3n", "a b"])
def test_what_is_no_token_is_refused(text: str, tmp_path: Path) -> None:
    """In one line."""
    (tmp_path / "token.jwt").write_text(text)
    done = export(tmp_path)
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (1, "", 1)
    assert not (tmp_path / "site").exists()


@pytest.mark.parametrize(
    "url",
    [
        "http://near.example.org", "https://user:secret@near.example.org", "https://near.example.org/?authToken=secret",
        "ftp://near.example.org", "mail.db", "near.example.org", "https://", "https://*.example.org",
        "https://a.org;script-src https://b.org", "https://a.org'b", "https://a.org/x;y", "https://a.org/ https://b.org",
        'https://a.org/">', "https://a.org:99999", "http://127.0.0.1.example.org",
    ],
)  # fmt: skip
def test_a_url_that_a_page_cannot_or_must_not_ask_is_refused(url: str, tmp_path: Path) -> None:
    """A URL is refused if it is not encrypted, holds a secret, or could change the policy."""
    write_token(tmp_path, a="ro", exp=FAR)
    done = export(tmp_path, urls=(url,))
    assert (done.returncode, done.stdout) == (2, "")
    assert "secret" not in done.stderr
    assert not (tmp_path / "site").exists()


@pytest.mark.parametrize(
    ("text", "url", "origin"),
    [
        ("libsql://DB.example.org", "https://db.example.org", "https://db.example.org"),
        ("https://db.example.org:443/", "https://db.example.org", "https://db.example.org"),
        ("https://db.example.org/v/one/", "https://db.example.org/v/one", "https://db.example.org"),
        ("https://bücher.example", "https://xn--bcher-kva.example", "https://xn--bcher-kva.example"),
        ("http://localhost:8181", "http://localhost:8181", "http://localhost:8181"),
        ("http://[::1]:8181", "http://[::1]:8181", "http://[::1]:8181"),
    ],
)
def test_a_url_is_written_as_browsers_write_it(text: str, url: str, origin: str) -> None:
    """The policy must spell the host as browsers do, or it blocks everything."""
    found = read_database_url(text)
    assert (found.url, found.origin) == (url, origin)


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    """A folder with other files is refused, unless --force is given."""
    write_token(tmp_path, a="ro", exp=FAR)
    (tmp_path / "site").mkdir()
    (tmp_path / "site/thesis.txt").write_text("all of it")
    done = export(tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert "is not empty" in done.stderr
    assert [path.name for path in (tmp_path / "site").iterdir()] == ["thesis.txt"]
    assert export(tmp_path, "--force").returncode == 0
    assert (tmp_path / "site/thesis.txt").read_text() == "all of it"
    assert (tmp_path / "site/index.html").exists()


def test_an_earlier_export_is_replaced(site: Path) -> None:
    """Assets of the older version are deleted; other files stay."""
    (site / "assets/main-OLD.js").write_text("old")
    (site / "CNAME").write_text("mail.example.org")
    assert export(site.parent, urls=("https://new.example.org",)).returncode == 0
    assert not (site / "assets/main-OLD.js").exists()
    assert (site / "CNAME").read_text() == "mail.example.org"
    assert (
        policy_of((site / "index.html").read_text())["connect-src"]
        == "'self' https://new.example.org wss://new.example.org"
    )


def test_links_in_the_folder_are_replaced_and_not_followed(site: Path) -> None:
    """Another user who may write to the folder could have files elsewhere overwritten."""
    outside = site.parent / "outside"
    (outside / "assets").mkdir(parents=True)
    (outside / "file").write_text("kept")
    for name in ("index.html", "config.json", "_headers"):
        (site / name).unlink()
        (site / name).symlink_to(outside / "file")
    shutil.rmtree(site / "assets")
    (site / "assets").symlink_to(outside / "assets")
    assert export(site.parent, "--force").returncode == 0
    assert (outside / "file").read_text() == "kept"
    assert list((outside / "assets").iterdir()) == []
    assert not [path for path in site.rglob("*") if path.is_symlink() or path.name.startswith(".edgemail-")]
    assert json.loads((site / "config.json").read_text())["source"] == "database"


@pytest.mark.needs_root
def test_anothers_folder_in_a_directory_for_everyone_is_left_alone(tmp_path: Path) -> None:
    """Its owner could change the page afterwards."""
    write_token(tmp_path, a="ro", exp=FAR)
    (tmp_path / "site").mkdir()
    os.chown(tmp_path / "site", 12345, 12345)
    tmp_path.chmod(0o1777)
    done = export(tmp_path)
    assert done.returncode == 1
    assert "belongs to another user" in done.stderr
    assert list((tmp_path / "site").iterdir()) == []


async def test_the_preview_serves_the_folder_as_a_static_host_does(site: Path) -> None:
    """Each file has its type and is never cached; Ctrl-C ends the preview silently."""
    script = next((site / "assets").glob("main-*.js"))
    types = {
        "/": ("index.html", "text/html; charset=utf-8"),
        "/?x#/kim@example.org": ("index.html", "text/html; charset=utf-8"),
        "/config.json": ("config.json", "application/json"),
        "/icon.svg": ("icon.svg", "image/svg+xml"),
        "/manifest.webmanifest": ("manifest.webmanifest", "application/manifest+json"),
        f"/assets/{script.name}": (f"assets/{script.name}", "text/javascript; charset=utf-8"),
    }
    with previewing(site) as (url, process):
        for path, (name, kind) in types.items():
            answer = await ask(url, path)
            assert (answer.status, answer.body) == (200, (site / name).read_bytes())
            assert answer.headers["content-type"] == kind
            assert answer.headers["cache-control"] == "no-store"
            assert answer.headers["x-content-type-options"] == "nosniff"
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=30)
        assert (process.returncode, errors) == (0, "")


async def test_the_preview_gives_nothing_else(site: Path) -> None:
    """It serves no listing, no dot files, nothing outside the folder, and no foreign Host."""
    (site / "out").symlink_to("/etc")
    (site / "hidden").symlink_to(site / ".nojekyll")
    (site / "inside").symlink_to(site / "assets")
    paths = [
        "/assets/", "/assets", "/.nojekyll", "/%2enojekyll", "/../token.jwt", "/%2e%2e/token.jwt",
        "/..%2ftoken.jwt", "//etc/passwd", "/out/passwd", "/hidden", "/nothing", "/inside/", "/docs/", "/%00",
    ]  # fmt: skip
    with previewing(site) as (url, _):
        for path in paths:
            answer = await ask(url, path)
            assert answer.status in {301, 404}, path
            assert b"root:" not in answer.body
            if answer.status == 301:
                assert (await ask(url, answer.headers["location"])).status == 404
        for host, status in (("evil.example", 421), ("127.0.0.1", 200), ("localhost:8026", 200), ("", 421)):
            assert (await ask(url, "/", headers={"Host": host})).status == status
        assert (await ask(url, "/", "POST")).status == 501
        connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=10)
        connection.request("HEAD", "/")
        assert connection.getresponse().status == 200
        connection.close()


def test_a_preview_of_nothing_is_one_line(tmp_path: Path) -> None:
    """It says how to write a page."""
    done = run("preview", "--dir", tmp_path / "none")
    assert (done.returncode, done.stdout) == (1, "")
    assert "edgemail web export" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_preview_whose_port_is_taken_is_one_line(site: Path) -> None:
    """It names the flag that moves it."""
    with previewing(site) as (url, _):
        done = run("preview", "--dir", site, "--port", str(urlsplit(url).port))
    assert (done.returncode, done.stdout) == (78, "")
    assert "choose another port with --port" in done.stderr


def test_an_export_can_be_read_by_the_host_that_serves_it(site: Path) -> None:
    """The export has plain files only, no symbolic links."""
    for folder, _, names in os.walk(site):
        for name in names:
            path = Path(folder) / name
            assert path.is_file()
            assert not path.is_symlink()


def test_an_export_can_be_read_by_a_web_servers_user_whatever_the_umask(tmp_path: Path) -> None:
    """Under a umask of 077 the export is still readable; other files keep their mode."""
    write_token(tmp_path, a="ro", exp=FAR)
    for _ in ("first", "again"):
        assert export(tmp_path, umask=0o077).returncode == 0
        site = tmp_path / "site"
        ours = [site, *(path for path in site.rglob("*") if path.name != "CNAME")]
        assert len(ours) > 10
        assert {path.stat().st_mode & 0o777 for path in ours if path.is_dir()} == {0o755}
        assert {path.stat().st_mode & 0o777 for path in ours if path.is_file()} == {0o644}
        (site / "CNAME").write_text("mail.example.org")
        (site / "CNAME").chmod(0o600)
        site.chmod(0o700)
    assert (site / "CNAME").stat().st_mode & 0o777 == 0o600


def test_a_folder_of_something_else_keeps_its_mode(tmp_path: Path) -> None:
    """`--force` may name a home directory."""
    write_token(tmp_path, a="ro", exp=FAR)
    (tmp_path / "site").mkdir(mode=0o700)
    (tmp_path / "site/thesis.txt").write_text("all of it")
    assert export(tmp_path, "--force").returncode == 0
    assert (tmp_path / "site").stat().st_mode & 0o777 == 0o700
