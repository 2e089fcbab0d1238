"""Defines the settings of the HTTP port: addresses, origins, limits."""

from __future__ import annotations

from dataclasses import dataclass

from edgemail.model import Endpoint
from edgemail.settings.definition import setting
from edgemail.settings.kinds import (
    ALLOWED_HOST,
    BASE_PATH,
    BYTES,
    COUNT,
    DURATION,
    ENDPOINT,
    OFF,
    ORIGIN,
    many,
    or_switch,
)
from edgemail.settings.values import KIB, MIB


@dataclass(frozen=True, slots=True)
class HttpSettings:
    """Where the page and the API are, and who may use them from a browser."""

    listen: tuple[Endpoint, ...] = setting(
        many(ENDPOINT, empty=OFF),
        (Endpoint("127.0.0.1", 8025),),
        "Serve the page and the API here: on IPv4 and IPv6 if it is given twice.",
        name="http",
        everyday=True,
    )
    metrics: Endpoint | bool = setting(
        or_switch(ENDPOINT),
        True,
        "Serve Prometheus metrics: at `/metrics` beside the page, or on a port of their own.",
        everyday=True,
    )
    allowed_hosts: tuple[str, ...] = setting(
        many(ALLOWED_HOST),
        (),
        "Let browsers reach the page under this name too.",
        name="allowed_host",
        everyday=True,
    )
    allowed_origins: tuple[str, ...] = setting(
        many(ORIGIN),
        (),
        "Let pages of this web origin use the API. `*`, in dev mode alone, lets any page do so.",
        name="allowed_origin",
        everyday=True,
    )
    base_path: str = setting(
        BASE_PATH,
        "",
        "Serve the page and the API under this path, such as `/mail`, on a host that a proxy shares with others.",
    )
    reader_timeout_s: float = setting(
        DURATION, 60.0, "Close an HTTP connection whose client reads nothing for this long (Linux only)."
    )
    max_connections: int = setting(
        COUNT, 2000, "Take at most this many HTTP connections at a time.", name="max_http_connections"
    )
    max_connections_per_source: int = setting(
        COUNT,
        100,
        "Take at most this many HTTP connections at a time from one source: an IPv4 address or IPv6 /64.",
        name="max_http_connections_per_source",
    )
    max_target_bytes: int = setting(
        BYTES, 16 * KIB, "Answer 414 to an HTTP request whose target is longer.", name="max_http_target"
    )
    max_head_bytes: int = setting(
        BYTES,
        64 * KIB,
        "Answer 431 to an HTTP request whose request line and header fields are longer in all.",
        name="max_http_head",
    )
    max_fields: int = setting(
        COUNT, 100, "Answer 431 to an HTTP request that has more header fields.", name="max_http_fields"
    )
    max_body_bytes: int = setting(
        BYTES, MIB, "Answer 413 to an HTTP request whose body is longer, as it is sent.", name="max_http_body"
    )
    head_timeout_s: float = setting(
        DURATION,
        10.0,
        "Wait this long for all header fields of an HTTP request.",
        name="http_head_timeout",
    )
    min_body_rate_bytes: int = setting(
        BYTES,
        500,
        "Close an HTTP connection whose request body brings fewer octets a second on average, once "
        "`http_head_timeout` has passed again.",
        name="min_http_body_rate",
    )
    keep_alive_s: float = setting(
        DURATION, 60.0, "Wait this long for the next request of an HTTP connection.", name="http_keep_alive"
    )
    min_read_rate_bytes: int = setting(
        BYTES,
        1000,
        "Close an HTTP connection whose client takes fewer octets of a large answer a second.",
        name="min_read_rate",
    )
    max_answer_bytes: int = setting(
        BYTES,
        64 * MIB,
        "Keep at most this much of all HTTP answers under way in memory; past it they wait, then get 503.",
        name="max_answers",
    )
    max_parsed_bytes: int = setting(
        BYTES,
        32 * MIB,
        "Keep at most this much of what was parsed in memory, for readers who ask again.",
        name="max_parsed",
    )
    max_parsed_file_bytes: int = setting(
        BYTES,
        256 * MIB,
        "Keep at most this much, and a quarter of the disk, of what was parsed of large messages; past it readers "
        "get 503. It is in files without a name, in the folder of arriving messages, for a minute.",
        name="max_parsed_files",
    )
    max_waiting_reads: int = setting(
        COUNT, 200, "Let at most this many requests wait for each kind of reading; past it they get 503."
    )
    max_streams_per_inbox: int = setting(
        COUNT, 1500, "Let at most this many event streams follow one inbox; past it they get 503."
    )
    max_streams_per_source: int = setting(
        COUNT,
        100,
        "Let at most this many event streams come from one source, an IPv4 address or IPv6 /64 that is not "
        "`trusted`; past it they get 429.",
    )
    max_waits_per_inbox: int = setting(
        COUNT, 1500, "Let at most this many requests wait for mail to one inbox; past it they get 503."
    )
    max_waits_per_source: int = setting(
        COUNT,
        100,
        "Let at most this many requests of one source that is not `trusted` wait for mail; past it they get 429.",
    )
