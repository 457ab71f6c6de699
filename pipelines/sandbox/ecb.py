"""The European Central Bank's data API of the sandbox: daily reference rates, without a token.

`GET /service/data/EXR/D.USD+IDR.EUR.SP00.A?startPeriod&endPeriod&format=csvdata`
"""

from __future__ import annotations

import csv
import io
from datetime import date
from typing import Any

from pipelines.sandbox.clock import Scene
from pipelines.sandbox.faults import Refusal
from pipelines.sandbox.wire import Answer, Call, plain_refusal

CSV = "application/vnd.sdmx.data+csv; charset=utf-8"
PATH = "service/data/EXR/"
NAMES = {"USD": "US dollar", "IDR": "Indonesian rupiah"}
HEADER = (
    "KEY,FREQ,CURRENCY,CURRENCY_DENOM,EXR_TYPE,EXR_SUFFIX,TIME_PERIOD,OBS_VALUE,"
    "OBS_STATUS,OBS_CONF,OBS_PRE_BREAK,OBS_COM,TIME_FORMAT,BREAKS,COLLECTION,"
    "COMPILING_ORG,DISS_ORG,DOM_SER_IDS,PUBL_ECB,PUBL_MU,PUBL_PUBLIC,"
    "UNIT_INDEX_BASE,COMPILATION,COVERAGE,DECIMALS,NAT_TITLE,SOURCE_AGENCY,"
    "SOURCE_PUB,TITLE,TITLE_COMPL,UNIT,UNIT_MULT"
)
COLUMNS = HEADER.split(",")

Row = dict[str, Any]


class Ecb:
    """The data set EXR."""

    name = "ecb"

    def __init__(self, scene: Scene) -> None:
        self._scene = scene

    def endpoint(self, call: Call) -> str:
        """`GET EXR`, whatever the key."""
        return f"{call.method} {'EXR' if call.path.startswith(PATH) else call.path}"

    def answer(self, call: Call) -> Answer:
        """The observations that were published by now.

        A series that does not exist is 404; one without observations in the period an empty body.
        """
        if not call.path.startswith(PATH):
            return Answer(b"No results found.", 404, media_type="text/plain")
        key = call.path.removeprefix(PATH).split(".")
        rates = [row for row in self._scene.world.fx.to_pylist() if _asked(row, key)]
        if not rates:
            return Answer(b"No results found.", 404, media_type="text/plain")
        try:
            first = date.fromisoformat(call.query.get("startPeriod", "0001-01-01"))
            last = date.fromisoformat(call.query.get("endPeriod", "9999-12-31"))
        except ValueError:
            return Answer(b"Invalid period", 400, media_type="text/plain")
        found = [row for row in rates if first <= row["date"] <= last]
        if call.query.get("format") == "jsondata":
            return Answer(_json(found)) if found else Answer(b"")
        return Answer(_csv(found), media_type=CSV)

    def refuse(self, refusal: Refusal, _: Call) -> Answer:
        """What a web server in front of the API says."""
        return plain_refusal(refusal)


def _asked(row: Row, key: list[str]) -> bool:
    """Whether a rate is of the series key frequency.currencies.denominator.type.suffix."""
    asked = [set(step.split("+")) - {""} for step in key]
    has = ["D", row["currency"], "EUR", "SP00", "A"]
    return len(asked) == len(has) and all(
        not wanted or value in wanted for wanted, value in zip(asked, has, strict=True)
    )


def _csv(rates: list[Row]) -> bytes:
    if not rates:
        return b""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, restval="", lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(
        _record(row) for row in sorted(rates, key=lambda r: (r["currency"], r["date"]))
    )
    return text.getvalue().encode()


def _record(row: Row) -> dict[str, str]:
    currency, rate = row["currency"], str(row["rate"])
    title = f"{NAMES.get(currency, currency)}/Euro"
    return {
        "KEY": f"EXR.D.{currency}.EUR.SP00.A",
        "FREQ": "D",
        "CURRENCY": currency,
        "CURRENCY_DENOM": "EUR",
        "EXR_TYPE": "SP00",
        "EXR_SUFFIX": "A",
        "TIME_PERIOD": row["date"].isoformat(),
        "OBS_VALUE": rate,
        "OBS_STATUS": "A",
        "OBS_CONF": "F",
        "TIME_FORMAT": "P1D",
        "COLLECTION": "A",
        "DECIMALS": str(len(rate.partition(".")[2])),
        "SOURCE_AGENCY": "4F0",
        "TITLE": title,
        "TITLE_COMPL": f"ECB reference exchange rate, {title}, 2:15 pm (C.E.T.)",
        "UNIT": currency,
        "UNIT_MULT": "0",
    }


def _json(rates: list[Row]) -> dict[str, Any]:
    """SDMX-JSON: observations by their place among the periods, series by their currency's."""
    currencies = sorted({row["currency"] for row in rates})
    periods = sorted({row["date"] for row in rates})
    series: dict[str, Any] = {}
    for row in rates:
        key = f"0:{currencies.index(row['currency'])}:0:0:0"
        observations = series.setdefault(key, {"observations": {}})["observations"]
        observations[str(periods.index(row["date"]))] = [float(row["rate"]), 0]
    dimensions = [{"id": "CURRENCY", "values": [{"id": name} for name in currencies]}]
    times = [{"id": day.isoformat()} for day in periods]
    return {
        "dataSets": [{"action": "Replace", "series": series}],
        "structure": {
            "dimensions": {
                "series": dimensions,
                "observation": [{"id": "TIME_PERIOD", "values": times}],
            }
        },
    }
