"""edgemail: a disposable e-mail server."""

__version__ = "0.1.0"
