"""Writes docs/reference/agent-tools.md from the tools themselves.

.venv/bin/python -m scripts.write_agent_tools
"""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from edgemail.http.mcp.addresses import AgentAddresses
from edgemail.http.mcp.documents import write_schema
from edgemail.http.mcp.resources import RESOURCES
from edgemail.http.mcp.tools import AgentRules, AgentTools
from edgemail.http.mcp.untrusted import WARNING

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE: Final = Path(__file__).parents[1] / "docs/reference/agent-tools.md"
_INTRODUCTION: Final = f"""\
# Tools for agents

<!-- Made from the code: python -m scripts.write_agent_tools -->

The tools at `/mcp` and of `edgemail mcp`, in their order.
[Give agents an address](../how-to/give-agents-an-address.md) says how to use them.
Each description ends with this rule, and so do the server's instructions:

{textwrap.fill(WARNING, 100, initial_indent="> ", subsequent_indent="> ")}

A fault is a result with `isError` and a sentence that says what to do. A time-out is none:
`status` is `timeout`.
"""


def write_page(tools: AgentTools) -> str:
    """Return the page, in Markdown."""
    parts = [_INTRODUCTION]
    for tool in tools.table.values():
        hints = ", ".join(f"{_camel(name)}: {str(value).lower()}" for name, value in tool.hints.items())
        parts.append(f"## {tool.name}\n\n{textwrap.fill(tool.description, 100)}\n\nHints: {hints}.\n")
        parts.append("\n".join(_write_table("Takes", write_schema(tool.takes, tool.input_changes))))
        parts.append("\n".join(_write_table("Gives", write_schema(tool.gives))))
    rows = "\n".join(f"| `{one.uri}` | {one.type} | {one.description} |" for one in RESOURCES)
    parts.append(f"## Resources\n\n| URI | type | what it is |\n|---|---|---|\n{rows}\n")
    parts.append(
        "`delete_messages` is there with `--mcp-write` alone. With `--mcp-bodies off` there is no\n"
        "`read_message`, no `untrusted`, and only the first resource. There are no prompts, and no tool\n"
        "sends mail.\n"
    )
    return "\n".join(parts)


def _write_table(title: str, schema: dict[str, Any]) -> Iterator[str]:
    required = set(schema.get("required", ()))
    yield f"| {title} | type | |"
    yield "|---|---|---|"
    for name, field in schema["properties"].items():
        mark = "" if title == "Gives" or name in required else "?"
        yield f"| `{name}{mark}` | {_write_type(field, schema)} | {_describe(field)} |"
    yield ""


def _write_type(field: dict[str, Any], schema: dict[str, Any]) -> str:
    if "$ref" in field:
        return _write_type(schema["$defs"][field["$ref"].rpartition("/")[2]], schema)
    if "anyOf" in field:
        return " or ".join(_write_type(one, schema) for one in field["anyOf"])
    if "enum" in field:
        return " or ".join(f"`{word}`" for word in field["enum"])
    if field.get("type") == "array":
        return f"list of {_write_type(field['items'], schema)}"
    if "properties" in field:
        return f"{{{', '.join(field['properties'])}}}"
    return str(field.get("type", "any"))


def _describe(field: dict[str, Any]) -> str:
    said = [field["description"]] if "description" in field else []
    for bounds in (field, *field.get("anyOf", ())):
        low, high = bounds.get("minimum"), bounds.get("maximum")
        if low is not None and high is not None and high < 2**53:
            said.append(f"{low:g} to {high:g}")
        if "maxLength" in bounds:
            said.append(f"at most {bounds['maxLength']} characters")
        if "pattern" in bounds:
            said.append(f"`{bounds['pattern']}`")
        if "maxItems" in bounds:
            said.append(f"{bounds['minItems']} to {bounds['maxItems']}")
    if field.get("default") is not None:
        said.append(f"default {field['default']}")
    return "; ".join(said)


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(word.capitalize() for word in others)


def make_tools() -> AgentTools:
    """Return all tools, of a server that takes mail for any domain."""
    rules = AgentRules(AgentAddresses((), frozenset(), (), is_public=False), 604_800.0, may_write=True)
    inbox: Any = None  # a description reads no mail
    return AgentTools(inbox, rules)


if __name__ == "__main__":
    PAGE.write_text(write_page(make_tools()), encoding="utf-8")
