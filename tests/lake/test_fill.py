"""Fields that came no more are named; fields that are merely rare are not."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from lake_rows import D1, D2, SPEND, T1, T2, land, spend

from pipelines.lake.fill import Fill, emptied
from pipelines.lake.store import Lake


def fill(directory: Path, **columns: list[object]) -> Fill:
    path = directory / f"{len(list(directory.iterdir()))}.parquet"
    types = {"lines": pa.list_(pa.struct([("sku", pa.string()), ("price", pa.int64())]))}
    arrays = {name: pa.array(each, types.get(name, pa.int64())) for name, each in columns.items()}
    pq.write_table(pa.table(arrays), path)
    return Fill([path])


def test_a_field_that_every_row_had_is_missed_in_the_first_row_without_it(tmp_path: Path) -> None:
    before = fill(tmp_path, tax=[1], shipping=[2])
    assert emptied(before, fill(tmp_path, tax=[None], shipping=[0])) == ["tax"]


def test_a_rare_field_is_missed_only_in_more_rows_than_chance_explains(tmp_path: Path) -> None:
    before = fill(tmp_path, phone=[1, None, None] * 4)
    assert emptied(before, fill(tmp_path, phone=[None] * 10)) == []
    assert emptied(before, fill(tmp_path, phone=[None] * 20)) == ["phone"]


def test_what_never_had_a_value_or_has_no_row_now_is_not_missed(tmp_path: Path) -> None:
    before = fill(tmp_path, tax=[1, 1], note=[None, None])
    assert emptied(before, fill(tmp_path, tax=[1], note=[None])) == []
    assert emptied(before, fill(tmp_path, tax=[], note=[])) == []


def test_a_field_within_a_list_is_missed_by_its_path(tmp_path: Path) -> None:
    before = fill(tmp_path, lines=[[{"sku": "a", "price": 1}, {"sku": "b", "price": 2}]])
    now = fill(tmp_path, lines=[[{"sku": "a", "price": None}]])
    assert emptied(before, now) == ["lines.price"]


def test_modelled_fields_leave_extra_without_being_missed(tmp_path: Path) -> None:
    before = fill(tmp_path, _extra=[1, 1])
    assert emptied(before, fill(tmp_path, _extra=[None, None])) == []


def test_a_read_is_compared_with_what_it_replaced_and_with_the_week_before_it(
    tmp_path: Path,
) -> None:
    lake = Lake(tmp_path)
    later = D1 + timedelta(days=9)

    def missed(day: date, amount: str | None, at: datetime = T1) -> list[str]:
        return lake.emptied(land(lake, SPEND, [day], [spend("a", amount, day)], at=at))

    assert missed(D1, "1") == []
    assert missed(D2, None) == ["spend"]
    assert missed(later, None) == [], "nothing of the week before is known"
    assert missed(D1, None, T2) == ["spend"]
    assert missed(D1, None, T2) == [], "it was so before"
