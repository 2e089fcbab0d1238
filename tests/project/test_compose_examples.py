"""deploy/compose: every example names a service, a port and a check that work against the image."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
import yaml  # type: ignore[import-untyped]
from testkit.image import ROOT, read_image, running_image, send_and_list

if TYPE_CHECKING:
    from pathlib import Path

FOLDER = ROOT / "deploy" / "compose"
NAMES = ("django", "github-actions", "laravel-sail", "rails", "supabase", "web-app")
SCALE_OUT = "scale-out"
"""It has two edgemails and a proxy, and no program that sends."""
IMAGE = read_image()
PUBLISHED = "ghcr.io/edgemail/edgemail"
HOSTS = ("SMTP_HOST", "MAIL_HOST", "EMAIL_HOST", "SMTP_ADDRESS", "GOTRUE_SMTP_HOST")
PORTS = ("SMTP_PORT", "MAIL_PORT", "EMAIL_PORT", "GOTRUE_SMTP_PORT")


@dataclass
class Example:
    """The service of edgemail in a file, and where another one sends its mail."""

    names: set[str]
    environ: dict[str, str]
    health: list[str]
    published: set[int]
    """The ports within the container that the file publishes."""
    host: str
    port: int
    app: dict[str, str]
    user: int = 0
    is_read_only: bool = False


def read(name: str) -> Any:
    return yaml.safe_load((FOLDER / f"{name}.yaml").read_text(encoding="utf-8"))


def read_example(name: str) -> Example:
    """Read a Compose file, or a workflow."""
    if name == "github-actions":
        (job,) = read(name)["jobs"].values()
        (service,) = job["services"].values()
        (app,) = [step["env"] for step in job["steps"] if "env" in step]
        options = shlex.split(service["options"])
        health = shlex.split(options[options.index("--health-cmd") + 1])
        names, user, is_read_only = {"localhost"}, 0, False
        environ = service["env"]
    else:
        services = read(name)["services"]
        ((own, service),) = [found for found in services.items() if found[1].get("image") == PUBLISHED]
        ((_, other),) = [found for found in services.items() if found[0] != own]
        assert own in other["depends_on"]
        app = other["environment"]
        health = service.get("healthcheck", {}).get("test", ["CMD", *IMAGE.health])[1:]
        names = {own, service.get("container_name", own)}
        user = int(service.get("user", "0").partition(":")[0])
        is_read_only = service.get("read_only", False)
        environ = service.get("environment", {})
    published = {int(port.rpartition(":")[2]) for port in service["ports"]}
    (host,) = [app[variable] for variable in HOSTS if variable in app]
    (port,) = [app[variable] for variable in PORTS if variable in app]
    return Example(names, environ, health, published, host, int(port), app, user, is_read_only)


def test_every_example_is_tested() -> None:
    """And named in the guide."""
    assert sorted(path.stem for path in FOLDER.iterdir()) == sorted((*NAMES, SCALE_OUT))
    guide = (ROOT / "docs/how-to/switch-from-mailpit.md").read_text(encoding="utf-8")
    assert [name for name in NAMES if f"deploy/compose/{name}.yaml" not in guide] == []


@pytest.mark.parametrize("name", NAMES)
def test_values_are_texts(name: str) -> None:
    """YAML would read a port without quotes as a number, and 2500:25 as one of base 60; Compose wants texts."""
    example = read_example(name)
    for environ in (example.environ, example.app):
        assert all(isinstance(value, str) for value in environ.values())


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.needs_root
@pytest.mark.needs_two_machines
def test_an_app_reaches_edgemail_under_the_name_and_port_of_the_file(name: str, tmp_path: Path) -> None:
    """With the user, the root and the variables of the file; its health check says so."""
    example = read_example(name)
    assert example.host in example.names
    with running_image(
        IMAGE, tmp_path, user=example.user, environ=example.environ, is_read_only=example.is_read_only
    ) as container:
        container.wait_ready()
        line = re.fullmatch(r".*accessible via http://localhost:([0-9]+)/.*\n", container.said[-1])
        assert line
        page = int(line[1])
        assert page in example.published
        assert container.run(*example.health).returncode == 0
        assert send_and_list(container, example.port, page, host=example.host) == ["Hello"]
