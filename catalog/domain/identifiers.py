"""ISBN, ISSN, 统一书号 and price as cataloguers write them, to values that can be compared.

Nothing is thrown away: a number with a wrong check digit is kept as found and marked, because it is
what stands printed in the book and what readers will type.
"""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal
from functools import lru_cache
from operator import mul

from catalog.domain.numbering import han_number
from catalog.domain.records import Identifier, IdentifierKind, Price

_DASHES = str.maketrans(dict.fromkeys("‐‑‒–—―−－﹣", "-"))
_ISBN_PLAIN = re.compile(r"(97[89]\d{10}|\d{9}[\dXx])(?: ?\(([^()]*[^().])\))?[ :]*")
_ISBN = re.compile(r"(?<![\d-])(97[789][- ]?(?:\d[- ]?){9}[\dXx]|(?:\d[- ]?){9}[\dXx])(?![\d-]*\d)")
_DIGITS = re.compile(r"\d[\d-]*[\dXx]?")
_ISSN = re.compile(r"(?<!\d)(\d{4})[- ]?(\d{3}[\dXx])(?!\d)")
_ISBN_LABEL = re.compile(r"^[\s:]*(?:e?ISBN(?:[- ]?1[03])?)?[\s:]*", re.IGNORECASE)
_UBSN = re.compile(
    r"^\s*(?:全?国?统一)?(?:书号)?[\s::]*(\d{4,5})\s*[·•.\-・‧⋅∙]\s*(\d{1,5})\s*(?:[((](.*)[))])?\s*$"
)
_OF_BOOK = IdentifierKind.ISBN  # see Note [Members by name] in records
_QUALIFIER_EDGES = " ()()[]:;,,.、"


def _folded(raw: str) -> str:
    if raw.isascii():
        return raw
    return unicodedata.normalize("NFKC", raw).translate(_DASHES)


def ean_check_digit(first_twelve: str) -> str:
    """Check digit of an EAN-13 number (ISO 2108 annex C)."""
    digits = first_twelve.encode()
    total = sum(digits[::2]) + 3 * sum(digits[1::2]) - 24 * ord("0")
    return str(-total % 10)


_WEIGHTS = (10, 9, 8, 7, 6, 5, 4, 3, 2)


def _weighted_check(digits: str) -> str:
    """ISO 2108 (ISBN-10) and ISO 3297 (ISSN): weights fall to 2, modulus 11, X for ten."""
    weights = _WEIGHTS[9 - len(digits) :]
    check = (ord("0") * sum(weights) - sum(map(mul, digits.encode(), weights))) % 11
    return "X" if check == 10 else str(check)


def isbn13(compact: str) -> str:
    """The 13 digits of an ISBN given without dashes (10, 13 or 9-digit SBN); empty when wrong."""
    if not compact.isascii():
        return ""
    if len(compact) == 9 and compact.isdigit():
        compact = "0" + compact  # SBN, before 1970
    if len(compact) == 10 and compact[:9].isdigit():
        if _weighted_check(compact[:9]) != compact[9].upper():
            return ""
        body = "978" + compact[:9]
        return body + ean_check_digit(body)
    if len(compact) == 13 and compact.isdigit() and compact.startswith(("978", "979")):
        return compact if ean_check_digit(compact[:12]) == compact[12] else ""
    return ""


def parse_isbn(raw: str) -> Identifier:
    """An ISBN as found in a record: NO-4.

    >>> parse_isbn("ISBN 7-5339-1845-2(平装)")
    Identifier(kind=<IdentifierKind.ISBN: 'isbn'>, value='9787533918453', is_valid=True, \
qualifier='平装')

    A 统一书号 in the field comes back as one; 979-0 is music (ISMN), 977 a serial (ISSN).
    """
    plain = _ISBN_PLAIN.fullmatch(raw)
    if plain and (value := isbn13(plain[1])) and not value.startswith("9790"):
        return Identifier(kind=_OF_BOOK, value=value, qualifier=plain[2] or "")
    text = _folded(raw).strip()
    if book_number := parse_ubsn(text):
        return book_number
    text = _ISBN_LABEL.sub("", text, count=1)
    match = _ISBN.search(text) or _DIGITS.search(text)
    if match is None:
        return Identifier(kind=IdentifierKind.ISBN, value=text, is_valid=False)
    found = match.group().strip(" -")
    compact = found.replace("-", "").replace(" ", "").upper()
    qualifier = f"{text[: match.start()]} {text[match.end() :]}".strip(_QUALIFIER_EDGES)
    kind = IdentifierKind.ISBN
    value = isbn13(compact)
    if value.startswith("9790"):
        kind, qualifier = IdentifierKind.OTHER, "ISMN"
    elif len(compact) == 13 and compact.startswith("977"):
        kind, value = IdentifierKind.ISSN, compact[3:10] + _weighted_check(compact[3:10])
    return Identifier(kind=kind, value=value or found, is_valid=bool(value), qualifier=qualifier)


@lru_cache(maxsize=2048)
def parse_issn(raw: str) -> Identifier:
    """An ISSN as found in a record, canonical without the dash: NO-5."""
    text = _folded(raw)
    match = _ISSN.search(text)
    if match is None:
        return Identifier(kind=IdentifierKind.ISSN, value=text.strip(), is_valid=False)
    compact = (match[1] + match[2]).upper()
    is_valid = _weighted_check(compact[:7]) == compact[7]
    return Identifier(
        kind=IdentifierKind.ISSN, value=compact if is_valid else match.group(), is_valid=is_valid
    )


def parse_ubsn(raw: str) -> Identifier | None:
    """A 统一书号 (books of 1956-1986), canonical with a middle dot, or None: NO-6.

    >>> parse_ubsn("10019.2265").value
    '10019·2265'
    """
    match = _UBSN.match(_folded(raw))
    if match is None:
        return None
    value = f"{match[1]}·{match[2]}"
    return Identifier(kind=IdentifierKind.UBSN, value=value, qualifier=match[3] or "")


_CURRENCIES = {
    "CNY": ("CNY", "RMB", "¥", "￥", "人民币", "人民幣", "CN¥", "CN", "元", "圆", "圓", "块"),
    "HKD": ("HKD", "HK$", "HK", "港币", "港元"),
    "TWD": ("TWD", "NTD", "NT$", "NT", "新台币", "新台幣", "台币", "台幣"),
    "MOP": ("MOP", "MOP$", "澳门元"),
    "USD": ("USD", "US$", "U.S.$", "$", "美元"),
    "GBP": ("GBP", "£", "英镑"),
    "EUR": ("EUR", "€", "欧元"),
    "JPY": ("JPY", "円", "日元", "YEN"),
    "KRW": ("KRW", "₩", "원"),
    "SGD": ("SGD", "S$"),
    "RUB": ("RUB", "руб", "р"),
    "INR": ("INR", "Rs", "₹"),
    "CAD": ("CAD", "C$", "CAN$"),
    "AUD": ("AUD", "A$"),
}
_CURRENCY_OF = {name.upper(): code for code, names in _CURRENCIES.items() for name in names}
_NAMES = "|".join(re.escape(name) for name in sorted(_CURRENCY_OF, key=len, reverse=True))
_PRICE = re.compile(
    rf"(?P<before>{_NAMES})?\s*(?P<amount>\d[\d,]*(?:\.\d+)?)\s*(?P<after>{_NAMES})?",
    re.IGNORECASE,
)
_BRACKET = re.compile(r"[(\[【]([^)\]】]*)[)\]】]")
_SET = re.compile(
    r"(?:[全共]|set of )\s*(\d+|[一二两三四五六七八九十百]+)\s*(?:[册冊卷本函部集]|v)?"
)
_PAIRS = (("上中下", 3), ("上、中、下", 3), ("上下", 2), ("上、下", 2), ("上,下", 2))


@lru_cache(maxsize=8192)
def parse_price(raw: str) -> Price:
    """A price as found: NO-7. A bare number is taken for CNY and marked as assumed.

    >>> parse_price("CNY158.00(全2册)")
    Price(text='CNY158.00(全2册)', amount=Decimal('158.00'), currency='CNY', set_of=2, \
note='全2册', is_assumed=False)
    """
    text = " ".join(raw.split())
    folded = _folded(text)
    note = ", ".join(part.strip() for part in _BRACKET.findall(folded) if part.strip())
    outside = _BRACKET.sub(" ", folded)
    match = _PRICE.search(outside)
    if match is None:
        return Price(text=text)
    named = (match["before"] or match["after"] or "").upper()
    # A word before the sum (kr. 92,00) is a currency we do not know, not a missing one.
    is_foreign = not named and any(c.isalpha() and c.isascii() for c in outside[: match.start()])
    return Price(
        text=text,
        amount=_amount(match["amount"]),
        currency="" if is_foreign else _CURRENCY_OF.get(named, "CNY"),
        set_of=_set_of(folded),
        note=note,
        is_assumed=not named and not is_foreign,
    )


def _amount(digits: str) -> Decimal:
    head, comma, tail = digits.rpartition(",")
    if comma and "." not in tail and len(tail) != 3:
        digits = f"{head}.{tail}"  # 92,00 of continental Europe
    return Decimal(digits.replace(",", "") or "0")


def _set_of(text: str) -> int | None:
    if match := _SET.search(text):
        return han_number(match[1])
    for words, count in _PAIRS:
        if words in text:
            return count
    return None
