"""Benchmarks beside other servers, and the soak. One machine's absolute figures say little.

`make bench`, `make bench-start`, `make bench-edge` and `make bench-web` measure every table of
docs/explanation/performance.md again, so each module here stays for as long as its table is published.
"""
