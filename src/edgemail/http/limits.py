"""The numbers and answers of the bounds in front of the HTTP parser that are not settings."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

PIECE_BYTES: Final = 16 * 1024
"""The most octets that are parsed at once."""

RECEIVE_BYTES: Final = 32 * 1024
"""The size of a receive buffer, which Linux doubles.

A connection that holds so many octets of unparsed input is not read further.
"""

SLICE_BYTES: Final = 64 * 1024
"""The most octets of an answer that are handed to the connection at a time."""

BLANK_BYTES: Final = 64
"""The most octets of empty lines before a request. RFC 9112 section 2.2 asks for one empty line."""

FRAMING_BYTES: Final = 16 * 1024
"""The most octets in a row of a chunked body that are no content: extensions, trailer fields."""

LINGER_S: Final = 1.0
"""Read and drop input for this long after a refusal, so that the peer receives it."""

LINGER_BYTES: Final = 256 * 1024
"""Drop at most so many octets after a refusal."""

PROBES: Final = frozenset({b"/healthz", b"/livez", b"/readyz"})
"""Paths that are answered on connections past the limits, too."""

PROBE_CONNECTIONS: Final = 64
"""Connections past the limits that are read, as they may be probes. The oldest one gives way."""

PROBE_S: Final = 2.0
"""How long such a connection may take for its request."""

WEBSOCKET_MESSAGE_BYTES: Final = 4096
"""A longer message from the peer of a websocket ends it with 1009."""

METRICS_CONNECTIONS: Final = 64
"""The limit of connections for a separate metrics port."""

ACCEPT_AT_ONCE: Final = 32
"""Connections accepted in one turn of the event loop. Each needs a descriptor before it is counted."""

SPARE_DESCRIPTORS: Final = PROBE_CONNECTIONS + 2 * ACCEPT_AT_ONCE
"""Descriptors that a port needs beyond its limit of connections."""


@dataclass(frozen=True, slots=True)
class SpecialPaths:
    """The paths of requests that are read in another way. They may stand behind a base path."""

    websockets: frozenset[bytes] = frozenset()
    """Here a connection may become a websocket; elsewhere such a request is answered like any other."""
    large_bodies: Mapping[bytes, int] = field(default_factory=dict)
    """How many octets the body of a POST may have here, where that is more than `max_http_body`."""


@dataclass(frozen=True, slots=True)
class HttpRefusal:
    """An answer given in front of the application. `status` is `None` where nothing is said.

    Browsers connect ahead of a request that may never come, so that is not logged.
    """

    reason: str
    status: HTTPStatus | None
    detail: str
    retry_after_s: int = 0
    is_logged: bool = True

    def encode_fields(self, *, with_body: bool) -> bytes:
        """Return the answer behind its status line and Date, as octets."""
        from edgemail.http.problems import write_problem  # no sender needs what that loads

        body = json.dumps(write_problem(self.status or HTTPStatus.BAD_REQUEST, self.detail)).encode()
        retry = f"retry-after: {self.retry_after_s}\r\n" if self.retry_after_s else ""
        fields = (
            "content-type: application/problem+json\r\n"
            f"content-length: {len(body)}\r\n"
            f"{retry}"
            "cache-control: no-store\r\n"
            "x-content-type-options: nosniff\r\n"
            "connection: close\r\n\r\n"
        ).encode()
        return fields + body if with_body else fields


MALFORMED: Final = HttpRefusal("malformed", HTTPStatus.BAD_REQUEST, "this is not a valid HTTP request")
TARGET_TOO_LONG: Final = HttpRefusal(
    "target_too_long", HTTPStatus.REQUEST_URI_TOO_LONG, "the request target is too long"
)
HEAD_TOO_LONG: Final = HttpRefusal(
    "head_too_long", HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "the header fields are too long"
)
TOO_MANY_FIELDS: Final = HttpRefusal(
    "too_many_fields", HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "there are too many header fields"
)
FRAMING_TOO_LONG: Final = HttpRefusal(
    "framing_too_long",
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
    "the chunk extensions or trailer fields are too long",
)
BODY_TOO_LONG: Final = HttpRefusal(
    "body_too_long", HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "the request body is too long"
)
HEAD_TIMEOUT: Final = HttpRefusal(
    "head_timeout", HTTPStatus.REQUEST_TIMEOUT, "the header fields did not come in time"
)
BODY_TIMEOUT: Final = HttpRefusal("body_timeout", HTTPStatus.REQUEST_TIMEOUT, "the request body came too slowly")
SILENT: Final = HttpRefusal("silent", None, "no request came in time", is_logged=False)
TOO_MANY_CONNECTIONS: Final = HttpRefusal(
    "too_many_connections", HTTPStatus.SERVICE_UNAVAILABLE, "there are too many connections", 5
)
TOO_MANY_OF_SOURCE: Final = HttpRefusal(
    "too_many_of_source", HTTPStatus.TOO_MANY_REQUESTS, "there are too many connections from your address", 5
)
NO_DESCRIPTORS: Final = HttpRefusal("no_descriptors", None, "too few files can be open: no connection is accepted")
GAVE_WAY: Final = HttpRefusal("gave_way", None, "closed without a request, to make room for another connection")

REFUSALS: Final = (
    MALFORMED,
    TARGET_TOO_LONG,
    HEAD_TOO_LONG,
    TOO_MANY_FIELDS,
    FRAMING_TOO_LONG,
    BODY_TOO_LONG,
    HEAD_TIMEOUT,
    BODY_TIMEOUT,
    SILENT,
    TOO_MANY_CONNECTIONS,
    TOO_MANY_OF_SOURCE,
    NO_DESCRIPTORS,
    GAVE_WAY,
)
