"""E-mail addresses and phone numbers: how each norm writes them, their hashes, and scrubbing.

Belongs here: everything that must know what personal data looks like. Does not: which fields hold
it (`schema`), or any value that is not an address or a number.

A value that was hashed once is written as `sha256:<meta hex>:<google hex>` wherever text is kept
(quarantined records, `_extra`, free text); that form is recognised, so that a replayed record gets
the same hashes as the plain text would have given.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.lake.schema import HASH_NORMS

# One hash per norm of `HASH_NORMS`, in that order.
Hashes = tuple[str, str]
Hasher = Callable[[str], Hashes | None]

_FORM = re.compile(r"sha256:([0-9a-f]{64}):([0-9a-f]{64})")
_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")
_ADDRESS_IN_TEXT = re.compile(r"[\w.%+'-]+@[\w-]+(?:\.[\w-]+)*\.[^\W\d_]{2,}")
# International form only: bare digits cannot be told from ids, and masking an id would lose data.
_PHONE_IN_TEXT = re.compile(r"(?<![\w+])\+[1-9](?:[ ().-]{0,2}\d){7,14}(?!\d)")
_LOCAL_MOBILE = re.compile(r"0\d{8,13}")
_PERSONAL_KEY = re.compile(r"e-?mail|phone|mobile|whatsapp|msisdn", re.IGNORECASE)
_PUNCTUATION = re.compile(r"[\s().\-/\u00a0\u2011]")
_EXTENSION = re.compile(r"(?:ext\.?|x|#)\s*\d+$", re.IGNORECASE)

# What text must contain to be worth a closer look. Plain searches: one expression for all of it
# cost 10 µs a kilobyte, ten times the rest of a row.
TRACES_IN_TEXT = ("@", "+")
# The same of JSON, by Arrow's expressions (1.6 µs a kilobyte): also keys that are called like an
# address or a number, a local number, and letters that are escaped, which hide any of these.
_TRACES_IN_JSON = (
    r'@|\+|"0[0-9]{8}|\\u00|(?i:mail|phone|mobile|whatsapp|msisdn)(?:[^"\\]|\\.)*"\s*:'
)

_GMAIL = ("gmail.com", "googlemail.com")
_CALLING_CODES = {
    "AE": "971", "AU": "61", "BR": "55", "CA": "1", "CH": "41", "CN": "86", "DE": "49",
    "ES": "34", "FR": "33", "GB": "44", "HK": "852", "ID": "62", "IE": "353", "IN": "91",
    "JP": "81", "KR": "82", "MX": "52", "MY": "60", "NL": "31", "NZ": "64", "PH": "63",
    "SA": "966", "SG": "65", "TH": "66", "TW": "886", "US": "1", "VN": "84", "ZA": "27",
}  # fmt: skip
_ZONE_COUNTRIES = {
    "Asia/Jakarta": "ID", "Asia/Pontianak": "ID", "Asia/Makassar": "ID", "Asia/Jayapura": "ID",
    "Asia/Singapore": "SG", "Asia/Kuala_Lumpur": "MY", "Asia/Bangkok": "TH", "Asia/Manila": "PH",
    "Europe/London": "GB", "Europe/Berlin": "DE", "Europe/Paris": "FR", "Asia/Kolkata": "IN",
    "America/New_York": "US", "America/Chicago": "US", "America/Denver": "US",
    "America/Los_Angeles": "US",
}  # fmt: skip
_CURRENCY_COUNTRIES = {
    "AED": "AE", "AUD": "AU", "BRL": "BR", "CAD": "CA", "CHF": "CH", "CNY": "CN", "GBP": "GB",
    "HKD": "HK", "IDR": "ID", "INR": "IN", "JPY": "JP", "KRW": "KR", "MXN": "MX", "MYR": "MY",
    "NZD": "NZ", "PHP": "PH", "SAR": "SA", "SGD": "SG", "THB": "TH", "TWD": "TW", "USD": "US",
    "VND": "VN", "ZAR": "ZA",
}  # fmt: skip
_PHONE_DIGITS = range(8, 16)
_NORTH_AMERICAN_LENGTH = 10


def country_of(context: Mapping[str, str]) -> str:
    """The country in whose way an account's local numbers are written; "" if nothing tells.

    The context's own `country` decides, then its `timezone`, then its `currency`.
    """
    return (
        context.get("country", "").upper()
        or _ZONE_COUNTRIES.get(context.get("timezone", ""), "")
        or _CURRENCY_COUNTRIES.get(context.get("currency", ""), "")
    )


def email_hashes(text: str) -> Hashes | None:
    """The hashes of an e-mail address per norm, or None if the text is not an address.

    Both norms trim and lower-case; Google's also drops the dots of a Gmail name.
    """
    known = hashed_form(text)
    if known is not None:
        return known
    address = text.strip().lower()
    if not _ADDRESS.fullmatch(address):
        return None
    name, _, host = address.rpartition("@")
    hashed = _sha256(address)
    if host in _GMAIL and "." in name:
        return hashed, _sha256(f"{name.replace('.', '')}@{host}")
    return hashed, hashed


def phone_hashes(text: str, country: str = "") -> Hashes | None:
    """The hashes of a phone number per norm, or None if the text is not a number.

    Meta hashes the digits with the calling code, Google the same with a plus before them.
    """
    known = hashed_form(text)
    if known is not None:
        return known
    digits = international_digits(text, country)
    if len(digits) not in _PHONE_DIGITS:
        return None
    return _sha256(digits), _sha256(f"+{digits}")


def international_digits(text: str, country: str = "") -> str:
    """A phone number's digits with its calling code; "" if it is not written as a number.

    A plus or a leading 00 says that the code is there already. Otherwise the country tells: a trunk
    0 is replaced by the code (`0812…` in ID is `62812…`), a number without either gets it put
    before, one that begins with it stays. Without a country, `08…` is taken as Indonesian, where
    this product's home is; anything else keeps its digits.
    """
    digits = text.strip()
    if not digits.removeprefix("+").isdigit():
        number = _EXTENSION.sub("", digits).replace("(0)", "")
        digits = _PUNCTUATION.sub("", number)
    plus = digits.startswith("+")
    digits = digits.removeprefix("+")
    if not (digits.isascii() and digits.isdigit()):
        return ""
    if plus or digits.startswith("00"):
        digits = digits.removeprefix("00") if not plus else digits
        return "62" + digits[3:] if digits.startswith("620") else digits
    code = _CALLING_CODES.get(country or ("ID" if digits.startswith("08") else ""), "")
    if not code:
        return digits
    if code == "1":
        return code + digits if len(digits) == _NORTH_AMERICAN_LENGTH else digits
    if digits.startswith("0"):
        return code + digits[1:]
    return digits if digits.startswith(code) else code + digits


def hashed_form(text: str) -> Hashes | None:
    """The hashes that the text already is, if it was hashed before."""
    found = _FORM.fullmatch(text.strip()) if "sha256:" in text else None
    return (found[1], found[2]) if found else None


def as_text(hashes: Hashes) -> str:
    """The form in which hashed data stands where plain text stood."""
    return "sha256:" + ":".join(hashes[: len(HASH_NORMS)])


def may_be_personal(texts: pa.StringArray) -> pa.BooleanArray:
    """Which JSON texts may hold personal data and need a look; false where nothing can be any."""
    return pc.match_substring_regex(texts, _TRACES_IN_JSON)


def scrub_text(text: str) -> str:
    """The text with every e-mail address and international phone number hashed."""
    if "@" in text:
        text = _ADDRESS_IN_TEXT.sub(lambda found: _masked(found[0], email_hashes), text)
    if "+" in text:
        text = _PHONE_IN_TEXT.sub(lambda found: _masked(found[0], phone_hashes), text)
    return text


def scrub(value: Any, country: str = "", *, key: str = "") -> Any:
    """A JSON-like value with personal data hashed and what JSON cannot hold written as text.

    Text is hashed whole under a key that is called like an address or a number, or where it is
    nothing but a local mobile number; elsewhere as by `scrub_text`.
    """
    if isinstance(value, msgspec.Struct):
        value = msgspec.to_builtins(value)
    if isinstance(value, str):
        return _scrub_leaf(_writable(value), country, key)
    if isinstance(value, Mapping):
        return {
            _writable(str(name)): scrub(item, country, key=f"{key}.{name}")
            for name, item in value.items()
        }
    if isinstance(value, list | tuple):
        return [scrub(item, country, key=key) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return repr(value)
    if isinstance(value, int) and not isinstance(value, bool) and _PERSONAL_KEY.search(key):
        return _scrub_leaf(str(value), country, key)
    if isinstance(value, bytes | bytearray | memoryview):
        return _scrub_leaf(bytes(value).decode("utf-8", "backslashreplace"), country, key)
    return value


def _scrub_leaf(text: str, country: str, key: str) -> str:
    if _FORM.fullmatch(text):
        return text
    personal = _PERSONAL_KEY.search(key)
    if personal:
        hashes = email_hashes(text) or phone_hashes(text, country)
        if hashes:
            return as_text(hashes)
    elif _LOCAL_MOBILE.fullmatch(text):
        hashes = phone_hashes(text, country)
        return as_text(hashes) if hashes else text
    return scrub_text(text)


def opaque(text: str) -> str:
    """The form of a value that stands where personal data should and is none: its plain hash."""
    digest = _sha256(text.strip().lower())
    return as_text((digest, digest))


def _masked(text: str, hasher: Hasher) -> str:
    hashes = hasher(text)
    return as_text(hashes) if hashes else text


def _writable(text: str) -> str:
    """The text with lone surrogates spelled out: UTF-8 has no place for them."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "backslashreplace").decode()
    return text


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()
