"""Reads that are begun before their steps ask for them.

Belongs here: which reads go on side by side. Does not: reading (`pipelines.ingest`), steps
(`streams`).

Dagster executes the steps of a run in this process one after another, and two runs in threads of
one process lock each other out (each configures the logging of all). So the reads themselves run
ahead: a step finds its read done, or waits for it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from types import TracebackType

from pipelines.connectors.stream import Stream
from pipelines.ingest import IngestResult

# Their threads share one interpreter: more than a few only help where platforms are slow.
SOURCES_AT_ONCE = 6


@dataclass(frozen=True)
class Wanted:
    """A read that a step of that run will ask for."""

    stream: Stream
    first: date
    last: date
    run_id: str


class Ahead:
    """Reads sources side by side, and the streams of one source in turn, from now on.

    `read` does one of them. As a context manager it ends with the reads that are on their way.
    """

    def __init__(self, wanted: Iterable[Wanted], read: Callable[[Wanted], IngestResult]) -> None:
        self._read = read
        self._results: dict[Wanted, Future[IngestResult]] = {}
        lanes: dict[str, list[tuple[Wanted, Future[IngestResult]]]] = defaultdict(list)
        for each in wanted:
            self._results[each] = Future()
            lanes[each.stream.source].append((each, self._results[each]))
        self._pool = ThreadPoolExecutor(SOURCES_AT_ONCE, "source")
        for lane in lanes.values():
            self._pool.submit(self._read_lane, lane)

    def __enter__(self) -> Ahead:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._pool.shutdown(cancel_futures=True)

    def result(self, wanted: Wanted) -> IngestResult | None:
        """What that read gave, once it has ended; raises what it raised.

        None where it was not begun, or its result was taken: a step that is tried again reads
        again.
        """
        future = self._results.pop(wanted, None)
        return future.result() if future else None

    def _read_lane(self, lane: Iterable[tuple[Wanted, Future[IngestResult]]]) -> None:
        for each, future in lane:
            try:
                future.set_result(self._read(each))
            except BaseException as error:  # noqa: BLE001 - raised where the result is asked for
                future.set_exception(error)
