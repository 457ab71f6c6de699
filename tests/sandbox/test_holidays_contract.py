"""The holiday calendar: the platform's format and rules, checked against published calendars."""

from __future__ import annotations

import pytest
import requests

from pipelines.sandbox.serve import Sandbox

# Dates of the governments' own calendars.
INDONESIA_2026 = [
    ("2026-01-01", "Tahun Baru Masehi"),
    ("2026-04-03", "Wafat Isa Almasih"),
    ("2026-04-05", "Paskah"),
    ("2026-05-01", "Hari Buruh Internasional"),
    ("2026-05-14", "Kenaikan Isa Almasih"),
    ("2026-06-01", "Hari Lahir Pancasila"),
    ("2026-08-17", "Hari Ulang Tahun Kemerdekaan Republik Indonesia"),
    ("2026-12-25", "Hari Raya Natal"),
]
# As the platform itself answered for that year.
UNITED_STATES_2022 = [
    "2021-12-31",
    "2022-01-17",
    "2022-02-21",
    "2022-04-15",
    "2022-04-15",
    "2022-05-30",
    "2022-06-20",
    "2022-07-04",
    "2022-09-05",
    "2022-10-10",
    "2022-11-11",
    "2022-11-24",
    "2022-12-26",
]


def calendar(sandbox: Sandbox, year: object, country: str) -> requests.Response:
    url = f"{sandbox.url}/date.nager.at/api/v3/PublicHolidays/{year}/{country}"
    return requests.get(url, timeout=10)


def test_indonesias_holidays_fall_as_its_government_says(sandbox: Sandbox) -> None:
    rows = calendar(sandbox, 2026, "ID").json()
    assert [(row["date"], row["localName"]) for row in rows] == INDONESIA_2026


def test_american_holidays_move_off_the_weekend_even_into_the_year_before(
    sandbox: Sandbox,
) -> None:
    assert [row["date"] for row in calendar(sandbox, 2022, "US").json()] == UNITED_STATES_2022


def test_a_record_has_the_platforms_fields_and_types(sandbox: Sandbox) -> None:
    rows = calendar(sandbox, 2026, "ID").json()
    assert next(row for row in rows if row["date"] == "2026-08-17") == {
        "date": "2026-08-17",
        "localName": "Hari Ulang Tahun Kemerdekaan Republik Indonesia",
        "name": "Independence Day",
        "countryCode": "ID",
        "fixed": True,
        "global": True,
        "counties": None,
        "launchYear": None,
        "types": ["Public"],
    }


def test_a_holiday_of_some_states_names_them(sandbox: Sandbox) -> None:
    rows = calendar(sandbox, 2026, "us").json()
    public, optional = (row for row in rows if row["name"] == "Good Friday")
    assert (public["global"], public["types"]) == (False, ["Public"])
    assert "US-CT" in public["counties"]
    assert (optional["counties"], optional["types"]) == (["US-TX"], ["Optional"])


def test_a_holiday_is_not_told_of_years_before_it_was_one(sandbox: Sandbox) -> None:
    names = [{row["name"] for row in calendar(sandbox, year, "US").json()} for year in (2020, 2021)]
    assert names[1] - names[0] == {"Juneteenth National Independence Day"}


@pytest.mark.parametrize(("year", "country", "status"), [(2026, "XX", 404), ("next", "ID", 400)])
def test_what_is_no_country_or_no_year_is_refused(
    sandbox: Sandbox, year: object, country: str, status: int
) -> None:
    assert calendar(sandbox, year, country).status_code == status
