"""The image of deploy/Dockerfile: what it says, and how it runs for whoever is used to Mailpit's."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
from testkit.image import ROOT, read_image, running_image, send_and_list

if TYPE_CHECKING:
    from pathlib import Path

IMAGE = read_image()


def test_the_image_says_what_mailpits_says() -> None:
    """Ports, a volume, a health check by the program itself; base images by name, from no registry of another."""
    assert IMAGE.ports == [1025, 8025]
    assert IMAGE.volumes == ["/data"]
    assert IMAGE.health == ["/mailpit", "readyz"]
    assert IMAGE.user == "0"
    assert all(re.fullmatch(r"(node|python):[0-9.]+-slim", base) for base in IMAGE.bases)
    assert any(command.startswith("apt-get install") and "wget" in command for command in IMAGE.commands)


def test_both_architectures_are_built_from_one_page() -> None:
    """The page is built on the builder's own machine; every wheel with compiled parts is there for both."""
    text = (ROOT / "deploy/Dockerfile").read_text(encoding="utf-8")
    first, *others = re.findall(r"^FROM (.*)$", text, re.MULTILINE)
    assert first.startswith("--platform=$BUILDPLATFORM ")
    assert not any("--platform" in other for other in others)
    assert re.search(r"amd64|x86_64", text.partition("FROM")[2]) is None


@pytest.mark.parametrize("user", [pytest.param(0, marks=pytest.mark.slow), 12345])
@pytest.mark.needs_root
@pytest.mark.needs_two_machines
def test_it_runs_on_a_read_only_root_as_any_user(user: int, tmp_path: Path) -> None:
    """No capability, no home, no temporary folder: only /data can be written. A large message is spooled there."""
    with running_image(IMAGE, tmp_path, user=user) as container:
        container.wait_ready()
        assert container.said[-1].endswith('msg="[http] accessible via http://localhost:8025/"\n')
        assert container.run(*IMAGE.health).returncode == 0
        assert container.run("sh", "-c", "touch /x || touch /tmp/x || edgemail --version").stdout.startswith(
            "edgemail "
        )
        assert send_and_list(container) == ["Hello"]
        assert send_and_list(container, size=50_000) == ["Hello", "Hello"]
        owner = container.run("stat", "-c", "%u", "/data/edgemail.db").stdout
        assert owner == f"{user}\n"
        status, errors = container.stop()
    assert status == 0
    assert "Traceback" not in errors
    assert "ERROR" not in errors


@pytest.mark.needs_root
@pytest.mark.needs_two_machines
@pytest.mark.slow
def test_a_public_server_runs_as_any_user_on_a_read_only_root(tmp_path: Path) -> None:
    """Its own certificate and the operator's Maildir are beside the database."""
    with running_image(IMAGE, tmp_path, user=12345, arguments=["serve", "--domain", "example.org"]) as container:
        container.wait_ready()
        assert container.run(*IMAGE.health).returncode == 0
        kept = container.run("ls", "/data").stdout.split()
        assert {"edgemail.db", "edgemail.db.operator", "edgemail.db.pem"} <= set(kept)
        assert container.stop()[0] == 0


@pytest.mark.parametrize(
    "check",
    [
        "wget -qO- localhost:8025/readyz",
        "wget --no-verbose --tries=1 --spider http://localhost:8025/readyz",
        "wget -q -O /dev/null http://127.0.0.1:8025/readyz || exit 1",
    ],
)
@pytest.mark.needs_root
@pytest.mark.needs_two_machines
@pytest.mark.needs_wget
@pytest.mark.slow
def test_health_checks_by_wget_work(check: str, tmp_path: Path) -> None:
    """They stand in many Compose files."""
    with running_image(IMAGE, tmp_path, user=12345) as container:
        container.wait_ready()
        assert container.run("sh", "-c", check).returncode == 0


@pytest.mark.needs_root
@pytest.mark.needs_two_machines
@pytest.mark.slow
def test_the_health_check_fails_where_nothing_answers(tmp_path: Path) -> None:
    """Its status is 1, as engines want it."""
    with running_image(
        IMAGE, tmp_path, environ={"EDGEMAIL_HTTP": "127.0.0.1:9"}, arguments=["--http", "127.0.0.1:8025"]
    ) as container:
        container.wait_ready()
        assert container.run(*IMAGE.health).returncode == 1


@pytest.mark.needs_root
@pytest.mark.needs_two_machines
@pytest.mark.slow
def test_mailpits_variables_and_arguments_rule(tmp_path: Path) -> None:
    """They stand before the image's own settings; the health check follows them."""
    environ = {
        "MP_SMTP_BIND_ADDR": "[::]:2025", "MP_UI_BIND_ADDR": "0.0.0.0:9025", "MP_WEBROOT": "mail",
        "MP_DATABASE": "/data/mailpit.db", "MP_SMTP_AUTH_ACCEPT_ANY": "1", "MP_SMTP_AUTH_ALLOW_INSECURE": "1",
        "MP_MAX_MESSAGES": "5000",
    }  # fmt: skip
    with running_image(IMAGE, tmp_path, user=1000, environ=environ, arguments=["--max", "700"]) as container:
        container.wait_ready()
        assert container.said[-1].endswith('accessible via http://localhost:9025/mail/"\n')
        assert container.run(*IMAGE.health).returncode == 0
        assert send_and_list(container, 2025, 9025) == ["Hello"]
        assert container.run("ls", "/data/mailpit.db").returncode == 0
        shown = json.loads(container.run("edgemail", "config", "--json").stdout)
        assert shown["max_messages"] == {"value": "5000", "source": "environment MP_MAX_MESSAGES"}
        status, errors = container.stop()
    assert status == 0
    assert errors.count("these do nothing here: MP_SMTP_AUTH_ALLOW_INSECURE") == 1


@pytest.mark.needs_root
@pytest.mark.needs_two_machines
@pytest.mark.slow
def test_root_keeps_mail_where_mailpit_did(tmp_path: Path) -> None:
    """Sail has /var/mailpit.db, others a folder of root's that nobody else may write to."""
    owned = tmp_path / "owned"
    owned.mkdir(mode=0o755)
    root = tmp_path / "root"
    root.mkdir()
    with running_image(
        IMAGE, root, environ={"MP_DATABASE": "/var/mail.db"}, mounts={"/data": owned}, is_read_only=False
    ) as container:
        container.wait_ready()
        assert send_and_list(container) == ["Hello"]
        assert container.stop()[0] == 0
    assert (root / "var/mail.db").exists()
    other = tmp_path / "other"
    other.mkdir()
    with running_image(IMAGE, other, mounts={"/data": owned}) as container:
        container.wait_ready()
        assert send_and_list(container) == ["Hello"]
    assert (owned / "edgemail.db").exists()


@pytest.mark.needs_root
@pytest.mark.needs_two_machines
@pytest.mark.slow
def test_a_folder_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    """The status is that of wrong settings, so that nobody starts it again and again."""
    owned = tmp_path / "owned"
    owned.mkdir(mode=0o755)
    root = tmp_path / "root"
    root.mkdir()
    with running_image(IMAGE, root, user=12345, mounts={"/data": owned}) as container:
        status, errors = container.wait()
    said = "/data/edgemail.db cannot be opened: Permission denied; choose another place with --db\n"
    assert (status, errors) == (78, said)


@pytest.mark.needs_root
@pytest.mark.needs_two_machines
@pytest.mark.parametrize("environ", [{}, {"EDGEMAIL_TLS": "self-made"}], ids=["plain", "tls"])
@pytest.mark.slow
def test_a_store_in_memory_needs_no_folder(environ: dict[str, str], tmp_path: Path) -> None:
    """Not even the volume may be written then; what is large, and a key, stay in memory."""
    owned = tmp_path / "owned"
    owned.mkdir(mode=0o755)
    root = tmp_path / "root"
    root.mkdir()
    environ = {"EDGEMAIL_DB": "memory", **environ}
    with running_image(IMAGE, root, user=12345, environ=environ, mounts={"/data": owned}) as container:
        container.wait_ready()
        assert send_and_list(container, size=50_000) == ["Hello"]
        assert container.stop()[0] == 0
    assert list(owned.iterdir()) == []
