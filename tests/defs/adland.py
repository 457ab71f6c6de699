"""A platform in memory, with a daily stream and one that tells only the present."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pyarrow as pa

from pipelines.connectors import task
from pipelines.connectors.errors import DeadToken, SourceError
from pipelines.connectors.stream import Account, Batch, Stats, Stream, Window
from pipelines.lake.schema import day, money, schema, text

NOW = datetime(2026, 3, 10, 9, tzinfo=UTC)

SPEND = Stream(
    source="adland",
    name="spend",
    group="ads",
    description="Spend by day.",
    schema=schema(
        text("account_id", "Account.", "@account_id", required=True),
        day("date", "Day.", required=True),
        money("spend", "Money spent."),
    ),
    key=("date",),
    mode="replace",
    day="date",
    lookback_days=3,
    slice_days=30,
    totals=("spend",),
    url="https://example.com/docs",
)
STRUCTURE = Stream(
    source="adland",
    name="campaigns",
    group="ads",
    description="Campaigns as they stand.",
    schema=schema(text("id", "Campaign.", required=True)),
    key=("id",),
    mode="replace",
    snapshot=True,
)


@dataclass
class Adland:
    """A platform in memory; `failing` accounts refuse their token."""

    name: str = "adland"
    streams: tuple[Stream, ...] = (SPEND, STRUCTURE)
    stats: Stats = field(default_factory=Stats)
    readers: int = 1
    ids: tuple[str, ...] = ("a1", "a2")
    failing: tuple[str, ...] = ()
    error: SourceError | None = None
    extra: str | None = None
    missing: tuple[str, ...] = ()
    asked: list[tuple[str, Window]] = field(default_factory=list)

    def accounts(self) -> list[Account]:
        return [Account(each, "Asia/Jakarta", "IDR") for each in self.ids]

    def read(self, stream: Stream, account: Account, window: Window) -> Iterator[Batch]:
        self.asked.append((stream.name, window))
        task.count(self.stats, requests=1, bytes=100)
        if account.id in self.failing:
            raise self.error or DeadToken("the token is refused", remedy="Make a new one.")
        if stream.snapshot:
            rows = {"id": ["c1", "c2"], "_extra": [None, None]}
        else:
            rows = {
                "account_id": [account.id] * len(window.days),
                "date": window.days,
                "spend": ["1.50"] * len(window.days),
                "_extra": [self.extra] * len(window.days),
            }
        table = pa.table(rows)
        yield Batch(
            pa.table(
                [table[column.name].cast(column.type) for column in stream.schema.arrow],
                schema=stream.schema.arrow,
            ),
            missing=self.missing,
        )
