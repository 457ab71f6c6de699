"""Nager.Date of the sandbox: public holidays of Indonesia and the United States, by rule.

`GET /api/v3/PublicHolidays/{year}/{countryCode}`

Belongs here: the dates and names that the platform gives for these two countries. Like it, this
lacks the feasts of other calendars than the Gregorian: Eid, Nyepi, Waisak and Lunar New Year.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from pipelines.sandbox.faults import Refusal
from pipelines.sandbox.wire import Answer, Call, plain_refusal
from pipelines.sandbox.world.fx import easter_sunday

PATH = re.compile(r"api/v3/publicholidays/(?P<year>[^/]+)/(?P<country>[^/]+)", re.IGNORECASE)
ENDPOINT = "PublicHolidays"
MONDAY, THURSDAY, SATURDAY, SUNDAY = 0, 3, 5, 6

COLUMBUS_STATES = (
    "AL AZ CO CT DC GA ID IL IN IA KS KY LA ME MD MA MS MO MT NE NH NJ NM NY NC OH OK PA RI SC TN"
    " UT VA WV"
)
GOOD_FRIDAY_STATES = "CT DE HI IN KY LA NC ND NJ TN"

When = Callable[[int], date]


@dataclass(frozen=True)
class Holiday:
    """One rule: on which day of a year it is kept, and what it is called.

    `states` are the parts of the country that keep it, if not all do.
    """

    when: When
    name: str
    local_name: str
    fixed: bool = False
    states: str = ""
    kind: str = "Public"
    since: int | None = None

    def record(self, country: str, year: int) -> dict[str, Any]:
        """The holiday of that year as the platform gives it."""
        return {
            "date": self.when(year).isoformat(),
            "localName": self.local_name,
            "name": self.name,
            "countryCode": country,
            "fixed": self.fixed,
            "global": not self.states,
            "counties": [f"{country}-{state}" for state in self.states.split()] or None,
            "launchYear": self.since,
            "types": [self.kind],
        }


def on(month: int, day: int) -> When:
    """The same date each year."""
    return lambda year: date(year, month, day)


def beside_weekend(month: int, day: int) -> When:
    """That date; the Friday before where it is a Saturday, the Monday after where a Sunday."""

    def when(year: int) -> date:
        found = date(year, month, day)
        return found + timedelta(days={SATURDAY: -1, SUNDAY: 1}.get(found.weekday(), 0))

    return when


def nth(number: int, weekday: int, month: int) -> When:
    """The so-many-th such weekday of that month."""

    def when(year: int) -> date:
        first = date(year, month, 1)
        return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (number - 1))

    return when


def last_monday_of_may(year: int) -> date:
    """The last Monday in May."""
    end = date(year, 5, 31)
    return end - timedelta(days=end.weekday())


def easter(days: int) -> When:
    """So many days after Easter Sunday."""
    return lambda year: easter_sunday(year) + timedelta(days=days)


HOLIDAYS = {
    "ID": (
        Holiday(on(1, 1), "New Year's Day", "Tahun Baru Masehi", fixed=True),
        Holiday(on(5, 1), "Labour Day", "Hari Buruh Internasional", fixed=True),
        Holiday(on(6, 1), "Pancasila Day", "Hari Lahir Pancasila", fixed=True),
        Holiday(
            on(8, 17),
            "Independence Day",
            "Hari Ulang Tahun Kemerdekaan Republik Indonesia",
            fixed=True,
        ),
        Holiday(on(12, 25), "Christmas Day", "Hari Raya Natal", fixed=True),
        Holiday(easter(-2), "Good Friday", "Wafat Isa Almasih"),
        Holiday(easter(0), "Easter Sunday", "Paskah"),
        Holiday(easter(39), "Ascension Day", "Kenaikan Isa Almasih"),
    ),
    "US": (
        Holiday(beside_weekend(1, 1), "New Year's Day", "New Year's Day"),
        Holiday(nth(3, MONDAY, 1), "Martin Luther King, Jr. Day", "Martin Luther King, Jr. Day"),
        Holiday(nth(3, MONDAY, 2), "Washington's Birthday", "Presidents Day"),
        Holiday(easter(-2), "Good Friday", "Good Friday", states=GOOD_FRIDAY_STATES),
        Holiday(easter(-2), "Good Friday", "Good Friday", states="TX", kind="Optional"),
        Holiday(last_monday_of_may, "Memorial Day", "Memorial Day"),
        Holiday(
            beside_weekend(6, 19),
            "Juneteenth National Independence Day",
            "Juneteenth National Independence Day",
            since=2021,
        ),
        Holiday(beside_weekend(7, 4), "Independence Day", "Independence Day"),
        Holiday(nth(1, MONDAY, 9), "Labour Day", "Labor Day"),
        Holiday(nth(2, MONDAY, 10), "Columbus Day", "Columbus Day", states=COLUMBUS_STATES),
        Holiday(beside_weekend(11, 11), "Veterans Day", "Veterans Day"),
        Holiday(nth(4, THURSDAY, 11), "Thanksgiving Day", "Thanksgiving Day", since=1863),
        Holiday(beside_weekend(12, 25), "Christmas Day", "Christmas Day"),
    ),
}


class Holidays:
    """The public API; a calendar is known for years ahead, so the clock matters nothing."""

    name = "holidays"

    def endpoint(self, call: Call) -> str:
        """`GET PublicHolidays`, whatever the year and country."""
        return f"{call.method} {ENDPOINT if PATH.fullmatch(call.path) else call.path}"

    def answer(self, call: Call) -> Answer:
        """The year's holidays in order; 404 for an unknown country, 400 for what is no year."""
        asked = PATH.fullmatch(call.path)
        if asked is None:
            return _problem(404, "Not Found")
        if not re.fullmatch(r"[1-9]\d{3}", asked["year"]):
            return _problem(400, "One or more validation errors occurred.")
        country, year = asked["country"].upper(), int(asked["year"])
        if country not in HOLIDAYS:
            return _problem(404, "Not Found")
        kept = [each for each in HOLIDAYS[country] if each.since is None or year >= each.since]
        return Answer(sorted((each.record(country, year) for each in kept), key=_by_date))

    def refuse(self, refusal: Refusal, _: Call) -> Answer:
        """What a web server in front of the API says."""
        return plain_refusal(refusal)


def _by_date(record: dict[str, Any]) -> str:
    return str(record["date"])


def _problem(status: int, title: str) -> Answer:
    """A refusal as the platform's web framework words it."""
    problem = {"title": title, "status": status}
    return Answer(problem, status, media_type="application/problem+json; charset=utf-8")
