"""Finds the octets that nobody thought of; see `make fuzz`."""
