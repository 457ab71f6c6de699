"""The files that the brand would export: GA4 events, the CRM's customers, declared lists.

Belongs here: writing them and the mapping that the files connector reads. Does not: reading them.
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipelines.sandbox.world.config import INDONESIA, MARKETS, Market, WorldConfig
from pipelines.sandbox.world.events import daily_events, exported_days
from pipelines.sandbox.world.world import World

# Raise it when the files of an unchanged world would differ.
FORMAT = "2"
MARK = b"sandbox"
CRM_COLUMNS = (
    "CustomerID",
    "ShopCustomer",
    "Name",
    "Email",
    "Phone",
    "Sex",
    "Born",
    "Country",
    "Province",
    "City",
    "Joined",
    "Facebook",
    "Interests",
    "Points",
)
INTERESTS = ("cooking", "fitness", "family", "travel", "vegetarian", "halal", "gaming")
MAPPING = """\
# The exports of the simulated brand. Each data set is an account of the source `files`.
datasets:
{ga4}  crm:
    kind: customers
    path: crm/customers.csv
    delimiter: ";"
    decimal: ","
    thousands: "."
    timezone: Asia/Jakarta
    null_values: ["", "-"]
    unmapped: ignore
    columns:
      customer_id: CustomerID
      shop_customer_id: ShopCustomer
      email: Email
      phone: Phone
      gender: Sex
      birth_date: {{column: Born, format: "%d/%m/%Y"}}
      country_code: Country
      province: Province
      city: City
      joined_at: {{column: Joined, format: "%d/%m/%Y %H:%M"}}
      facebook_user_id: Facebook
      traits: Interests
  people:
    kind: people
    path: lists/people.csv
    columns:
      list: list
      platform: platform
      platform_user_id: id
      email: email
      followers: followers
      note: note
  experiments:
    kind: experiments
    path: lists/experiments.csv
    columns:
      experiment: experiment
      country_code: country_code
      province: province
      test_group: group
      first_day: first_day
      last_day: last_day
      utm_campaign: campaign
"""
GA4_MAPPING = """\
  # Events as the BigQuery export names them, so no columns are listed.
  "{property}":
    kind: ga4_events
    path: ga4/{property}/events_{{date}}.parquet
    timezone: {zone}
    unmapped: ignore
"""


def write_exports(
    world: World, now: datetime, directory: Path, *, first: date | None = None
) -> list[Path]:
    """Write the exports as they stand at `now`; returns the files that changed.

    - `ga4/<property>/events_YYYYMMDD.parquet`: one file a closed day of the property, from `first`
      (default: the world's first day), final once written;
    - `crm/customers.csv`, `lists/people.csv`, `lists/experiments.csv`;
    - `files.yaml`: the mapping. Its data sets are the two properties by their numbers, `crm`,
      `people` and `experiments`.
    """
    world = world.at(now)
    changed = [
        path for market in MARKETS for path in _write_events(world, market, directory, first)
    ]
    texts = {
        "crm/customers.csv": _customers(world),
        "lists/people.csv": _people(world),
        "lists/experiments.csv": _experiments(world),
        "files.yaml": _mapping(),
    }
    for name, text in texts.items():
        if _replace(directory / name, text.encode()):
            changed.append(directory / name)
    return changed


def _mapping() -> str:
    ga4 = "".join(GA4_MAPPING.format(property=m.ga4_property, zone=m.timezone) for m in MARKETS)
    return MAPPING.format(ga4=ga4)


def _write_events(
    world: World, market: Market, directory: Path, first: date | None
) -> Iterable[Path]:
    """Write the days that are not there yet; a closed day never changes."""
    begun, last = exported_days(world, market, world.now)
    folder = directory / "ga4" / market.ga4_property
    mark = _mark(world.config)
    start = max(first or begun, begun)
    missing = [day for day in _days(start, last) if not _written(_event_file(folder, day), mark)]
    for block in _runs(missing):
        for day, table in daily_events(world, market, block[0], block[-1]):
            path = _event_file(folder, day)
            _write_parquet(path, table, mark)
            yield path


def _event_file(folder: Path, day: date) -> Path:
    return folder / f"events_{day:%Y%m%d}.parquet"


def _days(first: date, last: date) -> list[date]:
    return [date.fromordinal(n) for n in range(first.toordinal(), last.toordinal() + 1)]


def _runs(days: Sequence[date]) -> Iterable[list[date]]:
    """Days that follow each other, together."""
    run: list[date] = []
    for day in days:
        if run and day.toordinal() != run[-1].toordinal() + 1:
            yield run
            run = []
        run.append(day)
    if run:
        yield run


def _mark(config: WorldConfig) -> bytes:
    """What a file carries to say of which world it is."""
    return f"{FORMAT} {config}".encode()


def _written(path: Path, mark: bytes) -> bool:
    if not path.exists():
        return False
    try:
        metadata = pq.read_schema(path).metadata or {}
    except pa.ArrowInvalid:
        return False
    return bool(metadata.get(MARK) == mark)


def _write_parquet(path: Path, table: pa.Table, mark: bytes) -> None:
    buffer = io.BytesIO()
    pq.write_table(
        table.replace_schema_metadata({MARK: mark}), buffer, compression="zstd", version="2.6"
    )
    _replace(path, buffer.getvalue())


def _replace(path: Path, content: bytes) -> bool:
    """Put the content in place in one step; False if it was there already."""
    if path.exists() and path.read_bytes() == content:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    beside.write_bytes(content)
    beside.replace(path)
    return True


def _text(delimiter: str, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return out.getvalue()


def _customers(world: World) -> str:
    """The CRM as an Indonesian spreadsheet writes it: semicolons, day first, decimal comma."""
    joined = world.customers["crm_joined_at"]
    members = pc.and_(
        world.customers["crm_member"], pc.less_equal(joined, pa.scalar(world.now, joined.type))
    )
    return _text(
        ";", CRM_COLUMNS, (_member(row) for row in world.customers.filter(members).to_pylist())
    )


def _member(row: dict[str, Any]) -> tuple[Any, ...]:
    number = int(row["person_id"])
    joined = row["crm_joined_at"].replace(tzinfo=UTC).astimezone(INDONESIA.zone)
    first, second = number % len(INTERESTS), number // 7 % len(INTERESTS)
    interests = INTERESTS[first] if first == second else f"{INTERESTS[first]}|{INTERESTS[second]}"
    points = f"{number % 9 + 1}.{number % 1000:03d},{number % 2 * 5}0"
    return (
        f"M{number % 100_000_000_000:011d}",
        row["customer_id"],
        f"{row['first_name']} {row['last_name']}",
        row["email"],
        _as_typed(row["phone"], number),
        {"female": "P", "male": "L"}.get(row["gender"], "-"),
        f"{row['birth_date']:%d/%m/%Y}" if row["birth_date"] else "",
        row["country_code"],
        row["province"],
        row["city"],
        f"{joined:%d/%m/%Y %H:%M}",
        row["facebook_user_id"] or "",
        interests,
        points,
    )


def _as_typed(phone: str | None, number: int) -> str:
    """An Indonesian number as people often write it: 0812… rather than +62812…."""
    if phone and phone.startswith("+62") and number % 3:
        return "0" + phone.removeprefix("+62")
    return phone or ""


def _people(world: World) -> str:
    rows = world.people.filter(world.people["listed"]).to_pylist()
    listed = (
        (
            row["kind"],
            "facebook",
            row["facebook_user_id"],
            row["email"] or "",
            row["followers"],
            row["name"],
        )
        for row in rows
    )
    return _text(",", ("list", "platform", "id", "email", "followers", "note"), listed)


def _experiments(world: World) -> str:
    columns = ("experiment", "country_code", "province", "group", "first_day", "last_day")
    rows = zip(
        *(world.experiments[name].to_pylist() for name in (*columns, "utm_campaign")), strict=True
    )
    return _text(",", (*columns, "campaign"), rows)
