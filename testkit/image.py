"""Runs what deploy/Dockerfile builds without a container engine: namespaces, mounts, chroot, another user.

The root folder has the files of the last stage: its COPY, `ln` and `mkdir` are carried out, this machine's /usr and
the tests' Python stand in for the base image. It takes root.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from testkit import needs
from testkit.server_process import START_S

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

ROOT = Path(__file__).parents[1]
DOCKERFILE = ROOT / "deploy" / "Dockerfile"
_READY = "[http] accessible via "
_DEVICES = ("null", "zero", "full", "random", "urandom")


_SEND_AND_LIST = """
import json, smtplib, sys, urllib.request
smtp, http, size = int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
with smtplib.SMTP("127.0.0.1", smtp, timeout=30) as client:
    client.login("any", "thing")
    client.sendmail("app@shop.example", ["kim@example.org"], "Subject: Hello\\r\\n\\r\\n" + "x" * 70 * size)
url = f"http://127.0.0.1:{http}/api/inboxes/kim@example.org/messages"
request = urllib.request.Request(url, headers={"Host": f"{sys.argv[4]}:{http}"})
with urllib.request.urlopen(request, timeout=30) as answer:
    print(json.dumps([mail["subject"] for mail in json.load(answer)["messages"]]))
"""


@dataclass(slots=True)
class Image:
    """What the last stage of a Dockerfile says."""

    environ: dict[str, str] = field(default_factory=dict)
    copies: list[tuple[str, str]] = field(default_factory=list)
    """Files of the repository, and where they go."""
    commands: list[str] = field(default_factory=list)
    folder: str = "/"
    volumes: list[str] = field(default_factory=list)
    ports: list[int] = field(default_factory=list)
    entrypoint: list[str] = field(default_factory=list)
    arguments: list[str] = field(default_factory=list)
    health: list[str] = field(default_factory=list)
    bases: list[str] = field(default_factory=list)
    """The images of all stages."""
    user: str = "0"


def read_image(path: Path = DOCKERFILE) -> Image:
    """Read a Dockerfile. An instruction that is not known here is an error."""
    text = re.sub(r"(?m)^#.*\n", "", path.read_text(encoding="utf-8")).replace("\\\n", " ")
    image = Image()
    for line in filter(None, text.splitlines()):
        instruction, _, rest = line.partition(" ")
        if instruction == "FROM":
            image = Image(bases=[*image.bases, re.sub(r"^--platform=\S+ ", "", rest).partition(" ")[0]])
        else:
            _READERS[instruction](image, rest)
    return image


def _read_env(image: Image, rest: str) -> None:
    name, _, value = rest.partition("=")
    image.environ[name] = value


def _read_copy(image: Image, rest: str) -> None:
    if not rest.startswith("--from="):
        source, target = rest.split()
        image.copies.append((source, target))


_READERS: Final[dict[str, Callable[[Image, str], None]]] = {
    "ENV": _read_env,
    "COPY": _read_copy,
    "RUN": lambda image, rest: image.commands.extend(command.strip() for command in rest.split("&&")),
    "WORKDIR": lambda image, rest: setattr(image, "folder", rest),
    "VOLUME": lambda image, rest: image.volumes.append(rest),
    "EXPOSE": lambda image, rest: image.ports.extend(map(int, rest.split())),
    "USER": lambda image, rest: setattr(image, "user", rest),
    "ENTRYPOINT": lambda image, rest: setattr(image, "entrypoint", json.loads(rest)),
    "CMD": lambda image, rest: setattr(image, "arguments", json.loads(rest)),
    "HEALTHCHECK": lambda image, rest: setattr(image, "health", json.loads(rest.partition("CMD ")[2])),
}


@dataclass(frozen=True, slots=True)
class Container:
    """A running container. Nothing outside reaches its network."""

    process: subprocess.Popen[str]
    user: tuple[str, ...]
    environ: Mapping[str, str]
    said: list[str] = field(default_factory=list)

    @property
    def pid(self) -> int:
        """The process that runs in it, as this machine numbers it."""
        pid = self.process.pid
        return int(Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0])

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a command in it, as `docker exec` does."""
        inside = ("nsenter", "--target", str(self.pid), "--mount", "--net", "--pid", "--root", "--wd")
        return self._run(*inside, *self.user, "env", "-i", *_write(self.environ), *command)

    def run_beside(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a command with this machine's files in its network, as another container does."""
        return self._run("nsenter", "--target", str(self.pid), "--net", *command)

    def _run(self, *command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(command, capture_output=True, text=True, timeout=START_S, check=False)

    def wait_ready(self) -> None:
        """Wait for the line that says that all ports are open."""
        assert self.process.stdout is not None
        timer = threading.Timer(START_S, self.process.kill)
        timer.start()
        try:
            for line in self.process.stdout:
                self.said.append(line)
                if _READY in line:
                    return
        finally:
            timer.cancel()
        _, errors = self.process.communicate()
        raise AssertionError(f"it ended with {self.process.returncode}: {errors}")

    def stop(self) -> tuple[int, str]:
        """Stop it as `docker stop` does; return its status and what it wrote to the standard error."""
        os.kill(self.pid, signal.SIGTERM)
        return self.wait()

    def wait(self) -> tuple[int, str]:
        """Wait for its end; return its status and what it wrote to the standard error."""
        _, errors = self.process.communicate(timeout=START_S)
        return self.process.returncode, errors


@contextmanager
def running_image(
    image: Image,
    root: Path,
    *,
    user: int = 0,
    arguments: Sequence[str] = (),
    environ: Mapping[str, str] | None = None,
    is_read_only: bool = True,
    mounts: Mapping[str, Path] | None = None,
) -> Iterator[Container]:
    """Run an image in an empty folder, with all capabilities dropped; kill it last.

    `arguments` take the place of CMD, `mounts` that of volumes, by where they are in the container.
    """
    needs.check("root")
    needs.check("two_machines")
    _build(image, root)
    script = [f"ip link set lo up; mount --bind {root} {root}; cd {root}", *_bind_machine(root)]
    given = dict(mounts or {})
    for volume in (*image.volumes, *given):
        source = given.get(volume)
        # An empty volume gets the mode of the image's folder.
        script.append(
            f"mount --bind {source} .{volume}" if source else f"mount -t tmpfs -o mode=0777 none .{volume}"
        )
    if is_read_only:
        script.append("mount -o remount,bind,ro .")
    dropped = ("--bounding-set=-all", "--inh-caps=-all", "--no-new-privs", "--clear-groups")
    as_user = ("setpriv", f"--reuid={user}", f"--regid={user}", *dropped)
    variables = {"PATH": "/usr/local/bin:/usr/bin:/bin", **image.environ, **(environ or {})}
    command = [*image.entrypoint, *(arguments or image.arguments)]
    start = shlex.join(
        [*as_user, "env", "-i", *_write(variables), "sh", "-c", f'cd {image.folder} && exec "$@"', "-"]
    )
    script.append(f"exec chroot . {start} {shlex.join(command)}")
    namespaces = ("--mount", "--net", "--pid", "--fork", "--kill-child", f"--propagation={_choose_propagation()}")
    with subprocess.Popen(
        ["unshare", *namespaces, "sh", "-ec", "\n".join(script)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        container = Container(process, as_user, variables)
        try:
            yield container
        finally:
            # Its first process ends all others. `--kill-child` does not reach it once it is another user's.
            with suppress(OSError, IndexError):
                os.kill(container.pid, signal.SIGKILL)
            process.kill()


def send_and_list(
    container: Container, smtp: int = 1025, http: int = 8025, *, size: int = 1, host: str = "mailpit"
) -> list[str]:
    """Send a message as another container of the network does, which knows this one as `host`.

    Return the subjects that are then in the inbox.
    """
    done = container.run_beside(sys.executable, "-c", _SEND_AND_LIST, str(smtp), str(http), str(size), host)
    assert done.returncode == 0, done.stderr
    subjects: list[str] = json.loads(done.stdout)
    return subjects


def _build(image: Image, root: Path) -> None:
    """Carry out the instructions that make files, as far as they need no network."""
    root.chmod(0o755)
    for folder in ("etc", "opt", "proc", "dev", "usr/local/bin", "var"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    (root / "etc/hosts").write_text("127.0.0.1 localhost\n::1 localhost\n", encoding="utf-8")  # as engines do
    for name in _DEVICES:
        (root / "dev" / name).touch()
    for source, target in image.copies:
        copied = root / target.lstrip("/")
        copied.parent.mkdir(parents=True, exist_ok=True)
        copied.write_bytes((ROOT / source).read_bytes())
    for command in image.commands:
        name, *words = shlex.split(command)
        if name in ("ln", "mkdir"):
            moved = [f"{root}{word}" if word.startswith("/") else word for word in words]
            if name == "ln":  # a link's target is as it is seen from within
                moved[-2] = words[-2]
            subprocess.run([name, *moved], check=True)


def _bind_machine(root: Path) -> Iterator[str]:
    """Give the commands that put this machine's programs and the tests' Python there, not to be written."""
    for name in ("bin", "lib", "lib64", "sbin"):
        path = Path("/", name)
        if path.is_symlink():
            (root / name).symlink_to(path.readlink())
        elif path.exists():
            yield from _bind(path, root, path)
    # /usr/local is the image's own
    yield from (
        line for path in sorted(Path("/usr").iterdir()) if path.name != "local" for line in _bind(path, root, path)
    )
    for path in dict.fromkeys((Path(sys.base_prefix), ROOT)):
        if not path.is_relative_to("/usr") or path.is_relative_to("/usr/local"):
            yield from _bind(path, root, path)
    yield from _bind(Path(sys.prefix), root, Path("/opt/edgemail"))
    yield from (f"mount --bind /dev/{name} ./dev/{name}" for name in _DEVICES)
    yield "mount -t proc proc ./proc"


def _bind(path: Path, root: Path, target: Path) -> Iterator[str]:
    if path.is_symlink():
        (root / f".{target}").symlink_to(path.readlink())
        return
    (root / f".{target}").mkdir(parents=True, exist_ok=True)
    yield f"mount --bind {path} .{target}; mount -o remount,bind,ro .{target}"


def _choose_propagation() -> str:
    """Keep the mounts of a namespace within it. In a chroot into a plain folder nothing can be made private."""
    is_shared = " shared:" in Path("/proc/self/mountinfo").read_text(encoding="utf-8")
    return "private" if is_shared else "unchanged"


def _write(environ: Mapping[str, str]) -> list[str]:
    return [f"{name}={value}" for name, value in environ.items()]
