"""Builds everything, starts it and stops it."""

from edgemail.app.exposure import warn_of_readers
from edgemail.app.running import App
from edgemail.app.serving import serve

__all__ = ["App", "serve", "warn_of_readers"]
