"""Years of days in chunks: what is asked for, what is not asked again, and what survives a kill."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import msgspec
import pytest
from adland import NOW, SPEND, STRUCTURE, Adland
from backfilled import CHUNK, FIRST, LAST, read, session
from code_location import Location, a_location
from dagster._core.definitions.automation_tick_evaluation_context import (
    build_run_requests_with_backfill_policies,
)
from dagster._core.definitions.events import AssetKeyPartitionKey
from dagster._core.storage.tags import BACKFILL_ID_TAG

from pipelines.commands.backfill import TAG, Days, backfill, is_final, pieces, planned
from pipelines.commands.errors import UsageError
from pipelines.commands.run import Session
from pipelines.connectors.errors import DeadToken
from pipelines.connectors.stream import Stream
from pipelines.defs.jobs import BACKFILL
from pipelines.defs.partitions import CHUNK_DAYS
from pipelines.defs.stream_checks import latest_closed_day
from pipelines.defs.streams import asset_key
from pipelines.lake.footer import Footer
from pipelines.lake.store import Lake
from pipelines.settings import Settings

HERE = Path(__file__).parent
CHUNKS = [
    (date(2026, 2, 28), LAST),
    (date(2026, 2, 18), date(2026, 2, 27)),
    (FIRST, date(2026, 2, 17)),
]
# SPEND is restated for three days: the reads of the last two are not the last ones.
RESTATED = (LAST - timedelta(days=1), LAST)


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory, dbt_project: Path) -> Iterator[Session]:
    """A backfill that nothing interrupted."""
    directory = tmp_path_factory.mktemp("done")
    with session(directory, dbt_project, Adland()) as opened:
        read(opened)
        yield opened


def content(settings: Settings) -> list[dict[str, Any]]:
    """What a lake holds, without who read it and what that cost."""
    names = ["source", "stream", "account", "dt", "status", "rows", "content_hash", "extracted_at"]
    return Lake(settings.lake).manifest().select(names).to_pylist()


def asked(source: Adland) -> list[Days]:
    """The windows of spend that the first account was asked for, in order."""
    windows = [(window.first, window.last) for name, window in source.asked if name == "spend"]
    return list(dict.fromkeys(windows))


def wanted(opened: Session, **options: Any) -> list[Mapping[Stream, Days]]:
    """What each chunk would ask for now."""
    chunks = planned(opened, [SPEND, STRUCTURE], (FIRST, LAST), CHUNK, **options)
    return [chunk.wanted for chunk in chunks]


def runs(opened: Session) -> Sequence[dg.DagsterRun]:
    return opened.runner._instance.get_runs()


def test_a_range_is_cut_from_its_end() -> None:
    assert pieces(FIRST, LAST, CHUNK) == CHUNKS
    assert pieces(LAST, LAST, CHUNK) == [(LAST, LAST)]


def test_a_chunk_is_one_run_of_the_job_and_its_runs_share_a_tag(done: Session) -> None:
    # What tells only the present has a run of its own, over the one day that it can tell.
    assert len(runs(done)) == len(CHUNKS) + 1
    assert {run.job_name for run in runs(done)} == {BACKFILL}
    assert {run.tags[TAG] for run in runs(done)} == {f"{FIRST}/{LAST}"}


def test_progress_tells_chunks_done_and_how_long_the_rest_will_take(done: Session) -> None:
    told = done.console.export_text(clear=False)
    assert "chunk 1/3 2026-02-28 to 2026-03-09: 2 streams\n" in told
    assert re.search(r"chunk 3/3 2026-02-12 to 2026-02-17: 1 streams, .* left\n", told)


def test_what_is_there_for_good_is_not_asked_again(done: Session) -> None:
    assert wanted(done) == [{SPEND: RESTATED}, {}, {}]


def test_with_again_everything_is_asked_again(done: Session) -> None:
    first, *others = CHUNKS
    assert wanted(done, again=True) == [
        {SPEND: first, STRUCTURE: (LAST, LAST)},
        *({SPEND: days} for days in others),
    ]


def test_only_the_days_that_a_chunk_lacks_are_asked_for(done: Session) -> None:
    hole = date(2026, 2, 20)
    file = done.runner.workspace.lake.path(SPEND, "a2", hole)
    kept = file.read_bytes()
    file.unlink()
    assert wanted(done) == [{SPEND: RESTATED}, {SPEND: (hole, hole)}, {}]
    file.write_bytes(kept)


def footer(opened: Session, **changes: Any) -> Footer:
    found = opened.runner.workspace.lake.footer(SPEND, "a1", date(2026, 2, 12))
    assert found is not None
    return msgspec.structs.replace(found, **changes)


def at(day: int, hour: int) -> datetime:
    return datetime(2026, 2, day, hour, tzinfo=UTC)


def test_a_day_is_final_once_it_was_read_after_its_last_restatement(done: Session) -> None:
    # 12 February in Jakarta, restated for three days: the read of the fifteenth is the last one.
    assert not is_final(SPEND, footer(done, extracted_at=at(14, 16)), NOW)
    assert is_final(SPEND, footer(done, extracted_at=at(14, 17)), NOW)
    assert is_final(STRUCTURE, footer(done, extracted_at=at(13, 9)), NOW)
    assert not is_final(STRUCTURE, footer(done, extracted_at=at(12, 9)), NOW)


def test_what_was_lacking_is_asked_for_again_a_day_later(done: Session) -> None:
    partial = footer(done, status="partial", reasons=["metric reach: no longer served"])
    assert is_final(SPEND, partial, NOW)
    assert not is_final(SPEND, partial, NOW + timedelta(days=1))


def killed_at(boundary: str, directory: Path, dbt_project: Path) -> None:
    """A backfill in a process of its own, which ends itself by SIGKILL."""
    script = str(HERE / "backfilled.py")
    process = subprocess.run(
        [sys.executable, script, str(directory), str(dbt_project), boundary],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(HERE), str(HERE.parents[1])])},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        check=False,
    )
    assert process.returncode == -signal.SIGKILL, process.stderr.decode()


def test_killed_within_a_chunk_and_between_two_it_goes_on_and_the_lake_is_the_same(
    done: Session, dbt_project: Path, tmp_path: Path
) -> None:
    killed_at("before-move", tmp_path, dbt_project)
    killed_at("chunk 3/", tmp_path, dbt_project)
    source = Adland()
    with session(tmp_path, dbt_project, source) as opened:
        read(opened)
        assert asked(source) == [RESTATED, CHUNKS[-1]], "the first two chunks were there"
        statuses = Counter(run.status for run in runs(opened))
        assert content(opened.settings) == content(done.settings)
    # The run that was killed, if it had begun: reads run ahead of it.
    assert statuses.pop(dg.DagsterRunStatus.FAILURE, 0) <= 1
    assert set(statuses) == {dg.DagsterRunStatus.SUCCESS}


def materializations(instance: dg.DagsterInstance, stream: Stream) -> dict[str, dict[str, Any]]:
    """The newest materialization of each partition: its day's figures, not what its run cost."""
    found: dict[str, dict[str, Any]] = {}
    for record in instance.fetch_materializations(asset_key(stream), limit=1_000).records:
        metadata = record.asset_materialization.metadata
        figures = {name: value.value for name, value in metadata.items() if name != "sample"}
        told = {name: value for name, value in figures.items() if not name.startswith("run_")}
        found.setdefault(record.partition_key, told)
    return found


def launched_in_the_ui(location: Location) -> None:
    """Run what Dagster itself makes of a backfill of the range, with the tags that it sets."""
    days = [FIRST + timedelta(days=n) for n in range((LAST - FIRST).days + 1)]
    requests = build_run_requests_with_backfill_policies(
        asset_partitions={
            AssetKeyPartitionKey(asset_key(stream), day.isoformat())
            for stream in (SPEND, STRUCTURE)
            for day in days
        },
        asset_graph=location.defs.resolve_asset_graph(),
        dynamic_partitions_store=location.instance,
    )
    for request in requests:
        result = location.defs.resolve_job_def(BACKFILL).execute_in_process(
            instance=location.instance,
            tags={**request.tags, BACKFILL_ID_TAG: "abcdefgh"},
            asset_selection=list(request.asset_selection or ()),
        )
        assert result.success


def test_the_command_and_a_backfill_in_the_ui_do_the_same(
    done: Session, dbt_project: Path, tmp_path: Path
) -> None:
    with a_location(tmp_path, dbt_project) as location:
        launched_in_the_ui(location)
        assert content(location.settings) == content(done.settings)
        spend, present = (materializations(location.instance, s) for s in (SPEND, STRUCTURE))
    instance = done.runner._instance
    assert len(spend) == (LAST - FIRST).days + 1
    assert spend == materializations(instance, SPEND)
    # The command asks for what tells only the present on the one day that it can tell.
    told = {day: told for day, told in present.items() if told["status"] != "skipped"}
    assert told == materializations(instance, STRUCTURE)


def test_a_backfill_in_the_ui_comes_in_chunks_too(location: Location) -> None:
    asset = location.defs.resolve_asset_graph().get(asset_key(SPEND))
    assert asset.backfill_policy == dg.BackfillPolicy.multi_run(max_partitions_per_run=CHUNK_DAYS)


def test_a_stream_that_fails_is_left_out_and_a_missing_yesterday_is_told_all_the_same(
    dbt_project: Path, tmp_path: Path
) -> None:
    source = Adland(failing=("a1", "a2"), error=DeadToken("the token is refused"))
    with session(tmp_path, dbt_project, source) as opened:
        reading = read(opened, last=CHUNKS[1][1], streams=[SPEND])
        assert reading.failed == {SPEND}
        assert asked(source) == [CHUNKS[1]], "one refusal is enough"
        assert "the same command goes on" in opened.console.export_text()

        source.failing = ("a1",)
        assert not read(opened, last=CHUNKS[1][1], streams=[SPEND]).failed
        assert {row["account"] for row in content(opened.settings)} == {"a2"}
        assert opened.outcomes[-1].failures, "the dead account is told of, and does not stop a2"

        source.failing = ()
        read(opened, last=CHUNKS[1][1], streams=[SPEND])
        assert opened.outcomes[-1].success
        said = opened.outcomes[-1].failed_checks["adland/spend: latest_closed_day"]
        assert said == "Not in the lake: {'a1': '2026-03-09', 'a2': '2026-03-09'}"

        read(opened, streams=[SPEND])
        assert latest_closed_day(SPEND, opened.runner.workspace).passed


@pytest.mark.parametrize(
    ("first", "last", "said"),
    [
        (date(2025, 1, 1), None, "set that to 2025-01-01 or earlier"),
        (date(2026, 1, 1), date(2026, 3, 10), "the last day that has is 2026-03-09"),
        (date(2026, 2, 2), date(2026, 2, 1), "is after --to"),
    ],
)
def test_a_range_that_cannot_be_read_is_refused_with_what_to_do(
    settings: Settings, first: date, last: date | None, said: str
) -> None:
    with pytest.raises(UsageError, match=said):
        backfill(settings, ["meta_ads"], first, last)
