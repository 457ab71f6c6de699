"""Refresh tokens of which each is good only once, as TikTok and others hand them out.

Belongs here: which tokens are good. Does not: how a platform words an exchange.
"""

from __future__ import annotations

from collections.abc import Mapping


class Rotation:
    """The tokens of some accounts.

    The first refresh token of an account is a constant of the sandbox and stays good, so that every
    reader can begin with it; each later one is good once.
    """

    def __init__(self, first: Mapping[str, str]) -> None:
        self._accounts = {token: account for account, token in first.items()}
        self._first = frozenset(first.values())
        self._access: dict[str, str] = {}
        self._issued = 0

    def exchange(self, refresh_token: str) -> tuple[str, str] | None:
        """A new access token and the next refresh token; None for one that is not good."""
        account = self._accounts.get(refresh_token)
        if account is None:
            return None
        if refresh_token not in self._first:
            del self._accounts[refresh_token]
        self._issued += 1
        access, following = f"act.{self._issued}.{account}", f"rft.{self._issued}.{account}"
        self._access[access] = account
        self._accounts[following] = account
        return access, following

    def account(self, access_token: str) -> str | None:
        """Whose access token that is; None where it is nobody's."""
        return self._access.get(access_token)
