"""The one loop that reads any stream: ask, page on, ask for less where it is too much, type rows.

Belongs here: what all platforms share in reading. Does not: a platform's parameters and page shape
(its module), or single requests (`http`).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, TypeVar

import msgspec

from pipelines.connectors.errors import (
    CursorExpired,
    Gone,
    Permanent,
    ReportFailed,
    SourceError,
    TooMuch,
    Transient,
    UnknownMetric,
    reading,
)
from pipelines.connectors.http import Answer, Request
from pipelines.connectors.stream import Account, Batch, Stats, Stream, Window
from pipelines.lake.convert import convert_records
from pipelines.lake.packed import Packed, convert_packed, without
from pipelines.lake.schema import Schema

Record = Mapping[str, Any]
Found = TypeVar("Found")
# JSON that is typed at once: less has more calls of fixed cost, more is only more memory.
BATCH_BYTES = 12 * 1024 * 1024


@dataclass(frozen=True)
class Page:
    """Records as the platform gave them, and what its answer is known to lack.

    Instead of `records`, `raw` may hold them as they came, each its JSON (`Request.records`): that
    costs a fraction of making an object of each. `drop` names what is no part of a record, and is
    not kept as an unknown field: dotted paths, with "" or with the sibling that the value merely
    repeats.
    """

    records: Sequence[Record] = ()
    missing: tuple[str, ...] = ()
    raw: Sequence[msgspec.Raw] = ()
    drop: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(
        cls, found: Any, *, missing: tuple[str, ...] = (), drop: Mapping[str, str] | None = None
    ) -> Page:
        """The page of what an answer holds where its records are due: JSON text, or objects."""
        if found and isinstance(found[0], msgspec.Raw):
            return cls(missing=missing, raw=found, drop=drop or {})
        return cls(found or (), missing, drop=drop or {})


class Paging(Protocol):
    """How a platform hands out an answer in pieces."""

    def after(self, request: Request, body: Any) -> Request | None:
        """The request for the page after this one; None when this was the last."""
        ...

    def smaller(self, request: Request) -> Request | None:
        """The same request for fewer rows; None when it cannot be smaller."""
        ...


class Asking(Protocol):
    """Who asks: a client, or something in front of one."""

    def send(self, request: Request) -> Answer:
        """The answer to one request."""
        ...


def follow(client: Asking, request: Request, paging: Paging) -> Iterator[Any]:
    """Every page's body, first to last. A page that is too much is asked for in smaller ones."""
    asked: Request | None = request
    while asked is not None:
        try:
            body = client.send(asked).body
        except TooMuch:
            if (smaller := paging.smaller(asked)) is None:
                raise
            asked = smaller
            continue
        yield body
        following = paging.after(asked, body)
        if following == asked:
            raise Permanent("the platform's next page is the page itself")
        asked = following


def halved(window: Window, read: Callable[[Window], Iterator[Page]]) -> Iterator[Page]:
    """The window's pages; where the platform cannot answer for so many days, those of its halves.

    Once a page has come, the failure is passed on as Transient: a second read would double rows.
    """
    came = False
    try:
        for page in read(window):
            came = True
            yield page
    except (TooMuch, ReportFailed) as error:
        if came or len(window.days) == 1:
            raise Transient(error.reason, remedy="Run it again later.") from error
    else:
        return
    half = (len(window.days) + 1) // 2
    for part in window.slices(half):
        yield from halved(part, read)


def bisected(
    names: Sequence[str], ask: Callable[[Sequence[str]], Found]
) -> tuple[list[Found], tuple[str, ...]]:
    """What `ask` found for all names that the platform knows, and the names that it refused.

    One unknown metric fails a whole call, and the message does not say which: so the names are
    halved until the guilty ones stand alone. With one among n that takes about 2·log2(n) calls.
    """
    if not names:
        return [], ()
    try:
        return [ask(names)], ()
    except UnknownMetric:
        if len(names) == 1:
            return [], tuple(names)
    half = len(names) // 2
    left, refused_left = bisected(names[:half], ask)
    right, refused_right = bisected(names[half:], ask)
    return left + right, refused_left + refused_right


class Served:
    """The metrics that a platform serves, where it stops serving one after another.

    What it refused is remembered for each `place` (a stream, or a kind of object in it), so that a
    guilty metric is searched for once.
    """

    def __init__(self) -> None:
        self._refused: dict[str, tuple[str, ...]] = {}

    def ask(
        self, place: str, metrics: Sequence[str], ask: Callable[[Sequence[str]], Found]
    ) -> list[Found]:
        """What `ask` finds for the metrics that are served there."""
        known = self._refused.get(place, ())
        found, refused = bisected([name for name in metrics if name not in known], ask)
        self._refused[place] = known + refused
        return found

    def notes(self, *places: str) -> tuple[str, ...]:
        """A sentence for each metric that was refused there."""
        refused = {name: None for place in places for name in self._refused.get(place, ())}
        return tuple(f"metric {name}: the platform no longer serves it" for name in refused)


# A cursor that expires again and again is one that is used too slowly: a later run may be faster.
READINGS = 3


def reread(pages: Callable[[], Iterator[Page]]) -> Iterator[Page]:
    """The pages; from the first one again where a cursor expired on the way.

    Rows then come twice, which landing by key undoes. After READINGS attempts the error is passed
    on.
    """
    for attempt in range(1, READINGS + 1):
        try:
            yield from pages()
        except CursorExpired:
            if attempt == READINGS:
                raise
        else:
            return


def typed(
    schema: Schema, pages: Iterable[Page], context: Mapping[str, str], place: str
) -> Iterator[Batch]:
    """Pages as batches. Raw ones are collected: a small batch costs as much as a large one."""
    raw: list[Packed] = []
    drop: Mapping[str, str] = {}
    missing: tuple[str, ...] = ()
    size = 0
    for number, page in enumerate(pages, 1):
        where = f"{place}, page {number}"
        if raw and (not page.raw or (page.drop, page.missing) != (drop, missing)):
            yield _unpacked(schema, raw, context, drop, missing)
            raw, size = [], 0
        if not page.raw:
            records = without(page.records, page.drop)
            batch = convert_records(schema, records, context, place=where)
            yield replace(batch, missing=page.missing)
        else:
            raw.append(Packed(page.raw, where))
            drop, missing = page.drop, page.missing
            size += sum(memoryview(text).nbytes for text in page.raw)
            if size >= BATCH_BYTES:
                yield _unpacked(schema, raw, context, drop, missing)
                raw, size = [], 0
    if raw:
        yield _unpacked(schema, raw, context, drop, missing)


def _unpacked(
    schema: Schema,
    pages: Sequence[Packed],
    context: Mapping[str, str],
    drop: Mapping[str, str],
    missing: tuple[str, ...],
) -> Batch:
    try:
        batch = convert_packed(schema, pages, context, drop=drop)
    except msgspec.DecodeError as error:
        raise Transient(
            f"the records are not JSON: {error}", remedy="Run it again later."
        ) from error
    return replace(batch, missing=missing)


class HttpSource(ABC):
    """A platform that is read over HTTP: a subclass describes accounts and reads pages."""

    name: str
    streams: tuple[Stream, ...]
    # Windows of an account that are read at once. Most of a read is waiting for an answer: forty
    # pages of 300 ms take 15.3 s one by one, 3.8 s by fours, 2.8 s by eights. The lowest limit that
    # a platform states is GA4's, ten in flight for a property.
    readers = 6

    def __init__(self, account_ids: Sequence[str], stats: Stats) -> None:
        self.stats = stats
        self._ids = tuple(account_ids)
        self._accounts: dict[str, Account] = {}
        self._unknown: dict[str, SourceError] = {}

    @abstractmethod
    def describe(self, account_id: str) -> Account:
        """The account with zone, currency and name as the platform tells them."""

    @abstractmethod
    def pages(self, stream: Stream, account: Account, window: Window) -> Iterator[Page]:
        """The stream's records in that window, page by page."""

    def accounts(self) -> list[Account]:
        """The configured accounts, each asked for once.

        One that the platform does not describe is listed too: reading it raises the reason, and the
        others can be read.
        """
        return [self._described(account_id) for account_id in self._ids]

    def refusal(self, account: Account) -> SourceError | None:
        """Why the platform did not describe that account; None where it did."""
        return self._unknown.get(account.id)

    def read(self, stream: Stream, account: Account, window: Window) -> Iterator[Batch]:
        """The stream's rows in that window as typed batches, one page at a time.

        Raises a SourceError that names source, stream and account.
        """
        with reading(self.name, stream.name, account.id):
            if error := self.refusal(account):
                raise copy(error) from error
            context = {
                "account_id": account.id,
                "currency": account.currency,
                "timezone": account.timezone,
            }
            place = f"{self.name}/{stream.name} {account.id} {window.first}"
            pages = reread(lambda: self.pages(stream, account, window))
            yield from typed(stream.schema, pages, context, place)

    def _described(self, account_id: str) -> Account:
        if account_id not in self._accounts:
            self._unknown.pop(account_id, None)
            try:
                with reading(self.name, account=account_id):
                    self._accounts[account_id] = self.describe(account_id)
            except SourceError as error:
                if isinstance(error, Gone):
                    error.remedy = f"Check that {account_id} is right and the token may see it."
                self._unknown[account_id] = error
                return Account(account_id)
        return self._accounts[account_id]
