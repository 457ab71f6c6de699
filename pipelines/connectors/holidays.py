"""Nager.Date: the public holidays of each country, by the day on which they are kept.

Belongs here: the one stream, and which years hold a window's days. Does not: which holidays count
(dbt).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Any

from typing_extensions import override

from pipelines.connectors.errors import Decision, Rule
from pipelines.connectors.http import Client, Platform
from pipelines.connectors.read import HttpSource, Page
from pipelines.connectors.stream import Account, Stream, Window
from pipelines.lake.schema import boolean, day, integer, json, schema, text

STREAMS = (
    Stream(
        source="holidays",
        name="public_holidays",
        group="reference",
        description="Public holidays of each country and its parts, by the day they are kept on.",
        schema=schema(
            text("country_code", "Country (ISO 3166-1 alpha-2).", "countryCode", required=True),
            day(
                "date",
                "Day on which it is kept: beside the weekend, where the country moves it there.",
                required=True,
            ),
            text("name", "Name in English.", required=True),
            text("local_name", "Name in the country's language.", "localName"),
            boolean("is_national", "Kept in the whole country.", "global"),
            json("subdivisions", "List of ISO 3166-2 codes, where only parts keep it.", "counties"),
            json("types", "List of Public, Bank, School, Authorities, Optional, Observance."),
            boolean("is_fixed", "On the same date each year.", "fixed"),
            integer("launch_year", "Year in which it was first kept, if known.", "launchYear"),
        ),
        # One name may come twice on a day: Good Friday is public in ten states, optional in Texas.
        key=("date", "name", "subdivisions"),
        mode="replace",
        day="date",
        zone="UTC",
        lookback_days=7,
        # The platform is asked by year: many years in one slice ask for none of them twice.
        slice_days=3660,
        url="https://date.nager.at/Api",
    ),
)

RULES = (
    Rule(
        Decision.STOP,
        "there is no calendar of that country",
        # 204 would else pass for an answer that was cut short, and be asked for again.
        status=(204, 404),
        remedy="Check HOLIDAYS_COUNTRIES, and HOLIDAYS_BASE_URL.",
    ),
    Rule(
        Decision.STOP,
        "the country or the year is refused",
        status=(400,),
        remedy="Check HOLIDAYS_COUNTRIES: two letters each, such as ID.",
    ),
)
PLATFORM = Platform(name="holidays", rules=RULES)


class Holidays(HttpSource):
    """The public API of Nager.Date; its accounts are countries. It needs no credentials."""

    name = "holidays"
    streams: tuple[Stream, ...] = STREAMS
    api_version = "v3"

    def __init__(self, client: Client, countries: Sequence[str], *, base_url: str) -> None:
        super().__init__([country.upper() for country in countries], client.stats)
        self._client = client
        self._base_url = base_url.rstrip("/")

    @override
    def describe(self, account_id: str) -> Account:
        """The country by its code; nothing is asked for it."""
        return Account(account_id, name=account_id)

    @override
    def pages(self, stream: Stream, account: Account, window: Window) -> Iterator[Page]:
        """One answer a year, without the days that are not the window's."""
        for year in years(window):
            url = f"{self._base_url}/api/{self.api_version}/PublicHolidays/{year}/{account.id}"
            found = self._client.get(url)
            yield Page([record for record in found if not _is_elsewhere(record, window)])


def years(window: Window) -> range:
    """The years to ask for. New Year's Day, kept on 31 December, is told with the new year."""
    return range(window.first.year, (window.last + timedelta(days=1)).year + 1)


def _is_elsewhere(record: Any, window: Window) -> bool:
    """Whether its day is known and not in the window; what cannot be read is left to conversion."""
    try:
        kept_on = date.fromisoformat(record["date"][:10])
    except (KeyError, TypeError, ValueError):
        return False
    return not window.first <= kept_on <= window.last


def holidays(countries: Sequence[str], *, base_url: str, **client: Any) -> Holidays:
    """The source for these countries (ISO 3166-1 alpha-2); `client` reaches the HTTP client."""
    return Holidays(Client(PLATFORM, **client), countries, base_url=base_url)
