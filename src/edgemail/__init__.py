"""edgemail: a disposable e-mail server."""

__version__ = "0.2.0"
