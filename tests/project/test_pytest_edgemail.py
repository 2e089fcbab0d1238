"""The package pytest-edgemail: it brings edgemail, and nothing of its own."""

from __future__ import annotations

import zipfile
from email.parser import Parser
from typing import TYPE_CHECKING

from testkit.clean_environment import ROOT, build_wheel

import edgemail

if TYPE_CHECKING:
    from pathlib import Path


def test_its_wheel_has_no_module_and_depends_on_edgemail(tmp_path: Path) -> None:
    """Both have the same version."""
    built = build_wheel(tmp_path, ROOT / "clients" / "pytest-edgemail")
    version = edgemail.__version__
    assert built.name == f"pytest_edgemail-{version}-py3-none-any.whl"
    info = f"pytest_edgemail-{version}.dist-info"
    with zipfile.ZipFile(built) as archive:
        names = archive.namelist()
        metadata = Parser().parsestr(archive.read(f"{info}/METADATA").decode())
    assert [name for name in names if not name.startswith(f"{info}/")] == []
    assert f"{info}/entry_points.txt" not in names
    assert metadata.get_all("Requires-Dist") == [f"edgemail>={version}"]
