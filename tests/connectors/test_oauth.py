"""Tokens that renew themselves, and refresh tokens that are good only once."""

from __future__ import annotations

import stat
from datetime import timedelta
from pathlib import Path

import pytest
from scripted import FakeTime

from pipelines.connectors.errors import DeadToken
from pipelines.connectors.oauth import Grant, Renewed, TokenFile


class Platform:
    """Hands out a new pair for each refresh token, which it accepts once."""

    def __init__(self, time: FakeTime, *, single_use: bool = True) -> None:
        self._time = time
        self._single_use = single_use
        self._good = "refresh-0"
        self.exchanges = 0

    def __call__(self, refresh_token: str) -> Grant:
        if refresh_token != self._good:
            raise DeadToken("the refresh token was used before")
        self.exchanges += 1
        if self._single_use:
            self._good = f"refresh-{self.exchanges}"
        expires_at = self._time.now + timedelta(hours=4)
        return Grant(f"access-{self.exchanges}", expires_at, self._good)


@pytest.fixture
def time() -> FakeTime:
    return FakeTime()


@pytest.fixture
def platform(time: FakeTime) -> Platform:
    return Platform(time)


def token(platform: Platform, time: FakeTime, path: Path | None = None) -> Renewed:
    store = TokenFile(path) if path else None
    return Renewed(platform, "refresh-0", clock=time.clock, store=store)


def test_a_token_is_asked_for_once_and_used_until_shortly_before_its_end(platform, time) -> None:
    renewed = token(platform, time)
    assert [renewed(), renewed()] == ["access-1", "access-1"]
    time.now += timedelta(hours=3, minutes=57)
    assert renewed() == "access-1"
    time.now += timedelta(minutes=2)
    assert renewed() == "access-2"


def test_the_next_process_goes_on_with_the_newest_refresh_token(platform, time, tmp_path) -> None:
    path = tmp_path / "tokens" / "shop.json"
    assert token(platform, time, path)() == "access-1"
    assert token(platform, time, path)() == "access-1", "the kept access token is still good"
    time.now += timedelta(hours=5)
    assert token(platform, time, path)() == "access-2"
    assert platform.exchanges == 2


def test_a_new_configured_refresh_token_begins_a_new_chain(platform, time, tmp_path) -> None:
    path = tmp_path / "shop.json"
    TokenFile(path).write("another", Grant("stale", time.now + timedelta(hours=9), "spent"))
    assert token(platform, time, path)() == "access-1"


def test_a_kept_file_that_is_cut_short_is_like_none(platform, time, tmp_path) -> None:
    path = tmp_path / "shop.json"
    path.write_bytes(b'{"first": "refresh-0", "acc')
    assert token(platform, time, path)() == "access-1"


def test_the_kept_grant_can_be_read_by_its_owner_only(platform, time, tmp_path) -> None:
    path = tmp_path / "shop.json"
    token(platform, time, path)()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_without_a_store_the_chain_goes_on_in_memory(platform, time) -> None:
    renewed = token(platform, time)
    renewed()
    time.now += timedelta(hours=5)
    assert renewed() == "access-2"


def test_the_store_keeps_when_the_refresh_token_ends(tmp_path: Path, time: FakeTime) -> None:
    ends = time.now + timedelta(days=365)
    store = TokenFile(tmp_path / "linkedin.json")
    store.write("first", Grant("access", time.now, "next", ends))
    kept = store.read("first")
    assert kept is not None
    assert kept.refresh_expires_at == ends


def test_a_refused_access_token_is_given_up_before_its_end(platform, time, tmp_path) -> None:
    path = tmp_path / "shop.json"
    renewed = token(platform, time, path)
    assert renewed() == "access-1"
    renewed.refuse()
    assert renewed() == "access-2"
    assert token(platform, time, path)() == "access-2", "the kept one is the newer"


def test_a_refused_access_token_that_another_process_replaced_is_not_exchanged_again(
    platform, time, tmp_path
) -> None:
    path = tmp_path / "shop.json"
    ours, theirs = token(platform, time, path), token(platform, time, path)
    assert ours() == theirs() == "access-1"
    theirs.refuse()
    assert theirs() == "access-2"
    ours.refuse()
    assert ours() == "access-2"
    assert platform.exchanges == 2
