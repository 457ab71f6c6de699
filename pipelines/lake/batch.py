"""What a conversion hands on: rows that fit their schema, and records that did not.

Belongs here: the two shapes. Does not: how a record becomes either (`convert`), or where they go
(`landing`).
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from datetime import date

import pyarrow as pa


@dataclass(frozen=True)
class Rejected:
    """A record that did not fit its stream's schema.

    `record` is its JSON text with personal data hashed; `place` says where it was (page 3, or
    orders.csv row 17); `remedy` says what to do about it.
    """

    field: str
    reason: str
    remedy: str
    place: str
    record: str
    # The stream-day it belongs to, where the reader knows and the record itself does not tell.
    day: date | None = dataclasses.field(default=None, compare=False)


@dataclass(frozen=True)
class Batch:
    """Rows of one stream in its Arrow schema, and the records that did not fit it."""

    rows: pa.Table
    rejected: tuple[Rejected, ...] = ()
    # Why the platform's answer is known to lack something (a retired metric, say), if it does.
    missing: tuple[str, ...] = ()
    # The names that `_extra` has at most, where the conversion knows.
    extra_names: frozenset[str] | None = None
