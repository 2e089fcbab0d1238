"""Fuzzes the SMTP session with atheris."""

from __future__ import annotations

import atheris

from fuzz.engine import run

with atheris.instrument_imports(include=["edgemail.smtp", "edgemail.model"]):
    from fuzz.invariants import check_session

if __name__ == "__main__":
    run("session", check_session)
