"""Keeps mail: one interface, and the stores that implement it."""
