"""Fuzzing of the SMTP session and its parsers; see `make fuzz`."""
