"""Each refusal has a reason, and all reasons are known at the start."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING

from edgemail.listener import replies as listener_replies
from edgemail.policy import replies as policy_replies
from edgemail.smtp import REASONS, Reply
from edgemail.smtp import replies as smtp_replies

if TYPE_CHECKING:
    from collections.abc import Iterator

SOURCE = Path(__file__).parents[2] / "src/edgemail"
KNOWN = {*REASONS, *policy_replies.REASONS, *listener_replies.REASONS}


def replies_in_source() -> Iterator[tuple[str, ast.expr, ast.expr | None]]:
    """Find each `Reply.of(code, ..., reason=...)`; yield its place, code and reason."""
    for path in sorted(SOURCE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in {"Reply.of", "Reply"}:
                reasons = [keyword.value for keyword in node.keywords if keyword.arg == "reason"]
                place = f"{path.relative_to(SOURCE)}:{node.lineno}"
                yield place, node.args[0], reasons[0] if reasons else None


def test_every_refusal_has_a_reason_that_is_counted_from_the_start() -> None:
    """Each refusal in the source has a known reason, also one whose code is a setting."""
    found = list(replies_in_source())
    assert len(found) > 50
    for place, code, reason in found:
        if isinstance(code, ast.Constant) and isinstance(code.value, int) and code.value < 400:
            assert reason is None, f"{place}: no refusal, and has a reason"
            continue
        if isinstance(reason, ast.Attribute):  # another reply's, as in `reason=replies.CHAOS.reason`
            assert ast.unparse(reason).startswith("replies."), f"{place}: whose reason is that?"
            continue
        assert isinstance(reason, ast.Constant), f"{place}: a refusal without a word for why"
        assert reason.value in KNOWN, f"{place}: {reason.value!r} is not among the reasons"


def test_reasons_are_words() -> None:
    """Reasons are plain words, as they are label values; a positive reply has none."""
    assert [reason for reason in KNOWN if not re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", reason)] == []
    assert Reply.of(250, "2.0.0 OK").reason == ""


def test_the_docs_list_every_reason_with_its_reply() -> None:
    """The table in docs/reference/smtp-log.md has every reason with its reply, in order."""
    modules = (smtp_replies, policy_replies, listener_replies)
    constants = [constant for module in modules for constant in vars(module).values()]
    known = sorted(
        (constant.reason, constant.octets.decode().strip())
        for constant in constants
        if isinstance(constant, Reply) and constant.reason
    )
    expected = [f"| `{reason}` | {said} |" for reason, said in known]
    text = (SOURCE.parents[1] / "docs/reference/smtp-log.md").read_text(encoding="utf-8")
    rows = text.partition("\n## Reasons\n")[2].partition("\n## ")[0].splitlines()
    assert [row for row in rows if row.startswith("| `")] == expected
