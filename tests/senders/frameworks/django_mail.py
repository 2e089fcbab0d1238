"""Sends one mail with Django, as its documentation shows: JSON on the standard input says what."""

import json
import sys

from django.conf import settings
from django.core.mail import EmailMultiAlternatives

mail = json.load(sys.stdin)
settings.configure(
    EMAIL_HOST=mail["host"], EMAIL_PORT=mail["port"], EMAIL_HOST_USER="app", EMAIL_HOST_PASSWORD="any password"
)
message = EmailMultiAlternatives(
    mail["subject"], mail["text"], mail["from"], mail["to"], mail["bcc"], cc=mail["cc"], reply_to=mail["reply_to"]
)
message.attach_alternative(mail["html"], "text/html")
message.attach(mail["file_name"], mail["file"].encode(), "text/plain")
message.send()
