"""What Flask-Mail, fastapi-mail and programs that read their environment send. Run by a pytest of its own.

The environment of the run has a server that cannot be reached, a login and TLS.
"""

import asyncio
import os
import smtplib
import subprocess
import sys
from urllib.parse import urlsplit

import pytest
from fastapi_mail import ConnectionConfig, FastMail, MessageSchema, MessageType
from flask import Flask
from flask_mail import Mail, Message

BEFORE = dict(os.environ)
SEND = """
import os, smtplib, sys
with smtplib.SMTP(os.environ["EMAIL_HOST"], int(os.environ["EMAIL_PORT"])) as server:
    server.sendmail("shop@example.com", [sys.argv[1]], "Subject: Hello\\r\\n\\r\\nYour code is 123456.")
"""


@pytest.fixture(scope="module")
def app():
    """An app of which Flask-Mail would send nothing while it is tested."""
    app = Flask(__name__)
    app.config.update(
        TESTING=True,
        MAIL_SERVER="smtp.shop.invalid",
        MAIL_PORT=587,
        MAIL_USERNAME="shop",
        MAIL_PASSWORD="only for tests",
        MAIL_USE_TLS=True,
    )
    Mail(app)
    before = dict(vars(app.extensions["mail"]))
    yield app
    assert vars(app.extensions["mail"]) == before


def send_by_flask(app, address):
    with app.app_context():
        app.extensions["mail"].send(Message("Hello", [address], "Your code is 123456.", sender="shop@example.com"))


async def send_by_fastapi_mail(config, address):
    text = "Your code is 123456."
    message = MessageSchema(subject="Hello", recipients=[address], body=text, subtype=MessageType.plain)
    await FastMail(config).send_message(message)


class TestFlask:
    def test_without_the_fixture_it_sends_nothing(self, app, mail):
        mail.none(after=lambda: send_by_flask(app, mail.address))

    def test_it_is_sent(self, app, mail, edgemail_flask):
        send_by_flask(app, mail.address)
        assert mail.code() == "123456"

    def test_its_state_comes_back(self, app):
        state = app.extensions["mail"]
        assert (state.server, state.port, state.username, state.use_tls, state.suppress) == (
            "smtp.shop.invalid",
            587,
            "shop",
            True,
            True,
        )


class TestFastapiMail:
    def test_without_the_fixture_it_cannot_connect(self, mail):
        with pytest.raises(Exception, match="check your credentials or email service"):
            asyncio.run(send_by_fastapi_mail(ConnectionConfig(MAIL_FROM="shop@example.com"), mail.address))

    @pytest.mark.asyncio
    async def test_it_is_sent(self, amail, edgemail_smtp):
        options = edgemail_smtp.fastapi_mail(MAIL_FROM="shop@example.com", MAIL_FROM_NAME="The Shop")
        await send_by_fastapi_mail(ConnectionConfig(**options), amail.address)
        message = await amail.wait()
        assert (message.sender.name, message.code()) == ("The Shop", "123456")

    def test_what_is_added_wins(self, edgemail_smtp):
        assert edgemail_smtp.fastapi_mail(SUPPRESS_SEND=1)["SUPPRESS_SEND"] == 1

    @pytest.mark.asyncio
    async def test_its_configuration_comes_from_the_environment(self, amail, edgemail_env):
        await send_by_fastapi_mail(ConnectionConfig(MAIL_FROM="shop@example.com"), amail.address)
        assert await amail.code() == "123456"


class TestEnvironment:
    def test_all_variables_name_the_server(self, edgemail_env, edgemail_smtp, edgemail_server):
        host, port = edgemail_smtp.host, str(edgemail_smtp.port)
        for name in ("EMAIL_HOST", "MAIL_HOST", "MAIL_SERVER", "SMTP_HOST"):
            assert os.environ[name] == host
        for name in ("EMAIL_PORT", "MAIL_PORT", "SMTP_PORT"):
            assert os.environ[name] == port
        for name in ("SMTP_URL", "EMAIL_URL", "MAILER_DSN"):
            found = urlsplit(os.environ[name])
            assert (found.scheme, found.hostname, str(found.port)) == ("smtp", host, port)
            assert (found.username, found.query) == (None, "")
        assert os.environ["EDGEMAIL_URL"] == edgemail_server.url
        for name in ("EMAIL_HOST_USER", "EMAIL_HOST_PASSWORD", "MAIL_USERNAME", "MAIL_PASSWORD"):
            assert os.environ[name] == ""
        for name in ("EMAIL_USE_TLS", "EMAIL_USE_SSL", "MAIL_USE_TLS", "MAIL_STARTTLS", "MAIL_SSL_TLS"):
            assert os.environ[name] == "0"
        assert edgemail_env.items() <= os.environ.items()

    def test_they_come_back(self):
        changed = {name: value for name, value in os.environ.items() if BEFORE.get(name) != value}
        assert set(changed) <= {"PYTEST_CURRENT_TEST"}
        assert set(BEFORE) - set(os.environ) <= {"PYTEST_CURRENT_TEST"}

    def test_another_process_has_them(self, mail, edgemail_env):
        subprocess.run([sys.executable, "-c", SEND, mail.address], check=True, timeout=60)
        assert mail.code() == "123456"

    def test_without_the_fixture_another_process_cannot_connect(self, mail):
        done = subprocess.run(
            [sys.executable, "-c", SEND, mail.address], capture_output=True, check=False, text=True, timeout=60
        )
        assert "ConnectionRefusedError" in done.stderr

    def test_no_login_is_needed(self, mail, edgemail_smtp):
        with smtplib.SMTP(edgemail_smtp.host, edgemail_smtp.port) as server:
            server.ehlo()
            assert not server.has_extn("starttls")
            server.sendmail("shop@example.com", [mail.address], "Subject: Hello\r\n\r\nHi")
        assert mail.wait().subject == "Hello"
