"""Signed requests of the sandbox: whether an OAuth 1.0a signature is right.

Belongs here: reading the header and checking it against known keys. Does not: who may see what.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping
from urllib.parse import parse_qsl, quote, unquote

from pipelines.sandbox.wire import Call

PAIR = re.compile(r'(oauth_\w+)="([^"]*)"')


def signed_by(call: Call, consumer: tuple[str, str], tokens: Mapping[str, str]) -> str | None:
    """The token with which a call was signed, if consumer, token and signature are right.

    `consumer` is a key and its secret, `tokens` the secret of each token.
    """
    call = call.as_sent or call
    header = call.headers.get("authorization", "")
    if not header.lower().startswith("oauth "):
        return None
    told = {name: unquote(value) for name, value in PAIR.findall(header)}
    token = told.get("oauth_token", "")
    if told.get("oauth_consumer_key") != consumer[0] or token not in tokens:
        return None
    given = told.pop("oauth_signature", "")
    right = _signature(
        call.as_sent or call, told, f"{_escape(consumer[1])}&{_escape(tokens[token])}"
    )
    return token if hmac.compare_digest(given, right) else None


def _signature(call: Call, protocol: Mapping[str, str], key: str) -> str:
    pairs = [*call.query.items(), *protocol.items()]
    if "x-www-form-urlencoded" in call.headers.get("content-type", ""):
        pairs += parse_qsl(call.body.decode(), keep_blank_values=True)
    joined = "&".join(
        f"{name}={value}" for name, value in sorted((_escape(n), _escape(v)) for n, v in pairs)
    )
    text = "&".join(map(_escape, (call.method, f"{call.base}/{call.path}", joined)))
    return base64.b64encode(hmac.new(key.encode(), text.encode(), hashlib.sha1).digest()).decode()


def _escape(text: str) -> str:
    return quote(text, safe="~")
