"""The share of an inbox that one source has."""

from __future__ import annotations

from ipaddress import ip_network
from typing import TYPE_CHECKING

import pytest
from testkit.sample_mail import NOON, add_all, envelope, ids

from edgemail.mailbox.quota import Quota
from edgemail.mailbox.source_share import make_source_share
from edgemail.smtp import Deliver, read_source, write_trace
from edgemail.store.memory import MemoryStore

if TYPE_CHECKING:
    from edgemail.model import Envelope

ANN = "ann@example.org"


def sent_by(peer_ip: str) -> Envelope:
    delivery = Deliver(None, (ANN,), b"", "client.example", "ESMTP")
    trace = write_trace(delivery, peer_ip=peer_ip, hostname="mx.example.com", transaction="1", at=NOON)
    return envelope(ANN, data=trace + b"Subject: Hi\r\n\r\nHi")


@pytest.mark.parametrize(
    ("source", "is_limited"),
    [
        ("192.0.2.7", False),
        ("198.51.100.1", True),
        ("::/64", False),
        ("2001:db8:0:1::/64", True),
        ("2001:db8:5:1::/64", False),
        ("", True),
    ],
)
def test_who_is_trusted_has_no_share(source: str, *, is_limited: bool) -> None:
    """An IPv6 source has all addresses of its /64, and so those that are trusted."""
    trusted = [ip_network(text) for text in ("192.0.2.0/24", "::1/128", "2001:db8:5::/48")]
    share = make_source_share(50, trusted, read_source)
    assert share is not None
    assert share.is_limited(source) is is_limited


def test_there_may_be_no_share() -> None:
    """As in dev mode."""
    assert make_source_share(None, [], read_source) is None


async def test_mail_pushes_out_that_of_its_own_source_first() -> None:
    """The source is the network of the peer; a peer that is trusted brings the mail of many."""
    store = MemoryStore()
    watch = Quota(store, 10, None, make_source_share(30, [ip_network("127.0.0.0/8")], read_source))
    peers = ["192.0.2.1", "127.0.0.1", *[f"2001:db8::{number:x}" for number in range(20)], *["127.0.0.1"] * 4]
    mail_ids = await add_all(store, [sent_by(peer_ip) for peer_ip in peers])
    await watch.trim()
    assert ids(await store.list_inbox(ANN, limit=50, oldest_first=True)) == [*mail_ids[:2], *mail_ids[-8:]]
