"""Sends the samples to a server that tells a webhook, and keeps what is told, to compare it with Mailpit's.

`mailpit-webhooks.json` has what Mailpit 1.33.1 told; `scripts/record_mailpit.py` writes it again.
"""

from __future__ import annotations

import json
import queue
import smtplib
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tests.compat.mailpit_answers import TIMEOUT_S, name_ids
from tests.compat.mailpit_samples import SAMPLES

if TYPE_CHECKING:
    from collections.abc import Iterator

RECORDED_WEBHOOKS: Final = Path(__file__).with_name("mailpit-webhooks.json")

Requests = queue.Queue[tuple[str, str, Any]]
"""The method, content type and JSON of each request."""


@contextmanager
def listening() -> Iterator[tuple[str, Requests]]:
    """Take requests for as long as the context lasts; yield the URL, and the queue where they are put."""
    told: Requests = queue.Queue()

    class Handler(BaseHTTPRequestHandler):
        timeout = TIMEOUT_S

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            told.put((self.command, self.headers["content-type"], json.loads(body)))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Log nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/hook", told
        finally:
            server.shutdown()
            thread.join()


def tell_all(smtp: tuple[str, int], told: Requests) -> dict[str, Any]:
    """Send one sample after the other; return what was told of each."""
    listed = []
    with smtplib.SMTP(*smtp, timeout=TIMEOUT_S) as client:
        for sample in SAMPLES:
            client.sendmail("bounce@shop.example", sample.recipients, sample.data)
            method, kind, body = told.get(timeout=TIMEOUT_S)
            assert (method, kind) == ("POST", "application/json")
            listed.append(name_ids(body, {}))
    return {"Listed": listed}
