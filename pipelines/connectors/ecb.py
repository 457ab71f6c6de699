"""European Central Bank: daily reference rates against the euro. None on weekends and holidays.

Belongs here: the one stream and its CSV. Does not: carrying a rate over days without one (dbt).
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import Any

from typing_extensions import override

from pipelines.connectors.errors import Decision, Gone, Rule
from pipelines.connectors.http import Client, Platform, Request
from pipelines.connectors.read import HttpSource, Page
from pipelines.connectors.stream import Account, Stream, Window
from pipelines.lake.schema import Field, day, schema, text

STREAMS = (
    Stream(
        source="ecb",
        name="rates",
        group="reference",
        description="Units of each currency that one euro bought, by publication day.",
        schema=schema(
            day("date", "Publication day (Frankfurt).", "TIME_PERIOD", required=True),
            text("currency", "Currency (ISO 4217).", "CURRENCY", required=True),
            # A rate is exact text upstream; money's six places hold every rate that the ECB gives.
            Field(
                "rate", "money", "Units of the currency for one euro.", "OBS_VALUE", required=True
            ),
            text("status", "Observation status: A for normal.", "OBS_STATUS"),
        ),
        key=("date", "currency"),
        mode="replace",
        day="date",
        zone="Europe/Berlin",
        lookback_days=7,
        slice_days=366,
        from_start=True,
        url="https://data.ecb.europa.eu/help/api/data",
    ),
)

RULES = (
    Rule(Decision.SKIP, "there are no rates then", status=(404,), says="no results found"),
    Rule(Decision.STOP, "there is no data portal", status=(404,), remedy="Check ECB_BASE_URL."),
)
PLATFORM = Platform(name="ecb", rules=RULES, json=False)
# Every currency against the euro, daily, spot, as the average of the publication.
SERIES = "service/data/EXR/D..EUR.SP00.A"
# What the answer repeats of the question and of the series' own description in every row.
ECHO = frozenset(
    {
        "KEY",
        "FREQ",
        "CURRENCY_DENOM",
        "EXR_TYPE",
        "EXR_SUFFIX",
        "OBS_CONF",
        "BREAKS",
        "COLLECTION",
        "COMPILING_ORG",
        "DECIMALS",
        "DISS_ORG",
        "DOM_SER_IDS",
        "NAT_TITLE",
        "PUBL_ECB",
        "PUBL_MU",
        "PUBL_PUBLIC",
        "SOURCE_AGENCY",
        "SOURCE_AGENCY_2",
        "SOURCE_PUB",
        "TIME_FORMAT",
        "TITLE",
        "TITLE_COMPL",
        "UNIT",
        "UNIT_INDEX_BASE",
        "UNIT_MEASURE",
        "UNIT_MULT",
    }
)


class Ecb(HttpSource):
    """The European Central Bank's data portal. It needs no credentials."""

    name = "ecb"
    streams: tuple[Stream, ...] = STREAMS
    api_version = "service"

    def __init__(self, client: Client, *, base_url: str) -> None:
        super().__init__(("ecb",), client.stats)
        self._client = client
        self._base_url = base_url.rstrip("/")

    @override
    def describe(self, account_id: str) -> Account:
        """The bank itself; nothing is asked for it."""
        return Account(account_id, "Europe/Berlin", "EUR", "European Central Bank")

    @override
    def pages(self, stream: Stream, account: Account, window: Window) -> Iterator[Page]:
        """All rates of the window in one answer. A span without any is no error."""
        try:
            text = self._client.send(self._request(window)).body
        except Gone:
            text = ""
        yield Page(rates(text))

    def _request(self, window: Window) -> Request:
        return Request(
            f"{self._base_url}/{SERIES}",
            {
                "startPeriod": window.first.isoformat(),
                "endPeriod": window.last.isoformat(),
                "format": "csvdata",
            },
        )


def rates(text: str) -> list[dict[str, str]]:
    """The rows of a `csvdata` answer without its echo.

    Rows without a value (`NaN`, for a holiday that the bank marks) state that there is no rate, and
    are not rates.
    """
    return [
        {name: value for name, value in row.items() if name not in ECHO and value}
        for row in csv.DictReader(text.splitlines())
        if row.get("OBS_VALUE") not in (None, "", "NaN")
    ]


def ecb(*, base_url: str, **client: Any) -> Ecb:
    """The source; `client` reaches the HTTP client."""
    return Ecb(Client(PLATFORM, **client), base_url=base_url)
