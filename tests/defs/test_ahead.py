"""Reads that run ahead of their steps: which go side by side, and who gets what they gave."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from datetime import date

import pytest
from adland import SPEND, STRUCTURE

from pipelines.connectors.errors import DeadToken
from pipelines.connectors.stream import Stream
from pipelines.defs.ahead import Ahead, Wanted
from pipelines.ingest import IngestResult

DAY = date(2026, 3, 9)
ELSEWHERE = replace(SPEND, source="elsewhere")


def wanted(stream: Stream) -> Wanted:
    return Wanted(stream, DAY, DAY, "run-1")


def test_two_sources_are_read_at_once() -> None:
    meeting = threading.Barrier(2, timeout=10)

    def read(_: Wanted) -> IngestResult:
        meeting.wait()
        return IngestResult()

    asked = [wanted(SPEND), wanted(ELSEWHERE)]
    with Ahead(asked, read) as ahead:
        assert all(ahead.result(each) == IngestResult() for each in asked)


def test_the_streams_of_one_source_are_read_in_turn() -> None:
    going_on = threading.Lock()
    order = []

    def read(each: Wanted) -> IngestResult:
        assert going_on.acquire(blocking=False), "another stream of this source is being read"
        order.append(each.stream)
        time.sleep(0.05)
        going_on.release()
        return IngestResult()

    with Ahead([wanted(STRUCTURE), wanted(SPEND)], read) as ahead:
        assert ahead.result(wanted(SPEND)) is not None
    assert order == [STRUCTURE, SPEND]


def test_a_step_may_ask_before_its_read_has_begun() -> None:
    """It would wait for ever if asking took the read away from those who do it."""
    asked, begin = threading.Event(), threading.Event()

    def read(_: Wanted) -> IngestResult:
        begin.wait(timeout=10)
        return IngestResult()

    with Ahead([wanted(STRUCTURE), wanted(SPEND)], read) as ahead:
        found: list[IngestResult | None] = []

        def step() -> None:
            asked.set()
            found.append(ahead.result(wanted(SPEND)))

        waiting = threading.Thread(target=step)
        waiting.start()
        asked.wait(timeout=10)
        time.sleep(0.05)
        begin.set()
        waiting.join(timeout=10)
        assert found == [IngestResult()]


def test_an_error_is_raised_where_the_result_is_asked_for_and_the_next_stream_is_read() -> None:
    def read(each: Wanted) -> IngestResult:
        if each.stream is STRUCTURE:
            raise DeadToken("the token is refused")
        return IngestResult()

    with Ahead([wanted(STRUCTURE), wanted(SPEND)], read) as ahead:
        with pytest.raises(DeadToken):
            ahead.result(wanted(STRUCTURE))
        assert ahead.result(wanted(SPEND)) == IngestResult()


def test_what_was_taken_or_never_begun_is_read_anew() -> None:
    with Ahead([wanted(SPEND)], lambda _: IngestResult()) as ahead:
        assert ahead.result(wanted(SPEND)) == IngestResult()
        assert ahead.result(wanted(SPEND)) is None
        assert ahead.result(wanted(ELSEWHERE)) is None
