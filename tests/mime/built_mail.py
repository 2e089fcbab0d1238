"""Builds valid messages of many shapes. What a person reads in each is known, since it was built from that."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from random import Random

_WORDS = {
    "ascii": 'your code is 481223 Hello, Kim! (see below) 100% a+b "quoted" it\'s ok: [new] #7 a_b x=1 end.',
    "latin": "Grüße aus Köln señor Muñoz À bientôt Ærø café naïve Straße Ýmir",
    "western": "“quoted” – 5 € œuvre Žižek… Š",
    "polish": "Zażółć gęślą jaźń Łódź święto",
    "cyrillic": "Ваш код подтверждения для входа Служба поддержки Ёлка",
    "greek": "Ο κωδικός σας είναι Ελλάδα",
    "hebrew": "קוד האימות שלך",
    "arabic": "رمز التحقق الخاص بك",
    "japanese": "確認コード ご登録 ありがとう ソフトウェア 表示",
    "chinese": "您的 验证码 通知 欢迎 注册 说明",
    "traditional": "您的 驗證碼 歡迎 註冊 功能",
    "korean": "인증번호 환영합니다 로그인",
    "thai": "รหัสยืนยัน ยินดีต้อนรับ",
    "emoji": "🎉 🔐 👩‍💻 ✓ 🇨🇭",
}
_CHARSETS = {
    "ascii": ("us-ascii", "utf-8", "iso-8859-1"),
    "latin": ("iso-8859-1", "windows-1252", "iso-8859-15"),
    "western": ("windows-1252",),
    "polish": ("iso-8859-2", "windows-1250"),
    "cyrillic": ("koi8-r", "windows-1251"),
    "greek": ("iso-8859-7", "windows-1253"),
    "hebrew": ("windows-1255",),
    "arabic": ("windows-1256",),
    "japanese": ("iso-2022-jp", "shift_jis", "euc-jp"),
    "chinese": ("gb2312", "gbk", "gb18030"),
    "traditional": ("big5",),
    "korean": ("euc-kr",),
    "thai": ("windows-874",),
    "emoji": (),
}
_CODECS = {"windows-874": "cp874"}
_LETTERS_OF = {
    charset: {letter for script, names in _CHARSETS.items() if charset in names for letter in _WORDS[script]}
    for charset in dict.fromkeys(charset for names in _CHARSETS.values() for charset in names)
}
"""The letters that mail in a charset has, beside ASCII. Rare ones differ between tables of the same name."""

_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_LINE_MAX = 76
_ENCODED_OCTETS_MAX = 40
_LEVELS_MAX = 3


@dataclass(frozen=True, slots=True)
class BuiltMail:
    """A message, what a person reads in it (see tests/vectors/mime/README.md), and what it is made of."""

    octets: bytes
    expect: dict[str, Any]
    features: frozenset[str]
    """Each says of something in the message that some parser may read in another way."""


@dataclass(slots=True)
class _Parts:
    """What the parts that are built so far hold."""

    text: str | None = None
    html: str | None = None
    attachments: list[list[Any]] = field(default_factory=list)
    contents: list[bytes] = field(default_factory=list)
    inline: int = 0


def build(chance: Random) -> BuiltMail:
    """Build a message; the same random numbers build the same message."""
    return _Builder(chance).build()


class _Builder:
    def __init__(self, chance: Random, level: int = 0) -> None:
        self._chance = chance
        self._level = level
        self._parts = _Parts()
        self._features: set[str] = set()
        self._boundaries = 0

    def build(self) -> BuiltMail:
        chance = self._chance
        fields = [b"Date: Fri, 27 Nov 2026 09:00:00 +0000"]
        expect: dict[str, Any] = {}
        subject = self._words()
        fields.append(b"Subject:" + self._text_field(subject))
        expect["subject"] = subject
        name, address, mailbox = self._mailbox()
        fields.append(b"From:" + mailbox)
        expect["from"] = f"{name} <{address}>" if name else address
        people = [self._mailbox() for _ in range(chance.randint(1, 3))]
        fields.append(b"To:" + b",".join(written for _, _, written in people))
        expect["to"] = [[name, address] for name, address, _ in people]
        message_id = f"{self._token()}.{chance.randrange(10**6)}@sender.example"
        fields.append(f"Message-ID: <{message_id}>".encode())
        expect["message_id"] = message_id
        chance.shuffle(fields)
        head, body = self._body()
        octets = b"\r\n".join([*fields, b"MIME-Version: 1.0", *head, b"", body])
        parts = self._parts
        expect |= {
            "text": parts.text,
            "html": parts.html,
            "attachments": parts.attachments,
            "contents": [content.decode("utf-8", "surrogateescape") for content in parts.contents],
            "inline": parts.inline,
        }
        return BuiltMail(octets, expect, frozenset(self._features))

    # Structure

    def _body(self) -> tuple[list[bytes], bytes]:
        choice = self._chance.randrange(8)
        if choice == 0:
            return self._text_part()
        if choice == 1:
            return self._html_part("")
        if choice == 2:
            return self._alternative()
        if choice == 3:
            return self._related()
        if choice == 4:
            self._features.add("no body")
            return self._attachment((b"attachment",))
        return self._mixed()

    def _mixed(self) -> tuple[list[bytes], bytes]:
        first = self._chance.choice((self._text_part, self._alternative, self._related))()
        attached = [self._attachment() for _ in range(self._chance.randint(1, 3))]
        return self._multipart("mixed", [first, *attached])

    def _alternative(self) -> tuple[list[bytes], bytes]:
        text = self._text_part()
        html = self._related() if self._chance.random() < 0.4 else self._html_part("")
        return self._multipart("alternative", [text, html])

    def _related(self) -> tuple[list[bytes], bytes]:
        ids = [f"{self._token()}.{number}@x" for number in range(self._chance.randint(1, 2))]
        html = self._html_part("".join(f'<img src="cid:{content_id}">' for content_id in ids))
        images = []
        for content_id in ids:
            content = b"\x89PNG\r\n\x1a\n" + self._chance.randbytes(self._chance.randint(0, 30))
            encoded, encoding = self._transfer(content, is_text=False)
            name = self._chance.choice((b"", b'; name="i.png"'))
            fields = [b"Content-Type: image/png" + name, b"Content-ID: <" + content_id.encode() + b">", *encoding]
            images.append((fields, encoded))
        self._parts.inline += len(ids)
        self._features.add("related images")
        return self._multipart("related", [html, *images])

    def _multipart(self, kind: str, parts: list[tuple[list[bytes], bytes]]) -> tuple[list[bytes], bytes]:
        self._boundaries += 1
        letters = "".join(self._chance.choices(_LETTERS + "'()+_,-./:=?", k=self._chance.randint(0, 20)))
        boundary = f"=_{self._level}.{self._boundaries}.{letters}z".encode()
        written = self._fold([b"multipart/" + kind.encode(), b'boundary="' + boundary + b'"'])
        lines = [self._chance.choice((b"", b"This is a message in several parts.\r\n"))]
        for head, body in parts:
            lines += [b"--" + boundary, *head, b"", body]
        lines += [b"--" + boundary + b"--", self._chance.choice((b"", b"behind the parts"))]
        return [b"Content-Type:" + written], b"\r\n".join(lines)

    # Leaves

    def _text_part(self) -> tuple[list[bytes], bytes]:
        text = "\n".join(self._words(8) if self._chance.random() < 0.8 else "" for _ in range(5)).strip("\n")
        text = text or "Hello"
        self._parts.text = text
        return self._letters(text, "plain")

    def _html_part(self, more: str) -> tuple[list[bytes], bytes]:
        shown = self._words(8).replace("<", "").replace("&", "")
        html = f"<html><body><p>{shown}</p>{more}</body></html>"
        self._parts.html = html
        return self._letters(html, "html")

    def _letters(self, text: str, kind: str) -> tuple[list[bytes], bytes]:
        charset = self._choose_charset(text)
        octets = text.replace("\n", "\r\n").encode(_CODECS.get(charset, charset))
        encoded, encoding = self._transfer(octets, is_text=True)
        label = charset.upper() if self._chance.random() < 0.3 else charset
        value = label.encode() if self._chance.random() < 0.5 else b'"' + label.encode() + b'"'
        written = self._fold([b"text/" + kind.encode(), b"charset=" + value])
        fields = [b"Content-Type:" + written, *encoding]
        self._chance.shuffle(fields)
        return fields, encoded

    def _attachment(
        self, dispositions: tuple[bytes, ...] = (b"attachment", b"attachment", b"inline", b"")
    ) -> tuple[list[bytes], bytes]:
        chance = self._chance
        if self._level < _LEVELS_MAX and chance.random() < 0.15:
            inner = _Builder(chance, self._level + 1).build()
            self._features |= {f"attached: {feature}" for feature in inner.features} | {"attached message"}
            self._parts.attachments.append([None, "message/rfc822", len(inner.octets)])
            self._parts.contents.append(inner.octets)
            return [b"Content-Type: message/rfc822"], inner.octets
        kind, content = self._content()
        name = self._file_name()
        encoded, encoding = self._transfer(content, is_text=kind.startswith("text/"))
        self._parts.attachments.append([name, kind, len(content)])
        self._parts.contents.append(content)
        disposition = chance.choice(dispositions)
        if kind.startswith("text/") and disposition != b"attachment":
            self._features.add("named text that is not an attachment")
        if not disposition:
            typed = self._fold([kind.encode(), *self._parameter("name", name)])
            return [b"Content-Type:" + typed, *encoding], encoded
        placed = self._fold([disposition, *self._parameter("filename", name)])
        fields = [b"Content-Type: " + kind.encode(), b"Content-Disposition:" + placed, *encoding]
        chance.shuffle(fields)
        return fields, encoded

    def _content(self) -> tuple[str, bytes]:
        kind = self._chance.choice(
            ("application/pdf", "application/octet-stream", "text/plain", "text/csv", "text/html")
        )
        if not kind.startswith("text/"):
            self._features.add("a file of octets" if "octet" in kind else "a document")
            return kind, self._chance.randbytes(self._chance.randint(0, 80))
        self._features.add("a file of text")
        lines = [self._words(5) for _ in range(self._chance.randint(1, 4))]
        return kind, "\r\n".join([*lines, *self._chance.choice(([], [""]))]).encode()

    def _transfer(self, octets: bytes, *, is_text: bool) -> tuple[bytes, list[bytes]]:
        """Encode octets; return them and the field that says how."""
        ways = ["base64"]
        if is_text:
            ways += ["quoted-printable", "7bit" if octets.isascii() else "8bit"]
        way = self._chance.choice(ways)
        if way == "base64":
            encoded = base64.encodebytes(octets).strip().replace(b"\n", b"\r\n")
        elif way == "quoted-printable":
            encoded = _quote(octets)
        else:
            encoded = octets
        if way == "7bit" and self._chance.random() < 0.5:
            return encoded, []
        label = way.upper() if self._chance.random() < 0.2 else way
        return encoded, [b"Content-Transfer-Encoding: " + label.encode()]

    # Header fields

    def _words(self, most: int = 6) -> str:
        scripts = ["ascii", self._chance.choice(list(_WORDS))]
        words = self._chance.choices(
            " ".join(_WORDS[script] for script in scripts).split(), k=self._chance.randint(1, most)
        )
        return " ".join(words)

    def _choose_charset(self, text: str) -> str:
        """Choose a charset that is usual for all letters of the text, and whose octets are not UTF-8 as well."""
        letters = {letter for letter in text if not letter.isascii()}
        fitting = ["utf-8"]
        for charset, usual in _LETTERS_OF.items():
            if letters <= usual and (text.isascii() or not _is_utf8(text.encode(_CODECS.get(charset, charset)))):
                fitting.append(charset)
        charset = self._chance.choice(fitting)
        self._features.add(f"charset {charset}")
        return charset

    def _text_field(self, text: str) -> bytes:
        """Write a text as an unstructured field: plain where it can be, else raw UTF-8 or encoded words."""
        if not text.isascii() and self._chance.random() < 0.2:
            self._features.add("raw UTF-8")
            return b" " + text.encode()
        written = [self._encode(run) if is_encoded else [run.encode()] for run, is_encoded in self._runs(text)]
        return b"".join(self._space() + word for words in written for word in words)

    def _runs(self, text: str) -> Iterator[tuple[str, bool]]:
        """Part a text at blanks into runs that are encoded words and runs that are plain, in turn."""
        words = text.split(" ")
        while words:
            is_encoded = not words[0].isascii() or self._chance.random() < 0.2
            run = [words.pop(0)]
            while words and (is_encoded == (not words[0].isascii() or self._chance.random() < 0.3)):
                run.append(words.pop(0))
            # A plain run cannot take a word beyond ASCII, and an encoded one stays next to no other.
            while is_encoded and words and not words[0].isascii():
                run.append(words.pop(0))
            yield " ".join(run), is_encoded
            if is_encoded and words:
                plain = [words.pop(0)]
                while words and words[0].isascii() and self._chance.random() < 0.5:
                    plain.append(words.pop(0))
                yield " ".join(plain), False

    def _encode(self, text: str) -> list[bytes]:
        """Write a text as encoded words, of whole characters or not."""
        charset = self._choose_charset(text)
        codec = _CODECS.get(charset, charset)
        cuts = self._chance.random() < 0.3 and charset not in {"iso-2022-jp", "us-ascii"}
        pieces: list[bytes] = []
        if cuts:
            octets = text.encode(codec)
            while octets:
                size = self._chance.randint(3, _ENCODED_OCTETS_MAX)
                pieces.append(octets[:size])
                octets = octets[size:]
            if not all(_is_whole(piece, codec) for piece in pieces):
                self._features.add("words cut inside a character")
        else:
            while text:
                size = self._chance.randint(1, 10)
                pieces.append(text[:size].encode(codec))
                text = text[size:]
        label = charset.upper() if self._chance.random() < 0.3 else charset
        if self._chance.random() < 0.05:
            label += "*de"
            self._features.add("a language in a word")
        kind = self._chance.choice("BQbq")
        return [f"=?{label}?{kind}?{_word_text(piece, kind)}?=".encode() for piece in pieces]

    def _mailbox(self) -> tuple[str, str, bytes]:
        """Make a mailbox: its name, its address, and how a field has it."""
        address = f"{self._token()}@{self._chance.choice(('sender.example', 'box.example', '[192.0.2.1]'))}"
        if self._chance.random() < 0.2:
            return "", address, self._chance.choice((f" {address}", f" <{address}>")).encode()
        name = " ".join(word for word in self._words(3).replace('"', "").split())
        choice = self._chance.randrange(4)
        if choice == 0 or not name:
            name = self._token()
            return name, address, f"{self._space().decode()}{name} <{address}>".encode()
        if choice == 1:
            if not name.isascii():
                self._features.add("raw UTF-8")
            return name, address, f'{self._space().decode()}"{name}" <{address}>'.encode()
        words = self._encode(name)
        if len(words) > 1:
            self._features.add("a name in several encoded words")
        if choice == 2:
            self._features.add("a name in a comment")
            return name, address, f" {address} (".encode() + self._space().join(words) + b")"
        return name, address, b"".join(self._space() + word for word in words) + f" <{address}>".encode()

    # Parameters

    def _file_name(self) -> str:
        name = " ".join(self._words(3).replace("%", "").replace("/", "").replace("\\", "").split())
        return f"{name or 'file'}{self._chance.choice(('.pdf', '.txt', '.x', ''))}"

    def _parameter(self, name: str, value: str) -> list[bytes]:
        """Write a parameter in one of the forms of RFC 2045 and 2231, or as most programs do."""
        choice = self._chance.randrange(5)
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        if choice <= 1:
            if '"' in value:
                self._features.add("escaped quotation marks")
            if not value.isascii():
                self._features.add("raw UTF-8 in a parameter")
            return [f'{name}="{escaped}"'.encode()]
        if choice == 2:
            self._features.add("encoded words in a parameter")
            words = self._encode(value)
            return [f'{name}="'.encode() + b"\r\n ".join(words) + b'"']
        charset = self._choose_charset(value)
        octets = value.encode(_CODECS.get(charset, charset))
        if charset not in {"utf-8", "us-ascii", "iso-8859-1"}:
            self._features.add("RFC 2231 in a national charset")
        lead = f"{charset}'{self._chance.choice(('', 'en'))}'"
        coded = "".join(chr(octet) if chr(octet).isalnum() and octet < 128 else f"%{octet:02X}" for octet in octets)
        if choice == 3 or not coded:
            return [f"{name}*={lead}{coded}".encode()]
        self._features.add("RFC 2231 in pieces")
        return [
            f"{name}*{number}*={lead if number == 0 else ''}{piece}".encode()
            for number, piece in enumerate(_percent_pieces(coded, self._chance))
        ]

    def _fold(self, parameters: list[bytes]) -> bytes:
        """Join a value and its parameters, with folds in between."""
        lines = [parameters[0], *(self._space() + parameter for parameter in parameters[1:])]
        return b" " + b";".join(lines)

    def _space(self) -> bytes:
        return self._chance.choice((b" ", b" ", b"\r\n ", b"\r\n\t"))

    def _token(self) -> str:
        return "".join(self._chance.choices(_LETTERS, k=self._chance.randint(2, 8)))


def _is_utf8(octets: bytes) -> bool:
    try:
        octets.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _is_whole(octets: bytes, codec: str) -> bool:
    try:
        octets.decode(codec)
    except UnicodeDecodeError:
        return False
    return True


def _word_text(octets: bytes, kind: str) -> str:
    """Write the octets of an encoded word, so that it may stand in a phrase (RFC 2047 section 5)."""
    if kind in "Bb":
        return base64.b64encode(octets).decode()
    written = []
    for octet in octets:
        letter = chr(octet)
        if octet == ord(" "):
            written.append("_")
        else:
            written.append(letter if octet < 128 and (letter.isalnum() or letter in "!*+-/") else f"={octet:02X}")
    return "".join(written)


def _quote(octets: bytes) -> bytes:
    """Encode text as quoted-printable (RFC 2045 section 6.7), line by line."""
    lines = []
    for line in octets.split(b"\r\n"):
        units = [
            bytes([octet]) if 32 <= octet < 127 and octet != ord("=") else f"={octet:02X}".encode()
            for octet in line
        ]
        if units and units[-1] == b" ":
            units[-1] = b"=20"
        current = b""
        for unit in units:
            if len(current) + len(unit) > _LINE_MAX - 1:
                lines.append(current + b"=")
                current = b""
            current += unit
        lines.append(current)
    return b"\r\n".join(lines)


def _percent_pieces(coded: str, chance: Random) -> Iterator[str]:
    """Cut a percent-encoded text anywhere but inside an escape."""
    while coded:
        size = chance.randint(1, 20)
        while "%" in coded[max(size - 2, 0) : size] and size < len(coded):
            size += 1
        yield coded[:size]
        coded = coded[size:]
