"""Servers that are not libSQL servers, and what the error says of them."""

from __future__ import annotations

import http.server
import threading
from typing import TYPE_CHECKING

import pytest

from edgemail.errors import StoreInvalid
from edgemail.store.remote.store import RemoteStore

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def web_server() -> Iterator[int]:
    """A plain web server for files; give its port."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


async def test_a_web_server_is_told_from_a_database_that_is_out_of_order(web_server: int) -> None:
    """It answers 501 and a page: to start a database would not help. The page is not quoted."""
    with pytest.raises(StoreInvalid, match=r"it answers 501: with a web page; no libSQL server is there") as caught:
        await RemoteStore.open(f"http://127.0.0.1:{web_server}", None)
    assert "<" not in str(caught.value)


async def test_a_server_without_tls_is_told_from_one_that_is_down(web_server: int) -> None:
    """libsql:// means https://, which sqld alone does not speak."""
    with pytest.raises(StoreInvalid, match=r"speaks no TLS; .* write http://") as caught:
        await RemoteStore.open(f"libsql://127.0.0.1:{web_server}", None)
    assert "SSL" not in str(caught.value)
