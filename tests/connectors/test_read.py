"""The shared loop: paging that stands still, windows in halves, metrics that fail a whole call."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scripted import FakeTime, Scripted

from pipelines.connectors.errors import (
    CursorExpired,
    Permanent,
    ReportFailed,
    TooMuch,
    Transient,
    UnknownMetric,
    reading,
)
from pipelines.connectors.http import Client, Platform, Request
from pipelines.connectors.read import READINGS, Page, bisected, follow, halved, reread
from pipelines.connectors.stream import Window

MONTH = Window(date(2026, 5, 1), date(2026, 5, 31), "UTC")


class StandsStill:
    """A platform whose next page is always the page itself."""

    def after(self, request: Request, body: Any) -> Request | None:
        return request

    def smaller(self, request: Request) -> Request | None:
        return None


def test_paging_that_stands_still_is_an_error_and_not_an_endless_run(
    server: Scripted, time: FakeTime
) -> None:
    client = Client(Platform("test"), clock=time.clock)

    with pytest.raises(Permanent, match="next page"):
        list(follow(client, Request(server.url), StandsStill()))
    assert len(server.asked) == 1


@given(limit=st.integers(1, 40), days=st.integers(1, 31))
def test_halves_cover_every_day_once_in_order_and_none_is_too_large(limit: int, days: int) -> None:
    asked = Window(MONTH.first, date(2026, 5, days), "UTC")

    def read(window: Window) -> Iterator[Page]:
        if len(window.days) > limit:
            raise TooMuch("too many days")
        yield Page([{"day": day} for day in window.days])

    found = [record["day"] for page in halved(asked, read) for record in page.records]

    assert found == asked.days


@pytest.mark.parametrize("failure", [TooMuch, ReportFailed])
def test_a_window_that_fails_after_its_first_page_is_not_read_twice(
    failure: type[TooMuch] | type[ReportFailed],
) -> None:
    def read(_: Window) -> Iterator[Page]:
        yield Page([{"id": 1}])
        raise failure("too late")

    came: list[Page] = []
    with pytest.raises(Transient, match="too late"):
        came.extend(halved(MONTH, read))
    assert len(came) <= 1


@given(
    names=st.lists(st.sampled_from("abcdefghij"), unique=True), bad=st.sets(st.sampled_from("aej"))
)
def test_bisection_finds_each_refused_metric_and_loses_no_other(
    names: list[str], bad: set[str]
) -> None:
    def ask(some: Sequence[str]) -> Sequence[str]:
        if bad & set(some):
            raise UnknownMetric("one of them")
        return some

    found, refused = bisected(names, ask)

    assert [name for group in found for name in group] == [n for n in names if n not in bad]
    assert list(refused) == [name for name in names if name in bad]


def test_one_bad_metric_among_eight_takes_few_calls() -> None:
    calls: list[Sequence[str]] = []

    def ask(some: Sequence[str]) -> None:
        calls.append(some)
        if "d" in some:
            raise UnknownMetric("one of them")

    bisected("abcdefgh", ask)

    assert len(calls) == 7


def test_an_error_keeps_the_first_names_that_it_was_given() -> None:
    with (
        pytest.raises(Permanent, match=r"^inner stream 7: broken\. Mend it\.$"),
        reading("outer", "other", "8"),
        reading("inner", "stream", "7"),
    ):
        raise Permanent("broken", remedy="Mend it.")


def expiring(times: int) -> tuple[list[int], Any]:
    """Three pages, the last of which expires so many times; and the readings that were begun."""
    begun: list[int] = []

    def pages() -> Iterator[Page]:
        begun.append(len(begun))
        yield Page([{"n": 1}])
        yield Page([{"n": 2}])
        if len(begun) <= times:
            raise CursorExpired("the page cursor expired")
        yield Page([{"n": 3}])

    return begun, pages


def test_pages_are_read_from_the_first_one_again_where_a_cursor_expired() -> None:
    begun, pages = expiring(times=2)
    found = [record["n"] for page in reread(pages) for record in page.records]
    assert found == [1, 2, 1, 2, 1, 2, 3]
    assert len(begun) == 3


def test_a_cursor_that_expires_every_time_is_left_to_a_later_run() -> None:
    begun, pages = expiring(times=99)
    with pytest.raises(CursorExpired):
        list(reread(pages))
    assert len(begun) == READINGS
