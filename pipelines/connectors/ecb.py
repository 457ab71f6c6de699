"""European Central Bank: daily reference rates against the euro. None on weekends and holidays."""

from __future__ import annotations

from pipelines.connectors.stream import Stream
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
        url="https://data.ecb.europa.eu/help/api/data",
    ),
)
