"""Fuzzes the POP3 session with atheris."""

from __future__ import annotations

import atheris

from fuzz.engine import run

with atheris.instrument_imports(include=["edgemail.pop3"]):
    from fuzz.pop3_invariants import check_pop3

if __name__ == "__main__":
    run("pop3", check_pop3)
