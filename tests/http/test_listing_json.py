"""Listings and events are serialised octet for octet as the models would be."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from edgemail.http import models
from edgemail.http.listing_json import (
    serialize_listing,
    serialize_marked_listing,
    serialize_marked_message,
    serialize_message,
)
from edgemail.model import (
    Attachment,
    CalendarEvent,
    Code,
    HeaderAddress,
    Link,
    ListedMail,
    MailId,
    StoredMail,
    Summary,
)
from edgemail.store.message_json import write_date

_NUMBERS = st.integers(0, 2**63 - 1)
_TEXTS = st.sampled_from(["", "\x00\x1f\x7f", '"', "\\", "\r\n", "\u2028", "ä☃😀"]) | st.text(max_size=20)
_ADDRESSES = st.lists(st.builds(HeaderAddress, _TEXTS, _TEXTS), max_size=3).map(tuple)
_EVENTS = st.builds(CalendarEvent, *[_TEXTS] * 7, st.lists(_TEXTS, max_size=3).map(tuple))
_SUMMARIES = st.builds(
    Summary,
    _TEXTS,
    _TEXTS,
    _TEXTS,
    attachments=st.lists(st.builds(Attachment, _NUMBERS, _TEXTS, _TEXTS, _NUMBERS, _TEXTS), max_size=3).map(tuple),
    codes=st.lists(st.builds(Code, _TEXTS, _TEXTS), max_size=3).map(tuple),
    links=st.lists(st.builds(Link, _TEXTS, _TEXTS, _TEXTS), max_size=3).map(tuple),
    words=_TEXTS,
    to=_ADDRESSES,
    cc=_ADDRESSES,
    bcc=_ADDRESSES,
    reply_to=_ADDRESSES,
    message_id=_TEXTS,
    inline_count=_NUMBERS,
    events=st.lists(_EVENTS, max_size=3).map(tuple),
    source=_TEXTS,
)
_MAIL = st.builds(
    StoredMail,
    _NUMBERS.map(MailId),
    st.datetimes(datetime(1000, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - hypothesis adds the zone
    _TEXTS,
    st.lists(_TEXTS, max_size=3).map(tuple),
    _NUMBERS,
)


@given(st.lists(st.builds(ListedMail, _MAIL, _SUMMARIES), max_size=3), st.none() | _NUMBERS)
def test_a_listing_has_the_octets_of_its_model(listed: list[ListedMail], next_before: int | None) -> None:
    """Every name, every value and their order are those of the OpenAPI document's models."""
    messages = [models.MessageModel.of(message) for message in listed]
    listing = models.ListingModel(messages=messages, next_before=next_before)
    assert serialize_listing(listed, next_before) == listing.model_dump_json(by_alias=True).encode()
    for message, model in zip(listed, messages, strict=True):
        assert serialize_message(message) == model.model_dump_json(by_alias=True).encode()


@given(
    st.lists(st.builds(ListedMail, _MAIL, _SUMMARIES, st.booleans(), st.lists(_TEXTS).map(tuple)), max_size=3),
    st.none() | _NUMBERS,
)
def test_a_listing_of_all_mail_has_the_octets_of_its_model(
    listed: list[ListedMail], next_before: int | None
) -> None:
    """As above, with what is said of a message there alone."""
    messages = [models.MarkedMessageModel.of(message) for message in listed]
    listing = models.MarkedListingModel(messages=messages, next_before=next_before)
    assert serialize_marked_listing(listed, next_before) == listing.model_dump_json(by_alias=True).encode()
    for message, model in zip(listed, messages, strict=True):
        assert serialize_marked_message(message) == model.model_dump_json(by_alias=True).encode()


def test_a_date_has_milliseconds_and_is_cut_off() -> None:
    """A date is never later than it was."""
    assert write_date(datetime(2026, 5, 17, 12, 0, 1, 999_999, UTC)) == "2026-05-17T12:00:01.999Z"
    assert write_date(datetime(2026, 5, 17, 12, tzinfo=UTC)) == "2026-05-17T12:00:00.000Z"
