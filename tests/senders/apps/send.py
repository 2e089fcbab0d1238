"""An application that sends by smtplib with a login: HOST PORT TO CONNECTIONS MESSAGES.

It keeps so many connections open at a time, sends so many messages over each, and prints what the server offers.
"""

import smtplib
import sys
from contextlib import ExitStack

TIMEOUT_S = 30.0

host, port, to, connections, messages = sys.argv[1:]
with ExitStack() as stack:
    for number in range(int(connections)):
        client = stack.enter_context(smtplib.SMTP(host, int(port), timeout=TIMEOUT_S))
        client.ehlo()
        if number == 0:
            print(*sorted(client.esmtp_features), flush=True)
        client.login("app", "any password")
        for _ in range(int(messages)):
            client.sendmail("app@sender.example", [to], "Subject: smtplib\r\n\r\nHello.\r\n")
