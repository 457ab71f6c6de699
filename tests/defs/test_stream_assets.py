"""What a person sees of a stream after a run, and what its failure means to Dagster."""

from __future__ import annotations

import dagster as dg
from adland import NOW, SPEND

from pipelines.connectors.errors import Transient, WaitUntil

SPEND_KEY = dg.AssetKey(["adland", "spend"])


def metadata_by_day(location, key=SPEND_KEY):
    records = location.instance.fetch_materializations(key, limit=100).records
    return {record.partition_key: record.asset_materialization.metadata for record in records}


def read(location, key=SPEND_KEY, **window):
    return location.run("daily", asset_selection=[key], **window)


def failure(result):
    (event,) = [event for event in result.all_events if event.is_step_failure]
    return event.step_failure_data


def test_one_run_reads_the_whole_range_once_per_account(location):
    assert read(location).success
    assert [(window.first.day, window.last.day) for _, window in location.source.asked] == [
        (6, 9),
        (6, 9),
    ]


def test_each_day_of_the_range_has_its_own_figures(location):
    read(location)
    found = metadata_by_day(location)
    assert sorted(found) == ["2026-03-06", "2026-03-07", "2026-03-08", "2026-03-09"]
    day = found["2026-03-08"]
    assert day["dagster/partition_row_count"].value == 2
    assert day["total spend a1"].value == 1.5
    assert day["status"].value == "complete"
    assert day["run_requests"].value == 2
    assert day["bytes"].value > 0


def test_the_newest_day_shows_a_sample(location):
    read(location)
    found = metadata_by_day(location)
    assert "| a1 | 2026-03-09 | 1.500000 |" in found["2026-03-09"]["sample"].value
    assert "sample" not in found["2026-03-08"]


def test_the_asset_tells_columns_owner_kinds_link_and_place(location):
    spec = location.defs.resolve_asset_graph().get(SPEND_KEY)
    columns = {each.name: each for each in spec.metadata["dagster/column_schema"].columns}
    assert [*columns] == [*SPEND.schema.arrow.names]
    spend = columns["spend"]
    assert (spend.type, spend.description) == ("decimal128(18, 6)", "Money spent.")
    assert spend.constraints.nullable
    assert not columns["account_id"].constraints.nullable
    assert spec.metadata["documentation"].value == "https://example.com/docs"
    assert spec.owners == ["team:advertising"]
    assert spec.kinds == {"python", "parquet"}
    assert spec.group_name == "ads"
    assert spec.description.startswith("Spend by day.")
    assert "a daily run re-reads 3 days" in spec.description
    assert spec.pools == {"adland"}


def test_a_dead_token_is_told_once_and_not_retried(location):
    location.source.failing = ("a1", "a2")
    result = read(location)
    assert "the token is refused" in failure(result).user_failure_data.description
    assert not [event for event in result.all_events if event.is_step_up_for_retry]
    assert len(location.source.asked) == 2


def test_one_dead_account_keeps_what_the_others_gave(location):
    location.source.failing = ("a1",)
    result = read(location)
    assert failure(result).user_failure_data.metadata["rows landed from other accounts"].value == 4
    assert location.workspace.lake.path(SPEND, "a2", NOW.date().replace(day=9)).exists()


def test_what_may_pass_by_itself_is_retried_and_a_spent_quota_is_not():
    from pipelines.defs.streams import failure as as_failure
    from pipelines.ingest import IngestError, IngestResult

    def allowed(error):
        result = IngestResult(errors={"a1": error})
        return as_failure(IngestError(SPEND, result)).allow_retries

    assert allowed(Transient("the platform is in trouble"))
    assert not allowed(WaitUntil("the quota is spent", resumes_at=NOW))


def test_a_stream_that_is_off_fails_with_the_name_of_its_setting(location):
    location.workspace.__dict__["platforms"] = {}
    result = read(location)
    described = failure(result).user_failure_data.description
    assert described == "source adland is off: it is not configured"
    assert not [event for event in result.all_events if event.is_step_up_for_retry]


def test_what_tells_only_the_present_lands_under_the_last_closed_day(location):
    key = dg.AssetKey(["adland", "campaigns"])
    read(location, key, first="2026-03-09")
    day = metadata_by_day(location, key)["2026-03-09"]
    assert day["dagster/partition_row_count"].value == 4


def check(result, name):
    (found,) = [each for each in result.get_asset_check_evaluations() if each.check_name == name]
    return found


def test_a_new_field_shows_as_drift_by_its_name(location):
    location.source.extra = '{"brand_new": 1}'
    found = check(read(location), "schema_drift")
    assert not found.passed
    assert found.severity == dg.AssetCheckSeverity.WARN
    assert "brand_new" in found.description


def test_a_retired_metric_is_named_with_the_first_day_that_lacks_it(location):
    gone = "metric spend: the platform no longer serves it"
    read(location, first="2026-03-01", last="2026-03-04")
    location.source.missing = (gone,)
    first = check(read(location, first="2026-03-05", last="2026-03-06"), "schema_drift")
    later = check(read(location, first="2026-03-07"), "schema_drift")
    for found in (first, later):
        assert not found.passed
        assert found.description == f"the platform no longer gave: {gone} (since 2026-03-05)"


def test_no_drift_passes(location):
    assert check(read(location), "schema_drift").passed


def test_a_backfill_of_old_days_does_not_hide_that_yesterday_is_missing(location):
    found = check(read(location, first="2026-02-01", last="2026-02-02"), "latest_closed_day")
    assert not found.passed
    assert found.metadata["absent"].value == {"a1": "2026-03-09", "a2": "2026-03-09"}
    assert check(read(location), "latest_closed_day").passed
