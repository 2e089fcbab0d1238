"""The HTTP API, the web client and the metrics.

`servers` loads all of it. What is loaded before that is light: `parts`, `sockets` and `limits`.
"""
