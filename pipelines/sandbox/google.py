"""Google's token endpoint of the sandbox, and the error body that Google's APIs share.

Belongs here: what is not particular to Analytics. Does not: reports (`ga4`).
"""

from __future__ import annotations

import base64
from typing import Any

import msgspec

from pipelines.sandbox.credentials import (
    GA4_TOKEN,
    GOOGLE_ADS_REFRESH_TOKEN,
    GOOGLE_ADS_TOKEN,
    YOUTUBE_REFRESH_TOKEN,
    YOUTUBE_TOKEN,
)
from pipelines.sandbox.faults import Refusal
from pipelines.sandbox.wire import Answer, Call

# The access token that each person's refresh token is good for.
GRANTED = {GOOGLE_ADS_REFRESH_TOKEN: GOOGLE_ADS_TOKEN, YOUTUBE_REFRESH_TOKEN: YOUTUBE_TOKEN}
JWT_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"


def error(code: int, status: str, message: str, **headers: str) -> Answer:
    """An error as Google's APIs word it."""
    return Answer({"error": {"code": code, "message": message, "status": status}}, code, headers)


class GoogleTokens:
    """`POST /token`: an assertion or a refresh token for an access token.

    The sandbox knows no service account's key, so it reads the assertion but cannot check its
    signature.
    """

    name = "oauth"

    def endpoint(self, call: Call) -> str:
        """`POST token`."""
        return f"{call.method} {call.path}"

    def answer(self, call: Call) -> Answer:
        """The token, or invalid_grant."""
        if call.method != "POST" or call.path != "token":
            return error(404, "NOT_FOUND", "Not found")
        parameters = call.parameters
        grant = parameters.get("grant_type")
        if grant not in (JWT_GRANT, "refresh_token"):
            return _denied("unsupported_grant_type", f"Invalid grant_type: {grant}")
        if grant == JWT_GRANT and not _claims(parameters.get("assertion", "")).get("iss"):
            return _denied("invalid_grant", "Invalid JWT: the assertion has no issuer.")
        token = GA4_TOKEN
        if grant == "refresh_token":
            token = GRANTED.get(parameters.get("refresh_token", ""), "")
        if not token:
            return _denied("invalid_grant", "Token has been expired or revoked.")
        return Answer({"access_token": token, "expires_in": 3599, "token_type": "Bearer"})

    def refuse(self, refusal: Refusal, _: Call) -> Answer:
        """invalid_grant for a dead token; else a server's error."""
        if refusal.kind == "dead_token":
            return _denied("invalid_grant", "Token has been expired or revoked.")
        return Answer({"error": "internal_failure"}, refusal.status or 500)


def _denied(kind: str, description: str) -> Answer:
    return Answer({"error": kind, "error_description": description}, 400)


def _claims(assertion: str) -> dict[str, Any]:
    try:
        _, payload, _ = assertion.split(".")
        padded = payload + "=" * (-len(payload) % 4)
        return msgspec.json.decode(base64.urlsafe_b64decode(padded), type=dict[str, Any])
    except (ValueError, msgspec.DecodeError):
        return {}
