"""The HTTP API of the running program."""
