"""The checks that every stream carries: has its shape drifted, is its newest day there.

Belongs here: turning what landed into a verdict. Does not: checks over marts (`mart_checks`).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import dagster as dg

from pipelines.connectors.stream import Account, Stream
from pipelines.defs.resources import Workspace
from pipelines.lake.landing import LandedDay
from pipelines.lake.store import Lake

# What a record that has no field to blame is counted under, such as half a row of a file.
WHOLE = "the whole record"


def drift(landed: Sequence[LandedDay], lake: Lake) -> dg.AssetCheckResult:
    """Warn, by name, of fields that no schema has, that came no more or that do not fit.

    And of what the platform itself said that it lacks, such as a retired metric, with the first day
    whose file lacks it.
    """
    fields = sorted({name for day in landed for name in day.extra_fields})
    emptied = lake.emptied(landed)
    quarantined = sum(day.quarantined for day in landed)
    misfits = sorted({name or WHOLE for day in landed for name in day.misfits})
    missing = [
        f"{reason} (since {day})"
        for reason, day in sorted(lake.lacking_since(landed).items())
        if _is_missing(reason)
    ]
    found = [
        f"new fields, kept in _extra: {', '.join(fields)}" if fields else "",
        f"fields that came no more, now NULL: {', '.join(emptied)}" if emptied else "",
        f"{quarantined} records in quarantine (smm quarantine list), for: {', '.join(misfits)}"
        if quarantined
        else "",
        f"the platform no longer gave: {'; '.join(missing)}" if missing else "",
    ]
    metadata: dict[str, Any] = {
        "new fields": fields,
        "emptied fields": emptied,
        "quarantined": quarantined,
        "misfits": misfits,
        "missing": missing,
    }
    return dg.AssetCheckResult(
        check_name="schema_drift",
        passed=not any(found),
        severity=dg.AssetCheckSeverity.WARN,
        description=". ".join(text for text in found if text) or "As declared.",
        metadata=metadata,
    )


def latest_closed_day(stream: Stream, workspace: Workspace) -> dg.AssetCheckResult:
    """Fail where an account lacks the file of the newest day that is closed for it, and told.

    A freshness policy sees only the latest materialization, so a backfill of an old day would turn
    it green; this looks at the files.
    """
    now = workspace.settings.now()
    absent = {
        account.id: last.isoformat()
        for account in workspace.accounts(stream)
        if not workspace.lake.path(
            stream, account.id, last := _last_closed(stream, account, now)
        ).exists()
    }
    # Nobody promises that a folder of exports has yesterday in it.
    promised = stream.source != "files"
    return dg.AssetCheckResult(
        check_name="latest_closed_day",
        passed=not absent or not promised,
        severity=dg.AssetCheckSeverity.ERROR,
        description=f"Not in the lake: {absent}" if absent else "Every account's is there.",
        metadata={"absent": absent},
    )


def _last_closed(stream: Stream, account: Account, now: datetime) -> date:
    zone = stream.window(now.date(), now.date(), account).timezone
    return now.astimezone(ZoneInfo(zone)).date() - timedelta(days=1 + stream.delay_days)


def _is_missing(reason: str) -> bool:
    return "not closed" not in reason
