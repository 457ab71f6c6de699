"""OAuth 1.0a: the documented example, and another library's signatures."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from urllib.parse import unquote

import pytest
import requests
from oauthlib.oauth1 import Client
from scripted import FakeTime

from pipelines.connectors.oauth1 import Keys, OAuth1, signature

# The values of "Creating a signature" in X's documentation.
DOCUMENTED = Keys(
    "xvz1evFS4wEEPTGEFPHBog",
    "kAcSOqF21Fu85e7zjz7ZN2U4ZRhfV3WpwPAoE3Z7kBw",
    "370773112-GmHxMAgYyLbNEtIKZeRNFsMKPR9EyMZeS9weJAEb",
    "LswwdoUaIvS8ltyTt5jkRh4J50vUPVVHtR2YPi5kE",
)
NONCE = "kYjzVBB8Y0ZFabxSWbWovY3uYSQ2pTgmZeNu2VS4cg"
AT = 1318622958


def test_the_documented_example_is_signed_as_documented() -> None:
    protocol = {
        "oauth_consumer_key": DOCUMENTED.consumer_key,
        "oauth_nonce": NONCE,
        "oauth_signature_method": "HMAC-SHA1",
        "oauth_timestamp": str(AT),
        "oauth_token": DOCUMENTED.token,
        "oauth_version": "1.0",
    }
    url = "https://api.x.com/1.1/statuses/update.json?include_entities=true"
    form = [("status", "Hello Ladies + Gentlemen, a signed OAuth request!")]
    assert signature(DOCUMENTED, "post", url, form, protocol) == "Ls93hJiZbQ3akF3HF3x1Bz8/zU4="
    old = url.replace("api.x.com", "api.twitter.com")
    assert signature(DOCUMENTED, "post", old, form, protocol) == "hCtSmYh+iHYCEqBWrE7C7hYmtUk="


@pytest.mark.parametrize(
    ("method", "query", "form"),
    [
        ("GET", {"end_time": "2026-05-01T00:00:00Z", "ids": "a,b"}, None),
        ("GET", {"query": '"Sari Laut" OR #SariLaut ~é', "empty": ""}, None),
        ("POST", {}, {"entity_ids": "a,b", "start_time": "2026-05-01T00:00:00+07:00"}),
    ],
)
def test_another_library_signs_the_same(
    method: str, query: dict[str, str], form: dict[str, str] | None
) -> None:
    url = "https://ads-api.x.com/12/stats"
    request = requests.Request(method, url, params=query, data=form).prepare()
    time = FakeTime(datetime.fromtimestamp(AT, UTC))
    signed = OAuth1(DOCUMENTED, time.clock, lambda: NONCE).sign(request)
    other = Client(
        DOCUMENTED.consumer_key,
        DOCUMENTED.consumer_secret,
        DOCUMENTED.token,
        DOCUMENTED.token_secret,
        nonce=NONCE,
        timestamp=str(AT),
    )
    body = request.body if form else None
    headers = {"Content-Type": "application/x-www-form-urlencoded"} if form else {}
    _, expected, _ = other.sign(request.url, method, body, headers)
    assert told(signed.headers["Authorization"]) == told(expected["Authorization"])


def told(header: str) -> dict[str, str]:
    return {name: unquote(value) for name, value in re.findall(r'(\w+)="([^"]*)"', header)}


def test_secrets_are_named_for_redaction_and_never_shown() -> None:
    signer = OAuth1(DOCUMENTED)
    assert {DOCUMENTED.consumer_secret, DOCUMENTED.token_secret} <= set(signer.secrets())
    assert DOCUMENTED.consumer_secret not in repr(signer)
    assert DOCUMENTED.token_secret not in repr(signer)


def test_a_body_that_is_no_form_is_not_signed() -> None:
    clock = FakeTime().clock
    bare = requests.Request("POST", "https://ads-api.x.com/12/x").prepare()
    filled = requests.Request("POST", "https://ads-api.x.com/12/x", json={"a": 1}).prepare()
    one, other = (OAuth1(DOCUMENTED, clock, lambda: NONCE).sign(each) for each in (bare, filled))
    assert one.headers["Authorization"] == other.headers["Authorization"]
