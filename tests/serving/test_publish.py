"""Publishing: what readers see, before, during and after."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.serving import duck
from pipelines.serving.publish import (
    PublishError,
    content_hash,
    prune,
    publish,
    versions_of,
)


def rows(path: Path, sql: str) -> list[tuple]:
    with duckdb.connect(str(path), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def manifest(directory: Path, last_day: date) -> Path:
    table = pa.table(
        {
            "source": ["shopify", "shopify", "ecb"],
            "dt": [date(2026, 1, 1), last_day, date(2026, 1, 1)],
            "extracted_at": [datetime(2026, 1, 3, 9, tzinfo=UTC)] * 3,
            "rows": [10, 5, 2],
        }
    )
    path = directory / "files.parquet"
    pq.write_table(table, path)
    return path


def test_readers_find_marts_in_schema_marts_and_nothing_else(warehouse):
    done = publish(warehouse.build(1), warehouse.published, run_id="r1")
    assert done.path == warehouse.published / "current" / "marts.duckdb"
    found = rows(done.path, "select table_schema, table_name from information_schema.tables")
    assert sorted(found) == [("marts", "_about"), ("marts", "fct_one"), ("marts", "fct_two")]


def test_the_catalog_that_bi_tools_store_is_marts_in_every_version(warehouse):
    for generation in (1, 2):
        done = publish(warehouse.build(generation), warehouse.published, run_id="r")
        assert rows(done.path, "select current_database()") == [("marts",)]
        assert rows(done.path, "select max(generation) from marts.marts.fct_one") == [(generation,)]


def test_about_tells_run_rows_and_freshness(warehouse, tmp_path):
    path = manifest(tmp_path, date(2026, 1, 2))
    done = publish(warehouse.file, warehouse.published, run_id="r1", manifest=path)
    about = rows(
        done.path,
        "select kind, name, row_count, last_day, run_id from marts.marts._about order by all",
    )
    assert about == [
        ("mart", "fct_one", 100, None, "r1"),
        ("mart", "fct_two", 100, None, "r1"),
        ("source", "ecb", 2, date(2026, 1, 1), "r1"),
        ("source", "shopify", 15, date(2026, 1, 2), "r1"),
    ]


def test_equal_content_is_not_published_again(warehouse):
    first = publish(warehouse.file, warehouse.published, run_id="r1")
    second = publish(warehouse.build(1), warehouse.published, run_id="r2")
    assert (first.changed, second.changed) == (True, False)
    assert second.version == first.version
    assert versions_of(warehouse.published) == [first.version]


def test_a_source_that_reached_further_is_published_though_no_mart_changed(warehouse, tmp_path):
    publish(
        warehouse.file,
        warehouse.published,
        run_id="r1",
        manifest=manifest(tmp_path, date(2026, 1, 2)),
    )
    later = publish(
        warehouse.file,
        warehouse.published,
        run_id="r2",
        manifest=manifest(tmp_path, date(2026, 1, 3)),
    )
    assert later.changed


def test_older_clients_can_open_what_is_published(warehouse):
    done = publish(warehouse.file, warehouse.published, run_id="r1")
    assert duck.storage_version(done.path) == duck.PORTABLE_STORAGE == 65


def test_a_build_that_older_clients_cannot_open_is_refused_and_readers_keep_theirs(warehouse):
    before = publish(warehouse.file, warehouse.published, run_id="r1")
    warehouse.file.unlink()
    warehouse.build(2, storage="latest")
    with pytest.raises(PublishError, match=r"storage version .* v1\.2\.0"):
        publish(warehouse.file, warehouse.published, run_id="r2")
    assert (warehouse.published / "current").resolve().name == before.version


def test_a_view_among_the_marts_is_refused(warehouse):
    with duck.connect(warehouse.file, write=True) as connection:
        connection.execute("create view marts.v as select 1 as i")
    with pytest.raises(PublishError, match="views: v"):
        publish(warehouse.file, warehouse.published, run_id="r1")


def test_without_a_build_the_error_says_what_to_run(tmp_path):
    with pytest.raises(PublishError, match="smm build"):
        publish(tmp_path / "marts.duckdb", tmp_path / "published", run_id="r1")


def test_what_is_published_cannot_be_written_to(warehouse):
    done = publish(warehouse.file, warehouse.published, run_id="r1")
    assert done.path.stat().st_mode & 0o777 == 0o444
    assert not duck.wal(done.path).exists()


def test_content_hash_ignores_the_order_of_rows_and_sees_every_value(warehouse):
    before = content_hash(warehouse.file)
    with duck.connect(warehouse.file, write=True) as connection:
        connection.execute(
            "create or replace table marts.fct_one as from marts.fct_one order by id desc"
        )
    assert content_hash(warehouse.file) == before
    with duck.connect(warehouse.file, write=True) as connection:
        connection.execute("update marts.fct_one set amount = 0.1001 where id = 7")
    assert content_hash(warehouse.file) != before


def test_content_hash_of_build_and_published_file_agree(warehouse):
    done = publish(warehouse.file, warehouse.published, run_id="r1")
    assert content_hash(done.path) == content_hash(warehouse.file)


def test_the_last_three_versions_stay_and_current_always(warehouse):
    for generation in range(1, 6):
        publish(warehouse.build(generation), warehouse.published, run_id="r", grace_seconds=0)
    kept = versions_of(warehouse.published)
    assert len(kept) == 3
    assert (warehouse.published / "current").resolve().name == kept[-1]


def test_a_version_that_a_reader_may_still_be_opening_stays(warehouse):
    for generation in range(1, 6):
        publish(warehouse.build(generation), warehouse.published, run_id="r")
    assert len(versions_of(warehouse.published)) == 5
    assert prune(warehouse.published, grace_seconds=600) == []
    assert len(prune(warehouse.published, grace_seconds=0)) == 2


READER = """
    import sys
    from pathlib import Path
    import duckdb

    path, stop = Path(sys.argv[1]), Path(sys.argv[2])
    reads, seen = 0, set()
    stopping = False
    while not stopping:
        stopping = stop.exists()
        with duckdb.connect(str(path), read_only=True) as connection:
            found = connection.execute(
                "select distinct generation from marts.marts.fct_one union"
                " select distinct generation from marts.marts.fct_two union"
                " select distinct run_id::int from marts.marts._about"
            ).fetchall()
        assert len(found) == 1, f"mixed state: {found}"
        seen.add(found[0][0])
        reads += 1
        if reads == 1:
            print(reads, flush=True)
    print(reads, len(seen))
"""


def test_a_reader_during_fifty_publishes_sees_no_error_and_no_mixed_state(warehouse, tmp_path):
    stop = tmp_path / "stop"
    publish(warehouse.build(0), warehouse.published, run_id="0")
    current = warehouse.published / "current" / "marts.duckdb"
    command = [sys.executable, "-c", textwrap.dedent(READER), str(current), str(stop)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as reader:
        assert reader.stdout is not None
        assert reader.stdout.readline() == "1\n"
        for generation in range(1, 51):
            publish(warehouse.build(generation), warehouse.published, run_id=str(generation))
        stop.touch()
        out, err = reader.communicate(timeout=60)
    assert reader.returncode == 0, err
    reads, versions = map(int, out.split())
    assert reads >= versions > 1


KILLED = """
    import os, signal, sys
    from pathlib import Path
    from pipelines.serving import publish

    def stop(name):
        if name == sys.argv[3]:
            os.kill(os.getpid(), signal.SIGKILL)

    publish.checkpoint = stop
    publish.publish(Path(sys.argv[1]), Path(sys.argv[2]), run_id="killed")
"""


@pytest.mark.parametrize("boundary", ["settled", "copied", "verified", "moved", "swapped"])
def test_killed_at_a_boundary_readers_have_a_whole_version_and_the_next_run_ends_alike(
    warehouse, boundary
):
    before = publish(warehouse.build(1), warehouse.published, run_id="r1")
    old = content_hash(before.path)
    new = content_hash(warehouse.build(2))
    script = textwrap.dedent(KILLED)
    arguments = [str(warehouse.file), str(warehouse.published), f"publish:{boundary}"]
    killed = subprocess.run(
        [sys.executable, "-c", script, *arguments],
        env={**os.environ, "PYTHONPATH": str(Path.cwd())},
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL
    current = warehouse.published / "current" / "marts.duckdb"
    assert content_hash(current) == (new if boundary == "swapped" else old)
    after = publish(warehouse.file, warehouse.published, run_id="r2")
    assert content_hash(after.path) == new
    assert not list(warehouse.published.glob(".*"))
