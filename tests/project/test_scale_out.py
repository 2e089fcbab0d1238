"""docs/how-to/scale-out.md and its compose file agree with each other."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]

ROOT = Path(__file__).parents[2]


def read_compose() -> Any:
    return yaml.safe_load((ROOT / "deploy/compose/scale-out.yaml").read_text(encoding="utf-8"))


def read_stream() -> str:
    """Return the `stream` block of the compose file's nginx."""
    content: str = read_compose()["configs"]["proxy"]["content"]
    return content[content.index("stream {") :]


def test_the_guide_has_the_same_proxy_as_the_file() -> None:
    """But for the machines' names."""
    guide = (ROOT / "docs/how-to/scale-out.md").read_text(encoding="utf-8")
    found = re.search(r"^```nginx\n(stream \{.*?)^```", guide, re.MULTILINE | re.DOTALL)
    assert found
    assert re.sub(r"10\.0\.0\.1([12])", r"mx\1", found[1]).split() == read_stream().split()


def test_both_edgemails_believe_the_proxy_alone() -> None:
    """Its address in the file's network is the one that they take headers from, where it asks them."""
    services = read_compose()["services"]
    proxy = services["proxy"]["networks"]["mail"]["ipv4_address"]
    for name in ("mx1", "mx2"):
        words = shlex.split(services[name]["command"])
        assert f"proxy_from={proxy}" in words
        assert words[words.index("--smtp") + 1].rpartition(":")[2] == "2525"
        assert f"server {name}:2525;" in read_stream()


def test_each_edgemail_greets_by_its_own_name() -> None:
    """The name of a container is asked for only where there is no domain, and here is one."""
    services = read_compose()["services"]
    for name in ("mx1", "mx2"):
        assert "--domain mail.example" in services[name]["command"]
        assert services[name]["environment"] == {"EDGEMAIL_HOSTNAME": f"{name}.mail.example"}
