"""Refresh tokens of which each is good only once, as TikTok and others hand them out.

Belongs here: which tokens are good. Does not: how a platform words an exchange.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping


class Rotation:
    """The tokens of some accounts.

    The first refresh token of an account is a constant of the sandbox and stays good, so that every
    reader can begin with it; each later one is good once. Tokens name their account, so that those
    of before are good in the next sandbox too.
    """

    def __init__(self, first: Mapping[str, str]) -> None:
        self._first = {token: account for account, token in first.items()}
        self._accounts = frozenset(first)
        self._used: set[str] = set()

    def exchange(self, refresh_token: str) -> tuple[str, str] | None:
        """A new access token and the next refresh token; None for one that is not good."""
        account = self._first.get(refresh_token) or self._owner("rft", refresh_token)
        if account is None or refresh_token in self._used:
            return None
        if refresh_token not in self._first:
            self._used.add(refresh_token)
        new = secrets.token_hex(8)
        return f"act.{new}.{account}", f"rft.{new}.{account}"

    def account(self, access_token: str) -> str | None:
        """Whose access token that is; None where it is nobody's."""
        return self._owner("act", access_token)

    def _owner(self, kind: str, token: str) -> str | None:
        told, _, rest = token.partition(".")
        account = rest.partition(".")[2]
        return account if told == kind and account in self._accounts else None
