"""Fuzzes the reader of messages with atheris."""

from __future__ import annotations

import atheris

from fuzz.engine import run

with atheris.instrument_imports(include=["edgemail.mime"]):
    from fuzz.messages import check_reader

if __name__ == "__main__":
    run("reader", check_reader)
