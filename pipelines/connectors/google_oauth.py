"""Google's token endpoint: access tokens for the refresh token of a person who granted access.

Belongs here: the exchange, and what its refusals mean. Does not: which API the token opens.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from pipelines.connectors.errors import Decision, Rule, Signal
from pipelines.connectors.http import Answer, Client, Platform, Request, status_signal
from pipelines.connectors.oauth import Grant, Renewed

RULES = (
    Rule(Decision.ABORT, "the refresh token is refused", code=("invalid_grant",)),
    Rule(
        Decision.ABORT,
        "the OAuth client is refused",
        code=("invalid_client", "unauthorized_client", "deleted_client"),
    ),
)


def token_signal(answer: Answer) -> Signal | None:
    """The endpoint's own error: a word, and a sentence beside it."""
    error = answer.body.get("error") if isinstance(answer.body, dict) else None
    if not isinstance(error, str):
        return status_signal(answer)
    message = str(answer.body.get("error_description", ""))
    return Signal(answer.status, error, message=message, wait=answer.retry_after)


def google_login(
    name: str,
    client_id: str,
    client_secret: str,
    refresh_token: str,
    *,
    base_url: str,
    remedy: str,
    **client: Any,
) -> Renewed:
    """Access tokens by that refresh token, which Google lets be used again and again.

    `name` is the source, for the log; `remedy` what to do when the refresh token is refused.
    """
    asking = Client(Platform(name, rules=RULES, signal=token_signal, remedy=remedy), **client)

    def exchange(refresh: str) -> Grant:
        form = {
            "grant_type": "refresh_token",
            "client_id": client_id,
            "client_secret": client_secret,
            "refresh_token": refresh,
        }
        asked_at = asking.clock.now()
        told = asking.send(Request(f"{base_url.rstrip('/')}/token", form=form)).body
        ends = asked_at + timedelta(seconds=int(told.get("expires_in", 3600)))
        return Grant(str(told["access_token"]), ends)

    return Renewed(exchange, refresh_token, clock=asking.clock)
