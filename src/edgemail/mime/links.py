"""Finds the web links of a message, and those that confirm something."""

from __future__ import annotations

import re

from edgemail.mime.markup import scan, visible
from edgemail.model import Link

LINKS_MAX = 200
URL_MAX = 8_192
TEXT_MAX = 200
SCANNED_MAX = 1024 * 1024
"""Characters of HTML, and of text, that are looked at."""

_WEB = re.compile(r"https?://[^/?#]", re.IGNORECASE)
_BARE = re.compile(
    'https?://[^\x00-\x20\x7f-\xa0<>"`{}|\\\\^\u2000-\u206f\u3000-\u303f\uff00-\uffef\ufff0-\uffff]+', re.IGNORECASE
)
_JUNK = re.compile("[\x00-\x20\x7f-\x9f\ud800-\udfff]")
_OPENINGS = {")": "(", "]": "["}
_CAMEL = re.compile("([a-z])([A-Z])")

_LETTER = "A-Za-z\u00c0-\u024f\u0370-\u052f"
_SAID = re.compile(
    f"(?<![{_LETTER}])(?:"
    "verif(?:y|ication|izier|ier|ica|iceer|ik)|confirm|activat|validat|re-?set|sign(?:ing)?[ -]in|log(?:ging)?[ -]?in|magic link"
    "|set (?:up )?(?:a |your )?(?:new )?password|change (?:your )?password|accept (?:the |your )?invit"
    "|bestätig|aktivier|anmelden|einloggen|zurücksetzen|vérifi|activer|valider|réinitialis|se connecter"
    "|activar|restablecer|iniciar sesión|attiva|reimposta|accedi|ativar|redefinir|entrar|bevestig|activeer|inloggen"
    "|potwierd|aktywuj|zweryfikuj|zaloguj|resetuj|подтверд|активир|войти|сбросить|doğrula|onayla|etkinleştir|sıfırla"
    "|giriş yap|bekräfta|verifiera|bekræft|bekreft|vahvista|ověř|potvrď|підтверд)"
    "|確認|認証|有効化|ログイン|サインイン|再設定|验证|確認|确认|激活|登录|登入|驗證|重置|啟用|인증|확인|로그인|활성화|재설정"
    "|تأكيد|تفعيل|تحقق|تسجيل الدخول|אימות|אשר|تایید|ยืนยัน|xác (?:minh|nhận)",
    re.IGNORECASE,
)
_PATH = re.compile(
    "(?<![a-z])(?:verif(?:y|ication|ied)?|confirm(?:ation)?|activat(?:e|ion)|validat(?:e|ion)|opt-?in|double-?opt-?in"
    "|re-?set|recover|magic|magic-?link|pass-?wordless|one-?time|accept-?invit(?:e|ation))(?![a-z])"
)
_SIGN_IN = re.compile("(?<![a-z])(?:sign-?in|log-?in)(?![a-z]).*[?/=]")
_NOT = re.compile(
    "unsubscri|opt-?out|preferenc|abmelde|abbestell|désabonn|désinscri|cancelar (?:la )?suscri|darse de baja|annulla"
    "|cancella|descadastr|afmelden|uitschrijv|wypisz|отпис|abonelik|購読|配信停止|退订|退訂|수신거부|privacy|terms",
    re.IGNORECASE,
)


def find_links(html: str | None, text: str | None) -> tuple[Link, ...]:
    """List each http and https link once, at most `LINKS_MAX`: of the HTML first, then bare ones of the text."""
    links: dict[str, Link] = {}
    for anchor in scan(html[:SCANNED_MAX])[1] if html else ():
        _add(links, _JUNK.sub("", anchor.href), " ".join(visible(anchor.text[: TEXT_MAX * 8]).split())[:TEXT_MAX])
    for bare in _BARE.finditer(text[:SCANNED_MAX]) if text else ():
        _add(links, _trim(bare[0]), "")
    return tuple(links.values())


def _add(links: dict[str, Link], url: str, text: str) -> None:
    if len(url) > URL_MAX or not _WEB.match(url):
        return
    known = links.get(url)
    if known is None and len(links) >= LINKS_MAX:
        return
    if known is None or not known.reason:
        link = Link(url, text, _reason(url, text))
        if known is None or link.reason:
            links[url] = link


def _trim(url: str) -> str:
    """Cut the punctuation that ends a sentence, and brackets that were opened before the link."""
    url = url[: URL_MAX + 1]
    end = len(url)
    surplus = {close: url.count(close) - url.count(opening) for close, opening in _OPENINGS.items()}
    while end:
        last = url[end - 1]
        if surplus.get(last, 0) > 0:
            surplus[last] -= 1
        elif last not in ".,;:!?'*_~":
            break
        end -= 1
    return url[:end]


def _reason(url: str, text: str) -> str:
    """Say why a link looks like one to confirm something, or nothing."""
    path = _CAMEL.sub(r"\1-\2", url[url.find("/", 8) :][:1_000] if url.find("/", 8) >= 0 else "").lower()
    if _NOT.search(text) or _NOT.search(path):
        return ""
    said = _SAID.search(text)
    if said:
        return f"its text says “{text}”" if len(text) <= 40 else f"its text says “{said[0]}”"
    found = _PATH.search(path)
    if found:
        return f"its address has “{found[0]}”"
    return "its address has “sign in”" if _SIGN_IN.search(path) else ""
