"""edgemail beside what Inbucket and MailDev answered to the same mail and the same questions."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from tests.compat.mailpit_answers import find_differences
from tests.compat.other_answers import RECORDED

if TYPE_CHECKING:
    from testkit.server_process import Process


@pytest.mark.parametrize("tool", RECORDED)
def test_each_answer_is_the_tools_or_differs_for_a_reason(server: Process, tool: str) -> None:
    """Field by field. A reason that no answer needs any more is out of date."""
    file, ask_all, reasons = RECORDED[tool]
    differences = find_differences(json.loads(file.read_text(encoding="utf-8")), ask_all(server.smtp, server.url))
    unexplained = [found for found in differences if not any(re.fullmatch(reason, found[0]) for reason in reasons)]
    assert unexplained == []
    unused = [reason for reason in reasons if not any(re.fullmatch(reason, place) for place, _, _ in differences)]
    assert unused == []
