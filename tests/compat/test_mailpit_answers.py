"""edgemail beside what Mailpit answered to the same mail and the same questions."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

from testkit.server_process import serving

from tests.compat.mailpit_answers import REASONS, RECORDED, ask_all, explain, find_differences
from tests.compat.webhook_answers import RECORDED_WEBHOOKS, listening, tell_all

if TYPE_CHECKING:
    from testkit.server_process import Process


def test_each_answer_is_mailpits_or_differs_for_a_reason(server: Process) -> None:
    """Field by field. A reason that no answer needs any more is out of date."""
    given = ask_all(server.smtp, server.url)
    differences = find_differences(json.loads(RECORDED.read_text(encoding="utf-8")), given)
    assert [found for found in differences if explain(found[0]) is None] == []
    unused = [
        pattern for pattern in REASONS if not any(re.fullmatch(pattern, place) for place, _, _ in differences)
    ]
    assert unused == []


def test_what_the_webhook_is_told_is_what_mailpit_tells(tmp_path: Path) -> None:
    """Field by field, but for what differs in a list as well."""
    with listening() as (url, told), serving(tmp_path / "mail.db", MP_WEBHOOK_URL=url) as server:
        given = tell_all(server.smtp, told)
    differences = find_differences(json.loads(RECORDED_WEBHOOKS.read_text(encoding="utf-8")), given)
    assert [found for found in differences if explain(found[0]) is None] == []


def test_a_difference_is_found() -> None:
    """At any depth, a field that is missing too; null is an empty list."""
    recorded = {"a": [{"b": 1}, {"c": None}], "d": 2}
    assert find_differences(recorded, {"a": [{"b": 1}, {"c": []}], "d": 2}) == []
    assert find_differences(recorded, {"a": [{"b": 2}, {"c": []}]}) == [("a.0.b", 1, 2), ("d", 2, None)]
    assert find_differences(recorded, {"a": [], "d": 2}) == [("a", recorded["a"], [])]


def test_the_guide_has_every_difference() -> None:
    """With its reason, word for word."""
    guide = (Path(__file__).parents[2] / "docs/how-to/switch-from-mailpit.md").read_text(encoding="utf-8")
    told = guide.partition("\n## What differs\n")[2]
    assert [reason for reason in REASONS.values() if f"| {reason} |\n" not in told] == []
