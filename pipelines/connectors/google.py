"""What Google's APIs share: how a user's access token is renewed, and when a day's quota is new.

Belongs here: what is neither one API's errors nor its streams. Does not: service accounts, which
only Analytics 4 signs in with (`ga4`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from pipelines.connectors.http import Client, Request
from pipelines.connectors.oauth import Grant

# Google closes its quotas' days in California.
QUOTA_ZONE = "America/Los_Angeles"


def until_quota_day(now: datetime) -> float:
    """Seconds until the day's quota is new: midnight in California."""
    local = now.astimezone(ZoneInfo(QUOTA_ZONE))
    midnight = (local + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight.timestamp() - now.timestamp()


@dataclass(frozen=True)
class App:
    """The OAuth client for which a user's refresh token was given, and where it is exchanged."""

    client_id: str
    client_secret: str = field(repr=False)
    token_url: str


def exchange(client: Client, app: App) -> Callable[[str], Grant]:
    """The exchange of a refresh token for an access token, for `oauth.Renewed`.

    `client` is asked without any token. Google's refresh tokens may be used again and again.
    """

    def granted(refresh_token: str) -> Grant:
        form = {
            "grant_type": "refresh_token",
            "client_id": app.client_id,
            "client_secret": app.client_secret,
            "refresh_token": refresh_token,
        }
        answer = client.send(Request(app.token_url, form=form)).body
        now = client.clock.now()
        # Told only of tokens that end: those of an app under test, or of access given for a time.
        left = answer.get("refresh_token_expires_in")
        return Grant(
            str(answer["access_token"]),
            now + timedelta(seconds=int(answer["expires_in"])),
            refresh_expires_at=None if left is None else now + timedelta(seconds=int(left)),
        )

    return granted
