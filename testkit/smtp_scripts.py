"""A server that says given replies, one for each thing that it hears."""

from __future__ import annotations

import contextlib
import socket
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from testkit.waiting import PATIENCE_S

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


@contextmanager
def scripted_server(replies: Sequence[bytes]) -> Iterator[str]:
    """Serve one connection: the first reply at once, then one for each line or message. Yield HOST:PORT."""

    def serve() -> None:
        with contextlib.suppress(OSError):
            peer, _ = listening.accept()
            peer.settimeout(PATIENCE_S)
            with peer, peer.makefile("rb") as heard:
                for number, reply in enumerate(replies):
                    if number and replies[number - 1].startswith(b"354"):
                        while heard.readline() not in {b".\r\n", b""}:
                            pass
                    elif number:
                        heard.readline()
                    peer.sendall(reply)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"127.0.0.1:{listening.getsockname()[1]}"
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            thread.join()
