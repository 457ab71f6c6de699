"""From the lake to the published file, as Dagster runs it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import dagster as dg
import pytest
from adland import SPEND, Adland
from code_location import make_settings

from pipelines.defs import dbt, mart_checks
from pipelines.defs.lake import expiry_asset
from pipelines.defs.resources import Workspace, workspace_resource
from pipelines.serving import duck

PUBLISHED = dg.AssetKey("published_marts")


def published(location):
    record = location.instance.get_latest_materialization_event(PUBLISHED)
    return record.asset_materialization.metadata if record else None


def test_a_build_makes_checks_and_publishes_what_the_lake_holds(built):
    location, result = built
    assert result.success
    path = location.settings.published / "current" / "marts.duckdb"
    with duck.connect(path) as connection:
        assert duck.value(connection, "select count(*) from marts.mart_reads") == 10
        assert duck.rows(
            connection,
            "select row_count, last_day::text as last_day from marts._about where kind = 'source'",
        ) == [{"row_count": 12, "last_day": "2026-03-09"}]


def test_dbt_tests_are_checks_of_their_models(built):
    names = {
        (each.asset_key.to_user_string(), each.check_name)
        for each in built[1].get_asset_check_evaluations()
    }
    assert ("marts/fct_order", "not_null_fct_order_order_id") in names


def test_a_second_run_publishes_nothing_new(built):
    location, _ = built
    version = published(location)["version"].value
    assert location.run("backfill").success
    assert location.run("build").success
    assert published(location)["changed"].value is False
    assert published(location)["version"].value == version


def test_money_that_does_not_tie_is_not_published(location, monkeypatch):
    monkeypatch.setattr(mart_checks, "differences", lambda *_, **__: [{"told": 2, "built": 1}])
    result = location.run("build")
    assert not result.success
    assert published(location) is None
    failed = {each.check_name for each in result.get_asset_check_evaluations() if not each.passed}
    assert failed == {"spend_ties_to_account_totals", "credit_ties_to_recorded_revenue"}


def test_a_build_takes_out_words_whose_time_is_over(settings):
    words = replace(SPEND, ttl_days=1)
    workspace = Workspace(settings, sources={"adland": Adland()})
    workspace.ingest(words, date(2026, 3, 9), date(2026, 3, 9), "read")
    later = settings.model_copy(update={"fixed_now": settings.now() + timedelta(days=1, seconds=1)})
    result = dg.materialize(
        [expiry_asset([words, SPEND])],
        resources={"workspace": workspace_resource(Workspace(later))},
    )
    (done,) = result.asset_materializations_for_node("lake__expired")
    assert done.metadata["rows"].value == done.metadata["stream-days"].value == 2
    assert workspace.lake.manifest()["expired"].to_pylist() == [1, 1]


def test_the_build_job_expires_before_it_lists_files(built):
    steps = [event.step_key for event in built[1].get_step_success_events()]
    assert steps.index("lake__expired") < steps.index("lake__files")


def test_models_follow_their_streams_and_publishing_follows_the_marts(location):
    graph = location.defs.resolve_asset_graph()
    reads = graph.get(dg.AssetKey(["marts", "mart_reads"]))
    assert dg.AssetKey(["lake", "files"]) in reads.parent_keys
    assert graph.get(dg.AssetKey(["lake", "files"])).parent_keys == {
        dg.AssetKey(["lake", "expired"]),
        dg.AssetKey(["adland", "spend"]),
        dg.AssetKey(["adland", "campaigns"]),
    }
    assert dg.AssetKey(["marts", "fct_order"]) in graph.get(PUBLISHED).parent_keys


def test_only_one_step_at_a_time_may_open_the_warehouse(location):
    graph = location.defs.resolve_asset_graph()
    users = [["lake", "files"], ["marts", "fct_order"], ["published_marts"]]
    assert all(graph.get(dg.AssetKey(key)).pools == {"duckdb_write"} for key in users)
    pools = location.instance.get_concurrency_config().pool_config
    assert pools.default_pool_limit == 1


def test_a_wrong_example_of_a_unit_test_does_not_stop_a_build():
    arguments = dbt.build_arguments()
    assert arguments[arguments.index("--exclude-resource-type") + 1] == "unit_test"


@pytest.mark.parametrize("full_refresh", [False, True])
def test_the_arguments_of_a_build(full_refresh):
    assert ("--full-refresh" in dbt.build_arguments(full_refresh=full_refresh)) is full_refresh


def test_loading_does_not_parse_while_the_manifest_is_true(location, dbt_project, monkeypatch):
    def parse(*_):
        raise AssertionError("parsed")

    monkeypatch.setattr(dbt, "_parse", parse)
    dbt.prepare_manifest(location.settings, dbt_project)


def test_an_edited_model_is_parsed_again(location, dbt_project, monkeypatch):
    parsed = []
    monkeypatch.setattr(dbt, "_parse", lambda project, _: parsed.append(project))
    (dbt_project / "models" / "marts" / "fct_order.sql").touch()
    dbt.prepare_manifest(location.settings, dbt_project)
    assert parsed == [dbt_project]


def test_a_homes_first_call_is_handed_what_loading_parsed_for_it(dbt_project, tmp_path):
    here, elsewhere = make_settings(tmp_path / "here"), make_settings(tmp_path / "elsewhere")
    dbt._parse(dbt_project, here)
    handed = dbt.parsed_before(tmp_path, dbt_project, here)
    assert handed == dbt_project / "target" / dbt.PARSED
    assert dbt.parsed_before(tmp_path, dbt_project, elsewhere) is None


def test_a_later_call_is_handed_what_the_last_one_parsed(dbt_project, settings, tmp_path):
    for call in ("20260309T080000", "20260310T080000"):
        (tmp_path / call).mkdir()
        (tmp_path / call / dbt.PARSED).touch()
    (tmp_path / "20260311T080000-killed-before-it-parsed").mkdir()
    handed = dbt.parsed_before(tmp_path, dbt_project, settings)
    assert handed == tmp_path / "20260310T080000" / dbt.PARSED


def test_each_mart_shows_its_rows_and_where_readers_find_it(built):
    location, _ = built
    told = location.instance.fetch_observations(dg.AssetKey(["marts", "mart_reads"]), limit=1)
    metadata = told.records[0].asset_observation.metadata
    assert metadata["dagster/row_count"].value == 10
    assert metadata["published version"].value == published(location)["version"].value


def test_each_check_of_a_model_says_what_it_asserts(location):
    key = dg.AssetCheckKey(dg.AssetKey(["marts", "fct_order"]), "not_null_fct_order_order_id")
    graph = location.defs.resolve_asset_graph()
    assert graph.get_check_spec(key).description == "`order_id` is never NULL."


SINGULAR = "-- Each order is there\n-- once.\nselect 1\n-- not this\n"
TESTS = [
    ({"raw_code": SINGULAR}, "Each order is there once."),
    (
        {"test_metadata": {"name": "unique_combination", "kwargs": {"columns": ["a", "b"]}}},
        "No two rows have the same `a, b`.",
    ),
    ({"test_metadata": {"name": "house_rule", "kwargs": {"model": "x"}}}, "house_rule"),
]


@pytest.mark.parametrize(("test", "said"), TESTS)
def test_what_a_dbt_test_asserts_in_words(test, said):
    assert dbt.assertion(test) == said
