"""Sends one mail with Flask-Mail, as its documentation shows: JSON on the standard input says what."""

import json
import sys
from email.utils import parseaddr

from flask import Flask
from flask_mail import Mail, Message

mail = json.load(sys.stdin)
app = Flask(__name__)
app.config.update(
    MAIL_SERVER=mail["host"], MAIL_PORT=mail["port"], MAIL_USERNAME="app", MAIL_PASSWORD="any password"
)
message = Message(
    mail["subject"],
    mail["to"],
    mail["text"],
    mail["html"],
    sender=parseaddr(mail["from"]),
    cc=mail["cc"],
    bcc=mail["bcc"],
    reply_to=mail["reply_to"][0],
)
message.attach(mail["file_name"], "text/plain", mail["file"].encode())
with app.app_context():
    Mail(app).send(message)
