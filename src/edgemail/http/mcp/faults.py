"""What a tool cannot do, in one sentence with a remedy."""

from __future__ import annotations


class ToolFault(Exception):  # noqa: N818 - it is an answer
    """A tool cannot do what it was asked. The text goes to the agent: it says what to do instead."""
