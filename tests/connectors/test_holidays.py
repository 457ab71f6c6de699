"""Holidays: years and windows, holidays of parts of a country, countries that nobody knows."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from scripted import FakeTime, Reply, Scripted

from pipelines.connectors.errors import Permanent
from pipelines.connectors.holidays import STREAMS, Holidays, holidays
from pipelines.connectors.stream import Batch, Window

(PUBLIC_HOLIDAYS,) = STREAMS
NEW_YEAR = "New Year's Day"


def record(day: str, name: str = NEW_YEAR, **more: Any) -> dict[str, Any]:
    """A holiday as the platform documents it."""
    return {
        "date": day,
        "localName": name,
        "name": name,
        "countryCode": "US",
        "fixed": False,
        "global": True,
        "counties": None,
        "launchYear": None,
        "types": ["Public"],
        **more,
    }


@pytest.fixture
def source(server: Scripted, time: FakeTime) -> Holidays:
    return holidays(["us"], base_url=server.url, clock=time.clock)


def read(source: Holidays, first: date, last: date) -> list[Batch]:
    (account,) = source.accounts()
    return list(source.read(PUBLIC_HOLIDAYS, account, Window(first, last, "UTC")))


def found(batches: list[Batch]) -> list[tuple[date, str]]:
    rows = [row for batch in batches for row in batch.rows.to_pylist()]
    return [(row["date"], row["name"]) for row in rows]


def test_a_holiday_lands_with_all_that_is_known_of_it(source: Holidays, server: Scripted) -> None:
    server.says(
        Reply(
            [
                record(
                    "2026-08-17",
                    "Independence Day",
                    localName="Hari Ulang Tahun Kemerdekaan Republik Indonesia",
                    countryCode="ID",
                    fixed=True,
                    launchYear=1945,
                    observedDate="2026-08-17",
                )
            ]
        )
    )

    (batch,) = read(source, date(2026, 8, 1), date(2026, 8, 31))

    assert batch.rejected == ()
    assert batch.rows.to_pylist() == [
        {
            "country_code": "ID",
            "date": date(2026, 8, 17),
            "name": "Independence Day",
            "local_name": "Hari Ulang Tahun Kemerdekaan Republik Indonesia",
            "is_national": True,
            "subdivisions": None,
            "types": '["Public"]',
            "is_fixed": True,
            "launch_year": 1945,
            "_extra": '{"observedDate":"2026-08-17"}',
        }
    ]
    assert [asked.path for asked in server.asked] == ["/api/v3/PublicHolidays/2026/US"]


def test_a_window_over_years_asks_for_each_once_and_keeps_its_own_days(
    source: Holidays, server: Scripted
) -> None:
    server.answer = lambda asked: Reply(
        [record(f"{asked.path.split('/')[-2]}-{day}", day) for day in ("01-19", "11-26")]
    )

    batches = read(source, date(2024, 6, 1), date(2026, 1, 31))

    assert found(batches) == [
        (date(2024, 11, 26), "11-26"),
        (date(2025, 1, 19), "01-19"),
        (date(2025, 11, 26), "11-26"),
        (date(2026, 1, 19), "01-19"),
    ]
    years = [asked.path.split("/")[-2] for asked in server.asked]
    assert years == ["2024", "2025", "2026"]


def test_a_new_year_that_is_kept_on_the_old_years_last_day_is_not_lost(
    source: Holidays, server: Scripted
) -> None:
    # 1 January 2022 was a Saturday: only the answer for 2022 tells of the Friday before.
    answers = {"2021": [record("2021-01-01")], "2022": [record("2021-12-31")]}
    server.answer = lambda asked: Reply(answers[asked.path.split("/")[-2]])

    assert found(read(source, date(2021, 12, 25), date(2021, 12, 31))) == [
        (date(2021, 12, 31), NEW_YEAR)
    ]
    assert found(read(source, date(2022, 1, 1), date(2022, 1, 7))) == []


def test_one_name_on_one_day_in_different_states_is_two_holidays(
    source: Holidays, server: Scripted
) -> None:
    states = [["US-CT", "US-DE"], ["US-TX"]]
    server.says(Reply([record("2026-04-03", "Good Friday", counties=part) for part in states]))

    (batch,) = read(source, date(2026, 4, 1), date(2026, 4, 30))

    keys = batch.rows.select(list(PUBLIC_HOLIDAYS.key)).to_pylist()
    assert [key["subdivisions"] for key in keys] == ['["US-CT","US-DE"]', '["US-TX"]']


@pytest.mark.parametrize("change", [{"date": None}, {"date": {"day": 3}}, {"date": "soon"}])
def test_a_day_that_cannot_be_read_is_set_apart_and_not_dropped(
    source: Holidays, server: Scripted, change: dict[str, Any]
) -> None:
    server.says(Reply([record("2026-04-03") | change, record("2026-04-03")]))

    (batch,) = read(source, date(2026, 4, 1), date(2026, 4, 30))

    assert batch.rows.num_rows == 1
    assert [rejected.field for rejected in batch.rejected] == ["date"]


@pytest.mark.parametrize(
    "answer",
    [Reply({"title": "Not Found"}, 404), Reply(b"", 204), Reply({"title": "Invalid"}, 400)],
    ids=["unknown", "without a calendar", "refused"],
)
def test_a_country_that_cannot_be_read_stops_at_once_and_names_the_setting(
    source: Holidays, server: Scripted, answer: Reply
) -> None:
    server.says(answer)

    with pytest.raises(Permanent, match="HOLIDAYS_COUNTRIES") as caught:
        read(source, date(2026, 4, 1), date(2026, 4, 30))

    assert caught.value.account == "US"
    assert len(server.asked) == 1
