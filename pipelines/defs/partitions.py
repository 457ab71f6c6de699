"""Days: the partitions of every stream, and the windows that runs ask for.

Belongs here: all that is said about days in Dagster. Does not: when an account's day is closed
(`ingest`).
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import dagster as dg
from dagster._core.storage.tags import (
    ASSET_PARTITION_RANGE_END_TAG,
    ASSET_PARTITION_RANGE_START_TAG,
)

from pipelines.settings import Settings

# The last zone in which people advertise: once its day has closed, every account's has.
LAST_ZONE = ZoneInfo("Pacific/Honolulu")
# Days that one run of a backfill reads, from the command or from the UI: a season's events fit the
# UI, and what a killed run loses is minutes.
CHUNK_DAYS = 90
# Platforms finish a day's figures some time after it has closed.
MARGIN = timedelta(minutes=30)


def daily(settings: Settings) -> dg.DailyPartitionsDefinition:
    """One partition a day since SMM_START_DATE, which exists once the reporting zone closed it."""
    return dg.DailyPartitionsDefinition(
        start_date=settings.start_date.isoformat(), timezone=settings.reporting_timezone
    )


def window(context: dg.AssetExecutionContext) -> tuple[date, date]:
    """The first and last day that a step was asked for."""
    keys = context.partition_key_range
    return date.fromisoformat(keys.start), date.fromisoformat(keys.end)


def range_tags(first: date, last: date) -> dict[str, str]:
    """The run tags that ask for those days, both included, in one run."""
    return {
        ASSET_PARTITION_RANGE_START_TAG: first.isoformat(),
        ASSET_PARTITION_RANGE_END_TAG: last.isoformat(),
    }


def lookback(last: date, days: int, start: date) -> tuple[date, date]:
    """The window of so many days that ends with `last`, not before `start`."""
    return max(start, last - timedelta(days=days - 1)), last


def daily_cron(timezone: str, today: date) -> str:
    """The cron line, in that zone, of the moment when every account's yesterday has closed."""
    closed = datetime.combine(today, time(), LAST_ZONE) + MARGIN
    local = closed.astimezone(UTC).astimezone(ZoneInfo(timezone))
    return f"{local.minute} {local.hour} * * *"
