"""OAuth 1.0a: a signature of each request by keys that do not end (RFC 5849, HMAC-SHA1).

Belongs here: the signer. Does not: any platform, or tokens that are renewed (`oauth`).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, quote, urlsplit

import requests

from pipelines.connectors.http import Clock

FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Keys:
    """The app's key and secret, and the token and secret of the user for whom it asks."""

    consumer_key: str
    consumer_secret: str = field(repr=False)
    token: str
    token_secret: str = field(repr=False)


@dataclass(frozen=True)
class OAuth1:
    """A signer for these keys."""

    keys: Keys
    clock: Clock = field(default_factory=Clock)
    nonce: Callable[[], str] = lambda: secrets.token_hex(16)

    def sign(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """The request with a signature of its address, query and form in the header."""
        protocol = {
            "oauth_consumer_key": self.keys.consumer_key,
            "oauth_nonce": self.nonce(),
            "oauth_signature_method": "HMAC-SHA1",
            "oauth_timestamp": str(int(self.clock.now().timestamp())),
            "oauth_token": self.keys.token,
            "oauth_version": "1.0",
        }
        signed = signature(
            self.keys, request.method or "", request.url or "", _form(request), protocol
        )
        protocol["oauth_signature"] = signed
        pairs = ", ".join(f'{_escape(k)}="{_escape(v)}"' for k, v in sorted(protocol.items()))
        request.headers["Authorization"] = f"OAuth {pairs}"
        return request

    def secrets(self) -> Iterable[str]:
        """Both secrets and the token, which names its user."""
        return (self.keys.consumer_secret, self.keys.token_secret, self.keys.token)


def signature(
    keys: Keys, method: str, url: str, form: Iterable[tuple[str, str]], protocol: Mapping[str, str]
) -> str:
    """The signature of a request: of its method, address, and every parameter of it in order."""
    address = urlsplit(url)
    given = [*parse_qsl(address.query, keep_blank_values=True), *form, *protocol.items()]
    pairs = sorted((_escape(name), _escape(value)) for name, value in given)
    joined = "&".join(f"{name}={value}" for name, value in pairs)
    base = f"{address.scheme.lower()}://{address.netloc.lower()}{address.path}"
    text = "&".join(_escape(part) for part in (method.upper(), base, joined))
    key = f"{_escape(keys.consumer_secret)}&{_escape(keys.token_secret)}"
    digest = hmac.new(key.encode(), text.encode(), hashlib.sha1).digest()
    return base64.b64encode(digest).decode()


def _form(request: requests.PreparedRequest) -> list[tuple[str, str]]:
    """The parameters of a form; any other body is not signed."""
    if not request.body or request.headers.get("Content-Type") != FORM:
        return []
    body = request.body
    return parse_qsl(
        body.decode() if isinstance(body, bytes) else str(body), keep_blank_values=True
    )


def _escape(text: str) -> str:
    return quote(text, safe="~")
