"""Judgements that all platforms share: tokens that end, permissions, clocks, quotas."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from scripted import FakeTime

from pipelines.connectors import health
from pipelines.connectors.health import Finding, State
from pipelines.connectors.oauth import Grant, Renewed

NOW = datetime(2026, 5, 10, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("left", "state", "told"),
    [
        (None, State.OK, "does not expire"),
        (timedelta(days=60), State.OK, "expires at 2026-07-09 09:00 UTC, in 60 days"),
        (timedelta(days=14), State.OK, "expires at 2026-05-24 09:00 UTC, in 14 days"),
        (timedelta(days=13), State.WARN, "expires at 2026-05-23 09:00 UTC, in 13 days"),
        (timedelta(hours=5), State.WARN, "expires at 2026-05-10 14:00 UTC, in 5 h"),
        (timedelta(0), State.BAD, "expired at 2026-05-10 09:00 UTC"),
    ],
)
def test_a_token_is_told_of_two_weeks_before_it_ends(
    left: timedelta | None, state: State, told: str
) -> None:
    ends_at = None if left is None else NOW + left
    found = health.expiry("token", ends_at, NOW, "Make a new one for TOKEN.")
    assert (found.state, found.detail) == (state, told)
    assert found.remedy == ("" if state is State.OK else "Make a new one for TOKEN.")


def test_a_permission_that_is_lacking_is_named() -> None:
    found = health.permissions({"a"}, {"a", "c", "b"}, "Grant them.")
    assert found == Finding("permissions", State.BAD, "lacks b, c", "Grant them.")
    assert health.permissions({"a", "z"}, {"a"}, "").state is State.OK


@pytest.mark.parametrize(
    ("date", "state", "told"),
    [
        ("Sun, 10 May 2026 09:00:59 GMT", State.OK, "agrees with the platform's"),
        ("Sun, 10 May 2026 08:57:00 GMT", State.WARN, "3 min ahead of the platform's"),
        ("Sun, 10 May 2026 09:05:00 GMT", State.BAD, "5 min behind the platform's"),
        ("yesterday", State.OK, "the answer has no date to compare with"),
    ],
)
def test_a_clock_is_compared_with_the_date_of_an_answer(date: str, state: State, told: str) -> None:
    found = health.clock({"Date": date}, NOW)
    assert (found.state, found.detail) == (state, told)


@pytest.mark.parametrize(
    ("left", "state"), [(100, State.OK), (10, State.OK), (9, State.WARN), (0, State.BAD)]
)
def test_a_quota_that_is_nearly_spent_is_told_before_it_is(left: int, state: State) -> None:
    found = health.quota("tokens a day", left, 100, until="midnight")
    assert (found.state, found.detail) == (state, f"{left} of 100 left until midnight")


def _renewed(time: FakeTime, refresh_ends: Callable[[datetime], datetime | None]) -> Renewed:
    def exchange(_: str) -> Grant:
        return Grant("access", time.now + timedelta(hours=4), "next", refresh_ends(time.now))

    return Renewed(exchange, "first", clock=time.clock)


def test_an_access_token_that_renews_itself_is_well_though_it_ends_within_hours(
    time: FakeTime,
) -> None:
    (found,) = _renewed(time, lambda _: None).health("Sign in again.")
    assert (found.what, found.state) == ("access token", State.OK)


def test_a_refresh_token_is_told_of_before_a_person_must_sign_in_again(time: FakeTime) -> None:
    _, found = _renewed(time, lambda now: now + timedelta(days=9)).health("Sign in again.")
    assert (found.what, found.state, found.remedy) == (
        "refresh token",
        State.WARN,
        "Sign in again.",
    )
