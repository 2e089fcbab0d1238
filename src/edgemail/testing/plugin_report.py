"""What the report of a failing test shows of its mail."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from edgemail.testing.candidates import LISTED_MAX
from edgemail.testing.errors import MailError
from edgemail.testing.failures import describe_inbox

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pytest

    from edgemail.testing.inbox import Inbox
    from edgemail.testing.message import Message


def add_mail(
    report: pytest.TestReport, item: pytest.Item, call: pytest.CallInfo[None], inboxes: Sequence[Inbox]
) -> None:
    """Add a section for each inbox, and each message to the reports of Allure and pytest-html."""
    if call.excinfo is not None and isinstance(call.excinfo.value, MailError):
        _shorten(report.longrepr, type(call.excinfo.value))
    for inbox in inboxes[:LISTED_MAX]:
        try:
            messages = inbox.messages()
            report.sections.append((f"Mail to {inbox.address}", describe_inbox(messages)))
            for message in messages[-LISTED_MAX:]:
                _attach(report, item.config.pluginmanager, message)
        except (OSError, MailError) as error:  # the server may be what has failed
            report.sections.append((f"Mail to {inbox.address}", f"It cannot be read: {error}"))


def _shorten(shown: Any, kind: type[MailError]) -> None:
    """Leave out the name of the error: what it says is what the reader needs."""
    name = f"{kind.__module__}.{kind.__qualname__}: "
    for entry in getattr(getattr(shown, "reprtraceback", None), "reprentries", ()):
        lines = getattr(entry, "lines", [])
        lines[:] = [line.replace(name, "", 1) if line.startswith("E ") else line for line in lines]
    crash = getattr(shown, "reprcrash", None)
    if crash is not None:
        crash.message = crash.message.removeprefix(name)


def _attach(report: pytest.TestReport, plugins: pytest.PytestPluginManager, message: Message) -> None:
    name = f"mail-{message.id}.eml"
    if plugins.hasplugin("allure_pytest"):
        import allure

        allure.attach(message.raw, name=name, attachment_type="message/rfc822", extension="eml")
    if plugins.hasplugin("html"):
        from pytest_html import extras

        text = message.raw.decode(errors="replace")
        report.extras = [*getattr(report, "extras", []), extras.text(text, name=name)]  # type: ignore[attr-defined]
