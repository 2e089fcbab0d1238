"""Sends one mail with FastAPI-Mail, as its documentation shows: JSON on the standard input says what."""

import asyncio
import io
import json
import sys
from email.utils import parseaddr

from fastapi_mail import ConnectionConfig, FastMail, MessageSchema, MessageType, MultipartSubtypeEnum
from starlette.datastructures import Headers, UploadFile

mail = json.load(sys.stdin)
name, address = parseaddr(mail["from"])
config = ConnectionConfig(
    MAIL_SERVER=mail["host"],
    MAIL_PORT=mail["port"],
    MAIL_USERNAME="app",
    MAIL_PASSWORD="any password",
    MAIL_FROM=address,
    MAIL_FROM_NAME=name,
    MAIL_STARTTLS=False,
    MAIL_SSL_TLS=False,
)
file = UploadFile(
    io.BytesIO(mail["file"].encode()), filename=mail["file_name"], headers=Headers({"content-type": "text/plain"})
)
message = MessageSchema(
    subject=mail["subject"],
    recipients=mail["to"],
    cc=mail["cc"],
    bcc=mail["bcc"],
    reply_to=mail["reply_to"],
    body=mail["html"],
    alternative_body=mail["text"],
    subtype=MessageType.html,
    multipart_subtype=MultipartSubtypeEnum.alternative,
    attachments=[file],
)
asyncio.run(FastMail(config).send_message(message))
