"""Fuzzes the parsers of arguments with atheris."""

from __future__ import annotations

import atheris

from fuzz.engine import run

with atheris.instrument_imports(include=["edgemail.smtp", "edgemail.model"]):
    from fuzz.arguments import check_parser

if __name__ == "__main__":
    run("parsers", check_parser)
