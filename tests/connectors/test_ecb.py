"""ECB: the CSV of the data portal, exact rates, days without any."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from scripted import FakeTime, Reply, Scripted

from pipelines.connectors.ecb import STREAMS, Ecb, ecb
from pipelines.connectors.errors import Permanent
from pipelines.connectors.stream import Batch, Window

(RATES,) = STREAMS
MAY = Window(date(2026, 5, 1), date(2026, 5, 31), "Europe/Berlin")
CSV = (
    "KEY,FREQ,CURRENCY,CURRENCY_DENOM,EXR_TYPE,EXR_SUFFIX,TIME_PERIOD,OBS_VALUE,OBS_STATUS,"
    "OBS_CONF,OBS_COM,TITLE\r\n"
    "EXR.D.IDR.EUR.SP00.A,D,IDR,EUR,SP00,A,2026-05-04,18934.27,A,F,,Indonesian rupiah/Euro\r\n"
    "EXR.D.USD.EUR.SP00.A,D,USD,EUR,SP00,A,2026-05-04,1.1283,A,F,,US dollar/Euro\r\n"
    "EXR.D.USD.EUR.SP00.A,D,USD,EUR,SP00,A,2026-05-05,1.1301,P,F,provisional,US dollar/Euro\r\n"
    "EXR.D.USD.EUR.SP00.A,D,USD,EUR,SP00,A,2026-05-06,NaN,H,F,,US dollar/Euro\r\n"
)


@pytest.fixture
def source(server: Scripted, time: FakeTime) -> Ecb:
    return ecb(base_url=server.url, clock=time.clock)


def read(source: Ecb) -> list[Batch]:
    (account,) = source.accounts()
    return list(source.read(RATES, account, MAY))


def test_rates_are_exact_and_what_the_bank_adds_to_one_survives(
    source: Ecb, server: Scripted
) -> None:
    server.says(Reply(CSV.encode()))

    (batch,) = read(source)

    assert batch.rejected == ()
    assert batch.rows.select(["date", "currency", "rate", "status", "_extra"]).to_pylist() == [
        {
            "date": date(2026, 5, 4),
            "currency": "IDR",
            "rate": Decimal("18934.27"),
            "status": "A",
            "_extra": None,
        },
        {
            "date": date(2026, 5, 4),
            "currency": "USD",
            "rate": Decimal("1.1283"),
            "status": "A",
            "_extra": None,
        },
        {
            "date": date(2026, 5, 5),
            "currency": "USD",
            "rate": Decimal("1.1301"),
            "status": "P",
            "_extra": '{"OBS_COM":"provisional"}',
        },
    ]
    assert server.asked[0].query == {
        "startPeriod": "2026-05-01",
        "endPeriod": "2026-05-31",
        "format": "csvdata",
    }


@pytest.mark.parametrize("answer", [Reply(b"No results found.", 404), Reply(b"")])
def test_a_span_without_rates_has_no_rows(source: Ecb, server: Scripted, answer: Reply) -> None:
    server.says(answer)

    (batch,) = read(source)

    assert batch.rows.num_rows == 0


def test_a_wrong_address_is_not_taken_for_a_span_without_rates(
    source: Ecb, server: Scripted
) -> None:
    server.says(Reply(b"<html>Not Found", 404))

    with pytest.raises(Permanent, match="ECB_BASE_URL"):
        read(source)
