"""Fields that came no more are named; fields that are merely rare are not."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from lake_rows import ACCOUNT, CONTEXT, D1, SPEND, T1, T2

from pipelines.lake.batch import Batch
from pipelines.lake.convert import convert_records
from pipelines.lake.fill import Fill, emptied
from pipelines.lake.landing import LandedDay
from pipelines.lake.store import Lake, Provenance


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


def land(lake: Lake, day: int, *records: dict[str, str], at: object = T1) -> list[LandedDay]:
    date = D1 + timedelta(days=day)
    rows = [{"date": str(date), "ad_id": str(n), **each} for n, each in enumerate(records)]
    converted = convert_records(SPEND.schema, rows, CONTEXT, place="page 1")
    provenance = Provenance("run", at, "Asia/Jakarta", context=CONTEXT)
    with lake.landing(SPEND, ACCOUNT, [date], provenance) as landing:
        landing.add(Batch(converted.rows))
        return landing.commit()


def test_a_read_is_compared_with_what_it_replaced_and_with_the_week_before_it(
    tmp_path: Path,
) -> None:
    lake = Lake(tmp_path)
    assert lake.emptied(land(lake, 0, {"spend": "1"})) == []
    assert lake.emptied(land(lake, 1, {})) == ["spend"]
    assert lake.emptied(land(lake, 9, {})) == [], "nothing of the week before is known"
    assert lake.emptied(land(lake, 0, {}, at=T2)) == ["spend"]
    assert lake.emptied(land(lake, 0, {}, at=T2)) == [], "it was so before"
