"""The command line without a server: help, settings, completion, log lines, terminal output."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import zlib
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgemail import __version__
from edgemail.cli import logs, terminal, testmail
from edgemail.settings import SETTINGS

if TYPE_CHECKING:
    from email.message import EmailMessage
    from pathlib import Path


def run(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "edgemail", *arguments],
        env={"PATH": os.environ["PATH"], **environ},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=30,
        check=False,
    )


def test_the_help_is_enough_to_begin_with() -> None:
    """It has examples, the sources of settings, the exit statuses, and each command."""
    shown = run("--help")
    assert (shown.returncode, shown.stderr) == (0, "")
    for words in (
        "edgemail wait kim@example.org --code",
        "EDGEMAIL_",
        "--config FILE",
        "78 wrong settings",
        "completion",
    ):
        assert words in shown.stdout
    assert run("-h").stdout == shown.stdout


def test_the_help_of_serve_has_every_flag_and_its_default() -> None:
    """The flags come from the table of settings."""
    shown = run("serve", "--help").stdout
    for setting in SETTINGS:
        assert (f"  {setting.flag} {setting.kind.metavar}" in shown) == setting.has_flag
    assert "[default: 127.0.0.1:2525]" in " ".join(shown.split())


def test_all_help_has_the_advanced_settings_as_well() -> None:
    """`--help` shows the everyday settings, and says how to see the rest."""
    few, everything = run("serve", "--help").stdout, run("serve", "--help-all")
    assert (everything.returncode, everything.stderr) == (0, "")
    assert everything.stdout.startswith(few.rstrip("\n"))
    assert run("--help-all").stdout == everything.stdout
    for setting in SETTINGS:
        if not setting.has_flag:
            assert f"  {setting.name} {setting.kind.metavar}" in everything.stdout
            assert f"  {setting.name} {setting.kind.metavar}" not in few
    assert "--help-all" in few


def test_the_version_is_the_packages() -> None:
    """It is one line, for scripts."""
    assert run("--version").stdout == f"edgemail {__version__}\n"


LOAD_ALL = """
import sys, click
from edgemail.cli import cli
context = click.Context(cli)
alone = {name for name in sys.modules if name.startswith("edgemail.cli.")}
for name in cli.list_commands(context):
    assert cli.get_command(context, name).name == name
print(*sorted(alone), "|", *sys.modules)
"""


def test_a_command_is_loaded_when_it_is_named_and_loads_no_server() -> None:
    """The server's libraries take half a second, which every completion would wait for."""
    command = [sys.executable, "-c", LOAD_ALL]
    alone, _, loaded = subprocess.run(command, capture_output=True, text=True, check=True).stdout.partition("|")
    assert alone.split() == ["edgemail.cli.terminal"]
    assert {"edgemail.cli.serve", "edgemail.cli.web"} <= set(loaded.split())
    libraries = {"fastapi", "uvicorn", "uvloop", "apsw", "pydantic", "smtplib", "edgemail.app"}
    assert not libraries & set(loaded.split())


@pytest.mark.parametrize(
    "arguments", [["--max-age", "7x"], ["serve", "--max-age", "7x"], ["config", "--max-age", "7x"]]
)
def test_wrong_settings_end_with_status_78_and_a_line_for_each(arguments: list[str], tmp_path: Path) -> None:
    """A service manager need not try again (EX_CONFIG of sysexits.h). `edgemail` alone is `edgemail serve`."""
    ended = run(*arguments, EDGEMAIL_HTPP="off", EDGEMAIL_DOMAIN="*.a.org\x1b[2J")
    assert (ended.returncode, ended.stdout) == (78, "")
    assert ended.stderr.splitlines() == [
        "EDGEMAIL_HTPP: there is no such setting; did you mean EDGEMAIL_HTTP?",
        '--max-age: "7x" is not a duration; write a number and s, m, h, d or w, such as 7d, or off',
        r'EDGEMAIL_DOMAIN: "*.a.org\u001b[2J" is not a domain; write a.org\u001b[2J, which takes in its subdomains',
    ]


@pytest.mark.parametrize(
    "arguments", [["srve"], ["--mx-age", "7d"], ["show"], ["show", "x"], ["wait", "a@b", "--timeout", "x"]]
)
def test_wrong_usage_ends_with_status_2(arguments: list[str]) -> None:
    """Most shell programs use this status."""
    ended = run(*arguments)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.startswith("Usage: edgemail")


def test_config_says_each_value_and_its_source(tmp_path: Path) -> None:
    """Each setting is a line: its name, its value, and its source."""
    path = tmp_path / "edgemail.toml"
    path.write_text('max_errors = 3\ndomain = ["a.org"]')
    shown = run(
        "config", "--max-age", "36h", "--set", "idle_timeout=5s", "--config", str(path),
        EDGEMAIL_HTTP="off", LIBSQL_CLIENT_TOKEN="s3cret",
    )  # fmt: skip
    assert (shown.returncode, shown.stderr) == (0, "")
    lines = {line.split()[0]: line.split(maxsplit=2)[1:] for line in shown.stdout.splitlines()}
    assert list(lines) == [setting.name for setting in SETTINGS]
    assert lines["max_age"] == ["36h", "flag --max-age"]
    assert lines["idle_timeout"] == ["5s", "flag --set idle_timeout"]
    assert lines["http"] == ["off", "environment EDGEMAIL_HTTP"]
    assert lines["db_token"] == ["set", "environment LIBSQL_CLIENT_TOKEN"]
    assert lines["max_errors"] == ["3", f"file {path}"]
    assert lines["smtp"] == ["127.0.0.1:2525", "default"]


def test_config_in_json_is_for_programs() -> None:
    """Each setting is an object under its name."""
    shown = json.loads(run("config", "--json", "--domain", "a.org", "--domain", "b.org").stdout)
    assert shown["domain"] == {"value": "a.org,b.org", "source": "flag --domain"}
    assert list(shown) == [setting.name for setting in SETTINGS]


@pytest.mark.parametrize(
    ("shell", "words"), [("bash", "complete -o"), ("zsh", "compdef"), ("fish", "complete --no-files")]
)
def test_completion_prints_the_shells_script(shell: str, words: str) -> None:
    """The script asks the program itself, so it never goes out of date."""
    shown = run("completion", shell)
    assert shown.returncode == 0
    assert words in shown.stdout
    assert "_EDGEMAIL_COMPLETE" in shown.stdout


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("edgemail s", {"serve", "send", "sendmail", "show"}),
        ("edgemail --max-", {"--max-age", "--max-bytes", "--max-messages"}),
        ("edgemail --db mail.db --max-a", {"--max-age"}),
        ("edgemail serve --log-format j", {"json"}),
        ("edgemail wait a@b --c", {"--code"}),
    ],
)
def test_commands_flags_and_choices_are_completed(line: str, offered: set[str]) -> None:
    """The flags of `serve` are offered without its name as well."""
    script = "import sys; sys.argv[0] = 'edgemail'; from edgemail.cli import main; main()"
    asked = {"_EDGEMAIL_COMPLETE": "bash_complete", "COMP_WORDS": line, "COMP_CWORD": str(line.count(" "))}
    ended = subprocess.run(
        [sys.executable, "-c", script],
        env={"PATH": os.environ["PATH"], **asked},
        capture_output=True,
        text=True,
        check=False,
    )
    assert {item.partition(",")[2] for item in ended.stdout.splitlines()} == offered


@given(st.text())
def test_visible_text_holds_nothing_that_a_terminal_obeys(text: str) -> None:
    """Escape sequences can rename windows, hide text and answer for the user; newlines forge lines."""
    shown = terminal.visible(text)
    assert len(f"a{shown}b".splitlines()) == 1
    assert all(character.isprintable() or ord(character) >= 0xA0 for character in shown)
    assert shown.encode("utf-8", "strict").decode() == shown
    if text.isprintable():
        assert shown == text


def test_visible_text_names_what_it_hides() -> None:
    """It is escaped as in JSON and Python, except the characters to keep."""
    assert terminal.visible("\x1b[2J\x9b\u202e\ud800\ta\nb\r", keep="\t\n") == (
        "\\u001b[2J\\u009b\\u202e\\ud800\ta\nb\\u000d"
    )


def format_record(formatter: logging.Formatter, message: str, *, fails: bool = False, **extra: object) -> str:
    record = logging.makeLogRecord(
        {
            "name": "edgemail.listener",
            "levelno": 20,
            "levelname": "INFO",
            "msg": "%s",
            "args": (message,),
            "created": 0.5,
        }
        | extra
    )
    if fails:
        error = ValueError(message)
        record.exc_info = (type(error), error, None)
    return formatter.format(record)


def test_a_text_log_line_has_time_level_logger_message_and_fields() -> None:
    """Times are UTC, in milliseconds."""
    assert format_record(logs.TextLines(), "accepted", peer="[::1]:5", size=3) == (
        "1970-01-01T00:00:00.500Z INFO edgemail.listener: accepted peer=[::1]:5 size=3"
    )


def test_a_json_log_line_has_the_same() -> None:
    """One object a line; a field cannot take the place of the message."""
    assert json.loads(format_record(logs.JsonLines(), "accepted", size=3, level="fatal")) == {
        "time": "1970-01-01T00:00:00.500Z",
        "level": "info",
        "logger": "edgemail.listener",
        "message": "accepted",
        "size": 3,
    }


@given(st.text(), st.booleans())
def test_no_peer_can_begin_a_log_line(text: str, fails: bool) -> None:
    """Log injection: a newline in what a peer sends would forge the next line, in a traceback as well."""
    json_line = format_record(logs.JsonLines(), text, fails=fails, peer=text)
    assert len(json_line.splitlines()) == 1
    assert json.loads(json_line)["message"] == text
    first, *rest = format_record(logs.TextLines(), text, fails=fails, peer=text).splitlines()
    assert first.startswith("1970-01-01T00:00:00.500Z INFO edgemail.listener: ")
    assert all(line.startswith("  | ") for line in rest)
    assert bool(rest) == fails


def read_parts(mail: EmailMessage) -> dict[str, EmailMessage]:
    return {part.get_content_type(): part for part in mail.walk() if not part.is_multipart()}


def test_a_test_mail_has_all_that_a_reader_has_to_show() -> None:
    """Text and HTML with the same code and link, an image that the HTML shows, an attachment."""
    mail = testmail.make_testmail("s@a.org", "kim@b.org", 2, 3)
    parts = read_parts(mail)
    assert set(parts) == {"text/plain", "text/html", "image/png", "text/csv"}
    code, link = parts["text/csv"].get_content().split()[1].split(",")
    assert mail["Subject"] == f"Your code is {code} (2 of 3)"
    for kind in ("text/plain", "text/html"):
        assert code in parts[kind].get_content()
        assert link in parts[kind].get_content()
    assert f"cid:{parts['image/png']['Content-ID'][1:-1]}" in parts["text/html"].get_content()
    assert parts["image/png"].get_content_disposition() == "inline"
    assert parts["image/png"].get_filename() == "colours.png"
    assert parts["text/csv"].get_filename() == "confirmation.csv"


def test_each_test_mail_has_a_code_of_its_own() -> None:
    """Else a test that waits for the second mail would accept the first one."""
    subjects = {str(testmail.make_testmail("s@a.org", "kim@b.org", 1, 1)["Subject"]) for _ in range(20)}
    assert len(subjects) > 15


def test_the_image_is_a_png() -> None:
    """Its chunks have the right length and checksum, and its pixels the size that the header says."""
    png = testmail.make_png()
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    chunks, at = {}, 8
    while at < len(png):
        length = int.from_bytes(png[at : at + 4])
        kind, data = png[at + 4 : at + 8], png[at + 8 : at + 8 + length]
        assert int.from_bytes(png[at + 8 + length : at + 12 + length]) == zlib.crc32(kind + data)
        chunks[kind] = data
        at += 12 + length
    width, height = int.from_bytes(chunks[b"IHDR"][:4]), int.from_bytes(chunks[b"IHDR"][4:8])
    assert len(zlib.decompress(chunks[b"IDAT"])) == height * (1 + 3 * width)
    assert list(chunks) == [b"IHDR", b"IDAT", b"IEND"]
