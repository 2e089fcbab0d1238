"""Shared by tests and benchmarks: sample mail, clients, running programs, faults."""
