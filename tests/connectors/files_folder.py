"""A folder of exports with its mapping, read as the project reads one."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa
import yaml

from pipelines.connectors.files import FilesSource
from pipelines.connectors.files.mapping import KINDS
from pipelines.connectors.stream import Rejected

JANUARY = (date(2024, 1, 1), date(2024, 1, 31))
ORDERS = {
    "order_id": "Order",
    "ordered_at": "Placed",
    "email": "Mail",
    "gross_amount": "Total",
}


def instant(*parts):
    """An instant as the lake keeps it: UTC, without saying so."""
    return datetime(*parts, tzinfo=UTC).replace(tzinfo=None)


@dataclass
class Read:
    """What a data set gave: rows as dictionaries, and the rejected."""

    table: pa.Table
    rejected: list[Rejected]

    @property
    def rows(self):
        return self.table.to_pylist()

    def column(self, name):
        return self.table[name].to_pylist()

    @property
    def only(self):
        (rejected,) = self.rejected
        return rejected


@dataclass
class Folder:
    """Exports in a temporary folder; `orders` declares one data set of orders."""

    path: Path
    datasets: dict = field(default_factory=dict)

    def write(self, name, content):
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def orders(self, path, **options):
        self.datasets["shop"] = {
            "kind": "orders",
            "path": path,
            "timezone": "Asia/Jakarta",
            "currency": "IDR",
            "columns": ORDERS,
            **options,
        }
        return self

    def source(self):
        mapping = self.write("files.yaml", yaml.safe_dump({"datasets": self.datasets}))
        return FilesSource.load(mapping)

    def read(self, first=JANUARY[0], last=JANUARY[1], name="shop"):
        source = self.source()
        account = next(each for each in source.accounts() if each.id == name)
        stream = KINDS[account.streams[0]]
        batches = list(source.read(stream, account, stream.window(first, last, account)))
        tables = [stream.schema.arrow.empty_table(), *(batch.rows for batch in batches)]
        return Read(pa.concat_tables(tables), [each for b in batches for each in b.rejected])
