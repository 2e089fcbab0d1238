"""Fuzzers for the SMTP session and its parsers; see `make fuzz`."""
