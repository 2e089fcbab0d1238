"""Tells which extras are installed, without loading them."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Final

INSTALL_MCP: Final = 'pip install "edgemail[mcp]"'
HOW_TO_INSTALL_MCP: Final = f"the tools for agents need an extra where the server runs: {INSTALL_MCP}"


def has_mcp() -> bool:
    """Return True if the package `mcp` can be imported."""
    try:
        return find_spec("mcp") is not None
    except (ImportError, ValueError):
        return False
