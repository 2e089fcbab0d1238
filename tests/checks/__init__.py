"""Tests of the checks of a message."""
