"""`python -m edgemail` is `edgemail`."""

from edgemail.cli import main

main()
