"""Every endpoint of the other mail catchers' APIs: an example of it, what it answers, and where it differs.

The tests ask all of them, and `python -m scripts.write_compat_tables` writes the tables in docs/how-to.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An endpoint.

    `path` has names in braces, which `VALUES` fills. `status` is that of the example. `note` says where the
    answer differs from the tool's own, or ``""``.
    """

    method: str
    path: str
    status: int = 200
    note: str = ""
    body: str | None = None


VALUES: Final = {
    "part": "2",
    "place": "1",
    "tag": "Shop",
    "name": "kim",
    "file": "invoice.pdf",
    "cid": "logo@x",
    "to": "kim@example.org",
    "rest": "latest.html",
}
"""What stands for each name; `id` is that of a message that has all parts."""

_NO_RELAY: Final = "refused: edgemail sends no mail"
_SANDBOX: Final = "in a sandbox, with its images in it"
_HTML_CHECK: Final = "the newest version of each program counts; more features are looked for"
_OUR_IDS: Final = "ids are numbers"

MAILPIT: Final = (
    Endpoint("GET", "/api/v1/messages", note="`null` is `[]`"),
    Endpoint("PUT", "/api/v1/messages", body='{"Read":true}'),
    Endpoint("DELETE", "/api/v1/messages", note="broken JSON is 400; empty for a client of MailHog"),
    Endpoint("GET", "/api/v1/search?query=order", note="HTML and text are both searched"),
    Endpoint("DELETE", "/api/v1/search?query=subject:nothing"),
    Endpoint("GET", "/api/v1/message/{id}", note=_OUR_IDS),
    Endpoint("GET", "/api/v1/message/{id}/headers"),
    Endpoint("GET", "/api/v1/message/{id}/raw"),
    Endpoint("GET", "/api/v1/message/{id}/part/{part}"),
    Endpoint("GET", "/api/v1/message/{id}/part/{part}/thumb", note="a white picture"),
    Endpoint("POST", "/api/v1/message/{id}/release", 400, _NO_RELAY, body='{"To":["kim@example.org"]}'),
    Endpoint("GET", "/api/v1/message/{id}/html-check", note=_HTML_CHECK),
    Endpoint("GET", "/api/v1/message/{id}/link-check", 400, "refused unless `link_check` is on"),
    Endpoint("GET", "/api/v1/message/{id}/sa-check", 404, "as where it is off"),
    Endpoint("GET", "/api/v1/message/{id}/rspamd-check", 404, "as where it is off"),
    Endpoint("POST", "/api/v1/send", body='{"From":{"Email":"a@example.org"},"To":[{"Email":"kim@example.org"}]}'),
    Endpoint("GET", "/api/v1/tags"),
    Endpoint("PUT", "/api/v1/tags", body='{"IDs":[],"Tags":["a"]}'),
    Endpoint("PUT", "/api/v1/tags/{tag}", body='{"Name":"Shop"}'),
    Endpoint("DELETE", "/api/v1/tags/{tag}"),
    Endpoint("GET", "/api/v1/info", note="deletions are not counted"),
    Endpoint("GET", "/api/v1/webui"),
    Endpoint("GET", "/api/v1/chaos", note="needs `chaos_api`"),
    Endpoint("PUT", "/api/v1/chaos", note="needs `chaos_api`", body="{}"),
    Endpoint("GET", "/view/{id}.html", note=_SANDBOX),
    Endpoint("GET", "/view/{id}.txt"),
    Endpoint("GET", "/view/{id}", 302),
    Endpoint("GET", "//view/{rest}", 301),
    Endpoint("GET", "/search", 302),
    Endpoint("GET", "/livez"),
)
MAILHOG: Final = (
    Endpoint("GET", "/api/v2/messages", note="of a missing Message-ID none is made up"),
    Endpoint("GET", "/api/v2/search?kind=containing&query=order",
             note="`containing` looks for words as edgemail's search does: decoded, not in raw octets"),
    Endpoint("GET", "/api/v1/messages/{id}", note=f"{_OUR_IDS}; an unknown one is 404, not `null`"),
    Endpoint("DELETE", "/api/v1/messages/{id}", note="an unknown id is 404, not 500"),
    Endpoint("GET", "/api/v1/messages/{id}/download", note="as it came, octet for octet"),
    Endpoint("GET", "/api/v1/messages/{id}/mime/part/{place}/download", note="quoted-printable is decoded, too"),
    Endpoint("POST", "/api/v1/messages/{id}/release", 500, _NO_RELAY, body="{}"),
    Endpoint("GET", "/api/v2/outgoing-smtp", note="always empty"),
    Endpoint("GET", "/api/v2/jim", 404, "404 while Jim is off, as there; needs `chaos_api`"),
    Endpoint("POST", "/api/v2/jim", 201, "DisconnectChance and LinkSpeedAffect above 0 are refused",
             body='{"AcceptChance":1}'),
    Endpoint("PUT", "/api/v2/jim", 200, "as POST", body='{"AcceptChance":1}'),
    Endpoint("DELETE", "/api/v2/jim"),
)  # fmt: skip
_MAILDEV: Final = (
    Endpoint("GET", "/email", note="`sort` is by arrival"),
    Endpoint("GET", "/email/{id}", note=f"{_OUR_IDS}; `headers` has all fields; there is no `source`"),
    Endpoint("GET", "/email/{id}/html", note=_SANDBOX),
    Endpoint("GET", "/email/{id}/source"),
    Endpoint("GET", "/email/{id}/download"),
    Endpoint("GET", "/email/{id}/attachment/{file}", note="by `generatedFileName`, or by its own name"),
    Endpoint("POST", "/email/{id}/relay", 500, _NO_RELAY),
    Endpoint("POST", "/email/{id}/relay/{to}", 500, _NO_RELAY),
    Endpoint("PATCH", "/email/read-all"),
    Endpoint("POST", "/email/delete", body='{"ids":["999999"]}'),
    Endpoint("GET", "/config"),
    Endpoint("GET", "/reloadMailsFromDirectory", note="does nothing"),
    Endpoint("DELETE", "/email/{id}"),
    Endpoint("DELETE", "/email/all"),
)
MAILDEV: Final = (
    Endpoint("GET", "/api/email/summary", note="`time` is that of arrival"),
    Endpoint("GET", "/api/healthz", note="`/healthz` is edgemail's own"),
    *(replace(endpoint, path=f"/api{endpoint.path}") for endpoint in _MAILDEV),
    *_MAILDEV,
)
MAILCATCHER: Final = (
    Endpoint("GET", "/messages", note="no websocket"),
    Endpoint("GET", "/messages/{id}.json", note="a part without a Content-ID goes by its place, as `2`"),
    Endpoint("GET", "/messages/{id}.html", note=_SANDBOX),
    Endpoint("GET", "/messages/{id}.plain"),
    Endpoint("GET", "/messages/{id}.source"),
    Endpoint("GET", "/messages/{id}.eml"),
    Endpoint("GET", "/messages/{id}/parts/{cid}"),
    Endpoint("DELETE", "/messages/{id}", 204),
    Endpoint("DELETE", "/messages", 204),
)
INBUCKET: Final = (
    Endpoint("GET", "/api/v1/mailbox/{name}", note="the newest 1,000; `name@domain` is one address"),
    Endpoint("GET", "/api/v1/mailbox/{name}/{id}", note=_OUR_IDS),
    Endpoint("GET", "/api/v1/mailbox/{name}/{id}/source"),
    Endpoint("PATCH", "/api/v1/mailbox/{name}/{id}", note="a body that is no JSON is 400, not 500",
             body='{"seen":true}'),
    Endpoint("GET", "/serve/mailbox/{name}/{id}/html", note=_SANDBOX),
    Endpoint("GET", "/serve/mailbox/{name}/{id}/source"),
    Endpoint("GET", "/serve/mailbox/{name}/{id}/attach/{place}/{file}"),
    Endpoint("DELETE", "/api/v1/mailbox/{name}/{id}", note="other recipients keep the message"),
    Endpoint("DELETE", "/api/v1/mailbox/{name}", note="other recipients keep their messages"),
)  # fmt: skip
TOOLS: Final = {
    "Mailpit": MAILPIT,
    "MailHog": MAILHOG,
    "MailDev": MAILDEV,
    "MailCatcher": MAILCATCHER,
    "Inbucket": INBUCKET,
}


def fill(endpoint: Endpoint, mail_id: int | str) -> str:
    """Write an endpoint's path for a message."""
    return endpoint.path.format(id=mail_id, **VALUES)
