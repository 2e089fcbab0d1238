"""Programs that were written against Mailpit, as they come from their registries, against edgemail."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from testkit.api_reader import PROGRAM_S, program

if TYPE_CHECKING:
    from testkit.server_process import Process

HERE = Path(__file__).parent
PYTHON = HERE / ".venv" / "bin" / "python"
PNG = "iVBORw0KGgo="

pytestmark = pytest.mark.needs_mailpit_clients


def run_script(name: str, server: Process) -> dict[str, Any]:
    """Run one of the scripts beside this file; return what each call gave."""
    assert (HERE / "node_modules" / "mailpit-api").exists(), "mailpit-api is missing: `make test` installs it"
    done = subprocess.run(
        [program("node", "nodejs"), str(HERE / name), server.url],
        capture_output=True,
        text=True,
        timeout=PROGRAM_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answers: dict[str, Any] = json.loads(done.stdout)
    return answers


def find_errors(said: dict[str, Any]) -> dict[str, str]:
    return {
        name: answer["error"] for name, answer in said.items() if isinstance(answer, dict) and "error" in answer
    }


def test_mailpit_api(server: Process) -> None:
    """Each of its methods. What is not done is refused, and never passed."""
    said = run_script("mailpit-api.mjs", server)
    errors = {
        name: answer["error"] for name, answer in said.items() if isinstance(answer, dict) and "error" in answer
    }
    assert {name: error.split(": ", 1)[1].split(" ", 1)[0] for name, error in errors.items()} == {
        "getMessageSummary of nothing": "404",
        "sendMessage to nobody": "400",
        "sendMessage to no address": "400",
        "getMessageSummary of an unknown id": "404",
        "setChaosTriggers beyond": "400",
        "releaseMessage": "400",
        "linkCheck": "400",
        "spamAssassinCheck": "404",
    }
    mail_id = said["sendMessage"]["ID"]
    message = said["getMessageSummary"]
    assert (message["ID"], message["Subject"], message["Text"]) == (
        mail_id,
        "Your order é",
        "Your code is 123456.\n",
    )
    assert message["From"] == {"Name": "The Shop", "Address": "shop@example.org"}
    assert message["Bcc"] == [{"Name": "", "Address": "hidden@example.org"}]
    assert message["ReplyTo"] == [{"Name": "", "Address": "reply@example.org"}]
    assert message["Tags"] == ["order", "Shop"]
    assert [part["FileName"] for part in (*message["Attachments"], *message["Inline"])] == ["note.txt", "logo.png"]
    assert said["getMessageHeaders"]["X-Order"] == ["12"]
    assert said["getMessageSource"] is True
    assert said["getMessageAttachment"] == {"type": "text/plain", "octets": "bm90ZQ=="}
    assert said["getMessageAttachment inline"] == {"type": "image/png", "octets": PNG}
    assert said["getAttachmentThumbnail"] == {"type": "image/jpeg", "isJpeg": True}
    assert f"data:image/png;base64,{PNG}" in said["renderMessageHTML"]
    assert said["renderMessageText"] == message["Text"]
    assert said["waitForMessage"]["ID"] == mail_id
    for name in ("waitForMessages", "waitForMessages of all", "searchMessages", "searchMessages after a date"):
        assert [listed["ID"] for listed in said[name]["messages"]] == [mail_id], name
    assert said["listMessages"]["messages"][0] | {"Created": "", "Size": 0, "MessageID": ""} == {
        "ID": mail_id, "MessageID": "", "Read": False, "From": message["From"], "To": message["To"],
        "Cc": message["Cc"], "Bcc": message["Bcc"], "ReplyTo": message["ReplyTo"], "Subject": message["Subject"],
        "Created": "", "Username": "", "Tags": ["order", "Shop"], "Size": 0, "Attachments": 1,
        "Snippet": "Your code is 123456.",
    }  # fmt: skip
    assert (said["listMessages"]["total"], said["listMessages"]["unread"], said["listMessages"]["count"]) == (
        1,
        1,
        1,
    )
    assert said["listMessages behind"]["messages"] == []
    assert (said["getTags"], said["getTags renamed"], said["getTags of none"]) == (
        ["order", "Shop"],
        ["one", "three"],
        [],
    )
    assert said["searchMessages by tag"] == 1
    assert said["getInfo"]["Version"].startswith("v1.33.0-edgemail-")
    assert (said["getInfo"]["Messages"], said["getConfiguration"]["ChaosEnabled"]) == (1, True)
    assert said["setChaosTriggers"] == said["getChaosTriggers"]
    assert said["getChaosTriggers"]["Sender"] == {"ErrorCode": 452, "Probability": 30}
    assert said["setChaosTriggers to none"]["Sender"] == {"ErrorCode": 451, "Probability": 0}
    assert said["listMessages of none"]["messages"] == []


def test_cypress_mailpit(server: Process) -> None:
    """Each of its commands, with a stand-in for Cypress."""
    said = run_script("cypress-mailpit.mjs", server)
    assert {name: error.split(" ")[0] for name, error in find_errors(said).items()} == {
        "mailpitGetMailSpamAssassinSummary": "404",
        "mailpitGetMailSpamAssainSummary": "404",
    }
    assert said["notCalled"] == []
    listed = said["mailpitGetAllMails"]["messages"]
    assert [message["Subject"] for message in listed] == ["Second one", "Hello Mailpit"]
    first, second = said["mailpitSendMail"]["ID"], said["mailpitSendMail with all"]["ID"]
    found = {
        "mailpitGetAllMails second": [first],
        "mailpitSearchEmails": [first],
        "mailpitGetEmailsBySubject": [first],
        "mailpitGetEmailsByTo": [second],
        "mailpitSearchEmails of unread": [second, first],
        "mailpitGetAllMails left": [first],
    }
    assert {name: [message["ID"] for message in said[name]["messages"]] for name in found} == found
    assert said["mailpitGetMail"]["ID"] == second
    assert (said["mailpitGetSubject"], said["mailpitGetFromAddress"]) == ("Second one", "from@example.com")
    assert (said["mailpitGetRecipientAddress"], said["mailpitGetAttachments"]) == (
        ["kim@example.com"],
        ["note.txt"],
    )
    assert said["mailpitGetMailHTMlBody"] == "<p>hello from mailpit</p>"
    assert said["mailpitGetMailTextBody"] == "hello from mailpit"
    assert said["mailpitGetAllMails unread"]["unread"] == 2
    assert said["mailpitGetAllMails read"]["unread"] == 0


def test_pytest_mailpit(server: Process, tmp_path: Path) -> None:
    """Its fixtures, its client, its waiting and its report, in a pytest of its own."""
    assert PYTHON.exists(), "pytest-mailpit is missing: `make test` installs it"
    shutil.copy(HERE / "suite_of_pytest_mailpit.py", tmp_path / "test_suite.py")
    host, port = server.smtp
    outside = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    done = subprocess.run(
        [
            *(
                str(PYTHON),
                "-m",
                "pytest",
                "-p",
                "no:cacheprovider",
                "-W",
                "error",
                "-rA",
                "--tb=short",
                "test_suite.py",
            ),
            *("--mailpit-url", server.url, "-o", "mailpit_tag_failures=true"),
        ],
        cwd=tmp_path,
        env=outside | {"MAILPIT_SMTP": f"{host}:{port}"},
        capture_output=True,
        text=True,
        timeout=PROGRAM_S,
        check=False,
    )
    assert "1 failed, 10 passed" in done.stdout, done.stdout + done.stderr
    assert "FAILED test_suite.py::test_that_fails" in done.stdout
    assert "Tagged 'failed test_that_fails'" in done.stdout
    assert "Kept for the report" in done.stdout
