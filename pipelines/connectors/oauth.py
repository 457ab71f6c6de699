"""Access tokens that end and are renewed: the refresh exchange, and where the newest is kept.

Belongs here: when a token is renewed, and that a refresh token which is good only once is on the
disk before the access token that came with it is used. Does not: how a platform words the exchange
(its module).
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from pipelines.connectors.health import Finding, State, expiry
from pipelines.connectors.http import Clock

# Renewed a little before it ends, so that no request on its way meets the end.
MARGIN = timedelta(minutes=2)


@dataclass(frozen=True)
class Grant:
    """What an exchange gave: an access token, when it ends (UTC), and the next refresh token.

    `refresh_token` is empty where the platform lets the old one go on. `refresh_expires_at` (UTC)
    is when a person must sign in again, where the platform tells.
    """

    access_token: str
    expires_at: datetime
    refresh_token: str = ""
    refresh_expires_at: datetime | None = None


class Renewed:
    """A token for `http.Token` that renews itself: call it for one that is good for a while.

    - `exchange`: asks the platform for a new grant with the refresh token that it is given.
    - `refresh_token`: the configured one; the first of a chain where each is good only once.
    - `store`: where the newest grant is kept between processes; None keeps it in memory only.

    With a store, two processes never spend the same refresh token: the exchange happens under the
    store's lock, and the grant is on the disk before anybody uses it.
    """

    def __init__(
        self,
        exchange: Callable[[str], Grant],
        refresh_token: str,
        *,
        clock: Clock,
        store: TokenFile | None = None,
    ) -> None:
        self._exchange = exchange
        self._first = refresh_token
        self._clock = clock
        self._store = store
        self._grant: Grant | None = None
        self._refused = ""
        self._lock = threading.Lock()

    def __call__(self) -> str:
        """An access token that is good for at least MARGIN."""
        with self._lock:
            if self._grant is None or self._ends(self._grant):
                self._grant = self._renewed()
            return self._grant.access_token

    def refuse(self) -> None:
        """The platform takes the access token in use no longer: the next call asks for another."""
        with self._lock:
            if self._grant is not None:
                self._refused = self._grant.access_token

    @property
    def expires_at(self) -> datetime | None:
        """When the access token in use ends (UTC); None before the first exchange."""
        return self._grant.expires_at if self._grant else None

    def health(self, remedy: str) -> list[Finding]:
        """When the token in use ends, and when nothing renews it any more, where that is told.

        `remedy` says how to get a new refresh token. Raises what the exchange raises.
        """
        self()
        grant = self._grant
        if grant is None:
            return []
        ends = f"renews itself; the one in use ends at {grant.expires_at:%Y-%m-%d %H:%M} UTC"
        found = [Finding("access token", State.OK, ends)]
        if grant.refresh_expires_at is not None:
            now = self._clock.now()
            found.append(expiry("refresh token", grant.refresh_expires_at, now, remedy))
        return found

    def _ends(self, grant: Grant) -> bool:
        refused = grant.access_token == self._refused
        return refused or self._clock.now() >= grant.expires_at - MARGIN

    def _renewed(self) -> Grant:
        if self._store is None:
            newest = self._grant.refresh_token if self._grant else ""
            return self._exchange(newest or self._first)
        with self._store.locked():
            kept = self._store.read(self._first)
            if kept is not None and not self._ends(kept):
                return kept
            grant = self._exchange((kept.refresh_token if kept else "") or self._first)
            self._store.write(self._first, grant)
            return grant


class _Kept(msgspec.Struct):
    """A grant on the disk. `first` is the configured token: another one begins a new chain."""

    first: str
    access_token: str
    expires_at: datetime
    refresh_token: str
    refresh_expires_at: datetime | None = None


class TokenFile:
    """A file, readable by its owner only, that holds the newest grant of one account."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Nobody else reads or renews the grant meanwhile."""
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with self._path.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def read(self, first: str) -> Grant | None:
        """The newest grant of the chain that began with that refresh token, if there is one."""
        try:
            kept = msgspec.json.decode(self._path.read_bytes(), type=_Kept)
        except (FileNotFoundError, msgspec.DecodeError):
            return None
        if kept.first != first:
            return None
        ends = kept.refresh_expires_at
        return Grant(
            kept.access_token,
            kept.expires_at.astimezone(UTC),
            kept.refresh_token,
            ends.astimezone(UTC) if ends else None,
        )

    def write(self, first: str, grant: Grant) -> None:
        """Put the grant in the place of the one before, in one step that survives a power cut."""
        kept = _Kept(
            first,
            grant.access_token,
            grant.expires_at,
            grant.refresh_token,
            grant.refresh_expires_at,
        )
        draft = self._path.with_suffix(".draft")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(msgspec.json.encode(kept))
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self._path)
