"""Tells which links confirm something: an address, an account, a new password, a sign-in.

Each place of a link is weighed: its wording, the sentence that asks for it, the subject, its address, its form.
What leads elsewhere (help, shop, settings, unsubscribe) weighs against it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote

from edgemail.mime.finder.lexicon import Mark, marks
from edgemail.mime.finder.word_lists import lower
from edgemail.model import Link

if TYPE_CHECKING:
    from edgemail.mime.finder.links import Listed, Place

CONFIRMATIONS_MAX = 3
_ENOUGH = 50
_CUT = 30
_THINGS = frozenset({"other", "promo", "goods"})
_IT_IS_YOU = frozenset({"sign_in"})
_ASKING = frozenset({"act", "login", "invite"})
_ELSEWHERE = _THINGS | {"never", "guide"}
_CLEAR = 50
"""For a link that says itself what it confirms."""
_CONTEXT_BEST = 40
_NEAR_OTHER = -40
_PATH_MAX = 1_000
_CONTEXT_MAX = 400
_NEAR_MAX = 160
_READ_MAX = 16 * 1024
"""Characters around links in which words are looked for."""

_CAMEL = re.compile("([a-z])([A-Z])")
_SAYS = re.compile(
    "(?<![a-z])(verif(?:y|ication|ied|ies|yemail)?|confirm(?:ation|ations)?|activat(?:e|ion)|validat(?:e|ion)"
    "|(?:double-?)?opt-?in|re-?set(?:-?password)?|password-?reset|recover|magic(?:-?link)?|password-?less|one-?time"
    "|unlock|accept(?:-?invit(?:e|ation))?|invit(?:e|ation)s?/accept|complete-(?:registration|signup)|signup-complete)(?![a-z])"
)
_SIGN_IN = re.compile("(?<![a-z])((?:sign|log)-?in|auth|session|sso)(?![a-z])")
_LEADS_ELSEWHERE = re.compile(
    "(?<![a-z])(blog|help|docs?|documentation|support|faqs?|articles?|kb|guides?|news|story|stories|posts?|wiki|legal"
    "|privacy|terms|unsubscribe|opt-?out|preferences|orders?|commandes?|pedidos?|bestellung(?:en)?|bookings?"
    "|reservations?|track(?:ing)?|invoices?|receipts?|tickets?|careers|about|contact|pricing|products?|shop|cart"
    "|builds?|pull|issues?|commits?|incidents?|how-to[a-z-]*|learn|impressum|imprint|rsvp|events?|calendar)(?![a-z])"
)
_KEY = re.compile(
    "[?&#](?:[a-z_]{0,20}(?:token|key|code|hash|jeton|ticket|otp|nonce|sig|secret|upn|qs)|[tkchsdunp])=[^&#]",
    re.IGNORECASE,
)
_PIECE = re.compile("[A-Za-z0-9_-]{8,}")
_ADDRESS = re.compile("[a-z]{3,5}://[^ ]+", re.IGNORECASE)
_HOST = re.compile("^[^:]+://([^/?#:]+)")
_IMAGE = re.compile("[.](?:png|jpe?g|gif|svg|webp|css|ico)$")
_SOCIAL = (
    ".facebook.com", ".twitter.com", ".x.com", ".instagram.com", ".linkedin.com", ".youtube.com", ".tiktok.com",
    ".pinterest.com",
)  # fmt: skip
_FROM = re.compile("@([a-z0-9.-]+)", re.IGNORECASE)
_SENTENCE = re.compile("[.!?] |[。！？]")


class _Weighed(NamedTuple):
    score: int
    reason: str


_NOTHING = _Weighed(0, "")


def pick_confirmations(links: list[Listed], subject: str, sender: str) -> list[Link]:
    """Choose the links that confirm something, best first."""
    if not links:
        return []
    reader = _LinkWeigher(subject, sender)
    best: list[tuple[int, Link]] = []
    for link in links:
        found = reader.weigh(link)
        if found.score >= _ENOUGH and found.reason:
            best.append((found.score, Link(link.url, link.text, found.reason)))
    if not best:
        only = reader.eliminate(links)
        return [only] if only else []
    best.sort(key=lambda item: -item[0])
    return [link for score, link in best[:CONFIRMATIONS_MAX] if score > best[0][0] - _CUT]


class _LinkWeigher:
    """Weighs the links of one message."""

    def __init__(self, subject: str, sender: str) -> None:
        self._left = _READ_MAX
        self._known: dict[str, list[Mark]] = {}
        found = self._read(subject[:_CONTEXT_MAX])
        self._subject_asks = _asks(found)
        asking = next((mark.word for mark in found if mark.roles & _ASKING), "")
        self._subject_reason = f"the subject says “{asking}”"
        self._joins = {lower(mark.word) for mark in found if "join" in mark.roles}
        self._subject_object = any(mark.roles & {"object", "password", "invite"} for mark in found)
        is_object = any("object" in mark.roles and "login" not in mark.roles for mark in found)
        self._subject_other = any(m.roles & _THINGS for m in found) and not is_object
        self._subject_invites = _word(found, "invite") is not None
        self._invites = self._subject_invites and not self._subject_other
        nearly = _word(found, "nearly") or _word(found, "password")
        self._is_nearly = nearly is not None and not self._subject_other
        if nearly and not self._subject_asks:
            self._subject_reason = f"the subject says “{nearly.word}”"
        self._is_told = _word(found, "unasked") is not None or _word(found, "never") is not None
        domain = _FROM.search(sender)
        self._domain = ".".join(domain[1].lower().split(".")[-2:]) if domain else ""

    def _read(self, text: str) -> list[Mark]:
        known = self._known.get(text)
        if known is None:
            seen = text[: max(0, self._left)]
            self._left -= len(seen)
            known = self._known[text] = marks(seen)
        return known

    def weigh(self, link: Listed) -> _Weighed:
        """Weigh a link by the best of its places."""
        at_address = self._weigh_address(link.url)
        best = _Weighed(-1000, "")
        for place in link.places:
            found = self._weigh_place(place, at_address)
            if found.score > best.score:
                best = found
        return best

    def eliminate(self, links: list[Listed]) -> Link | None:
        """Choose the one link made for this reader, where the subject asks and no wording tells which."""
        if not (self._subject_asks or self._is_nearly) or self._subject_other or self._is_told:
            return None
        fit = [link for link in links if self._may_be_meant(link)][:2]
        return Link(fit[0].url, fit[0].text, self._subject_reason) if len(fit) == 1 else None

    def _may_be_meant(self, link: Listed) -> bool:
        place = link.places[0]
        anchor = place.anchor
        after = anchor.after.strip(" .>)]")
        is_within = (anchor.before and not anchor.is_bare) or (after and not after.startswith("("))
        if is_within or not _has_token(link.url):
            return False
        found = self._read((anchor.text or anchor.label)[:_CONTEXT_MAX])
        if any(mark.roles & _ELSEWHERE for mark in found) or not (anchor.is_button or anchor.is_bare):
            return False
        if self._weigh_address(link.url).score < 0:
            return False
        return self._weigh_context(place, is_alone=True, is_vague=True).score >= 0

    def _weigh_address(self, url: str) -> _Weighed:
        host = _HOST.match(lower(url[:300]))
        start, name = (host.end(), host[1]) if host else (0, "")
        rest = url[start : start + _PATH_MAX]
        plain = unquote(unquote(rest)) if "%" in rest else rest
        target = plain if plain.islower() else lower(_CAMEL.sub(r"\1-\2", plain))
        path, _, query = target.partition("?")
        inner = query.partition("://")[2]
        where = f"{path} {inner.partition('?')[0]}"
        said, token = _SAYS.search(where), _has_token(rest)
        score, reason = 0, ""
        if said:
            score, reason = 35, f"its address has “{said[1]}”"
        elif sign_in := _SIGN_IN.search(where):
            score, reason = (35, f"its address has “{sign_in[1]}”") if token else (-25, "")
        score += 15 if token else 0
        score += 5 if self._domain and (name == self._domain or name.endswith("." + self._domain)) else 0
        if not rest.strip("/"):
            score -= 40
        if _LEADS_ELSEWHERE.search(where) or _IMAGE.search(path) or f".{name}".endswith(_SOCIAL):
            score -= 100
        return _Weighed(score, reason)

    def _weigh_place(self, place: Place, address: _Weighed) -> _Weighed:
        anchor = place.anchor
        said = anchor.text or anchor.label
        if anchor.is_bare or _ADDRESS.match(said):
            said = anchor.label if anchor.is_bare else ""
        found = self._read(said[:_CONTEXT_MAX])
        if found and _word(found, "never") and not _word(found, "object"):
            return _Weighed(-100, "")
        wording, reason = self._weigh_wording(said, found, is_bare=anchor.is_bare)
        is_alone = not anchor.before and not anchor.after.strip(" .>)]")
        yes = _word(found, "yes") if found else None
        if (
            wording < _CLEAR
            and yes
            and not yes.start
            and not self._is_other_near(place)
            and self._has_object(place)
        ):
            wording, reason = _CLEAR, f"its text says “{yes.word}”"
        create = _word(found, "create") if self._subject_invites else None
        if create:
            wording, reason = _CLEAR + 55 * self._subject_other, f"its text says “{create.word}”"
        score = address.score + wording
        score += 10 * is_alone + 10 * anchor.is_button - 20 * (anchor.links_in_row > 2)
        score += 20 * self._subject_asks - 55 * self._subject_other
        is_clear = wording >= _CLEAR and not self._subject_other
        if wording > 0 and not is_clear and _word(found, "act") and not self._has_object(place):
            score -= 60  # as `Confirm my spot`
        if score + _CONTEXT_BEST < _ENOUGH:
            return _Weighed(score, "")
        is_vague = wording < _CLEAR and (is_alone or anchor.is_bare or not said or _word(found, "soft") is not None)
        around = self._weigh_context(place, is_alone=is_alone, is_vague=is_vague)
        reason = reason or around.reason or address.reason
        if wording >= _CLEAR and self._subject_other and _word(found, "object"):
            score += 15
        if wording >= _CLEAR and _word(found, "object") and around.score == _NEAR_OTHER:
            around = _Weighed(0, "")  # `This is my e-mail` below `to send you your bookings`
        if not reason and self._subject_asks and _word(found, "soft"):
            reason = self._subject_reason
        return _Weighed(score + around.score, reason)

    def _weigh_wording(self, said: str, found: list[Mark], *, is_bare: bool) -> tuple[int, str]:
        """Weigh what the link says itself."""
        if not found:
            return 0, ""
        if any(mark.roles & _ELSEWHERE for mark in found) and not _word(found, "object"):
            return -60, ""
        act, login, soft = _word(found, "act"), _word(found, "login"), _word(found, "soft")
        is_short = len(said) <= 70
        who = "the text beside it" if is_bare else "its text"
        password = _word(found, "password") if len(said) <= 40 else None
        if act or password:
            word = (act or password or found[0]).word
            is_clear = any(m.roles & {"object", "password"} or m.roles == _IT_IS_YOU for m in found)
            is_clear = is_clear or " " in word or len(said) <= len(word) + 5
            return (_CLEAR if is_short and is_clear else 25), f"{who} says “{word}”"
        if login and len(said) <= 30:
            return (30 if self._subject_asks else 15), f"{who} says “{login.word}”"
        if soft:
            return (35, f"the subject says “{soft.word}”") if lower(soft.word) in self._joins else (15, "")
        return 0, ""

    def _weigh_context(self, place: Place, *, is_alone: bool, is_vague: bool) -> _Weighed:
        """Weigh the sentence that a link stands in, or the lines above it."""
        anchor, rows = place.anchor, place.rows
        rest = "" if anchor.is_bare and anchor.after[:1].isupper() else anchor.after
        here = f"{_last_sentence(anchor.before)} … {_first_sentence(rest)}"
        found = self._read(_without_addresses(here)[:_CONTEXT_MAX])
        if _word(found, "unasked") or _word(self._read(anchor.before[-_NEAR_MAX:]), "unasked"):
            return _Weighed(-150, "")
        texts = [found]
        if anchor.is_bare and _word(found, "soft") and not _asks(found):
            texts = [[*found, *self._read(anchor.before[-_CONTEXT_MAX:])]]
        if is_alone or not anchor.before:
            above = range(anchor.row - 1, max(-1, anchor.row - 3), -1)
            seen = [row for row in above if row < len(rows) and row not in place.link_rows]
            texts += [self._read(_without_addresses(rows[row][-_CONTEXT_MAX:])) for row in seen]
        for distance, words in enumerate(texts):
            if not words and not self._invites:
                continue
            if distance == 1 and _word(words, "unasked"):
                return _Weighed(_NEAR_OTHER - 1, "")
            asks = _word(words, "act") or _word(words, "password")
            asks = asks or (_word(words, "own") if _word(words, "object") else None)
            if self._subject_asks or _word(words, "soft"):
                asks = asks or _word(words, "login")
            if (_word(words, "other") or _word(words, "promo")) and not _word(words, "object"):
                return _Weighed(_NEAR_OTHER, "")
            if asks and (distance == 0 or not _word(words, "never")):
                best = _CONTEXT_BEST if _word(words, "soft") or distance == 0 else _CONTEXT_BEST - 10
                return _Weighed(best if is_vague else 10, f"the text beside it says “{asks.word}”")
            if (_word(words, "invite") or (distance and self._invites)) and not self._is_other_near(place):
                invite = _word(words, "invite")
                reason = f"the text beside it says “{invite.word}”" if invite else self._subject_reason
                return _Weighed(30 if is_vague else 10, reason)
            if distance and _word(words, "soft") and is_vague and self._subject_asks:
                return _Weighed(20, self._subject_reason)
        return _NOTHING

    def _has_object(self, place: Place) -> bool:
        """Return True if the subject or the lines above speak of what links confirm: an address, an account."""
        row = place.anchor.row
        above = " … ".join(line[:200] for line in place.rows[max(0, row - 2) : row + place.anchor.is_bare])
        return self._subject_object or any(
            "object" in mark.roles and "login" not in mark.roles for mark in self._read(above)
        )

    def _is_other_near(self, place: Place) -> bool:
        """Return True if the lines around a link speak of a meeting, a booking or the like."""
        row, rows = place.anchor.row, place.rows
        near = " … ".join(line[:200] for line in rows[max(0, row - 3) : row + 4])
        return self._subject_other or any("other" in mark.roles for mark in self._read(near))


def _has_token(address: str) -> bool:
    """Return True if an address has what was made for one reader."""
    return bool(_KEY.search(address)) or any(
        not piece.isdigit() and not piece.replace("-", "").isalpha() for piece in _PIECE.findall(address)
    )


def _without_addresses(text: str) -> str:
    return _ADDRESS.sub("…", text) if text.find("://") >= 0 else text


def _word(found: list[Mark], role: str) -> Mark | None:
    for mark in found:
        if role in mark.roles:
            return mark
    return None


def _asks(found: list[Mark]) -> bool:
    return any(mark.roles & _ASKING for mark in found) and not _word(found, "guide")


def _last_sentence(text: str) -> str:
    if not text:
        return ""
    ends = list(_SENTENCE.finditer(text))
    return text[ends[-1].end() :] if ends else text


def _first_sentence(text: str) -> str:
    end = _SENTENCE.search(text)
    return text[: end.start()] if end else text
