"""Publishing: from the file that dbt builds to the immutable one that readers open.

Belongs here: the steps between `warehouse/marts.duckdb` and `published/current/marts.duckdb`, and
what is written about a publication. Does not: building marts (dbt), or who may open the warehouse
(`lock`).

Readers open `published/current/marts.duckdb`. `current` is a link to a directory, and each version
is a directory of its own, so that a reader sees one whole version or another: a link to a file
would change the catalog name that BI tools store.
"""

from __future__ import annotations

import hashlib
import itertools
import os
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path

from pipelines.serving import duck

MARTS = "marts"
# What dbt keeps beside the marts for itself; readers have no use for it.
BOOKKEEPING = "_build"
ABOUT = "_about"
FILE = "marts.duckdb"
KEEP = 3
# A reader that has resolved `current` opens the file within milliseconds; ten minutes also cover a
# suspended one. A version costs only its disk space for so long.
GRACE_SECONDS = 600.0


class PublishError(RuntimeError):
    """What dbt built cannot be published; readers keep the version that they have."""


@dataclass(frozen=True)
class SourceFreshness:
    """How far the lake holds a source: its last day, when it was read, how many rows it has."""

    source: str
    last_day: date | None
    extracted_at: datetime | None
    rows: int


@dataclass(frozen=True)
class Publication:
    """The version that readers now see, and whether this publication made it."""

    path: Path
    version: str
    changed: bool
    content_hash: str
    rows: Mapping[str, int] = field(default_factory=dict)
    bytes: int = 0


def checkpoint(name: str) -> None:
    """A boundary at which a crash must leave readers with a whole version; tests replace this."""


def publish(
    build: Path,
    published: Path,
    *,
    run_id: str,
    manifest: Path | None = None,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    keep: int = KEEP,
    grace_seconds: float = GRACE_SECONDS,
) -> Publication:
    """Publish the marts in `build` as the next version in `published`.

    `manifest` is the lake's `_meta/files.parquet`, for the freshness of each source. When the marts
    and the freshness equal what is published, nothing is written and `changed` is false. The caller
    holds `warehouse_lock`. Raises PublishError, and leaves `current` as it was, when the file could
    not be read by older clients, lacks marts, or its copy differs.
    """
    published.mkdir(parents=True, exist_ok=True)
    _remove_unfinished(published)
    rows = _settle(build)
    freshness = source_freshness(manifest) if manifest else []
    digest = content_hash(build, extra=[_coverage(source) for source in freshness])
    checkpoint("publish:settled")

    if _published_hash(published) == digest:
        current = (published / "current").resolve()
        size = (current / FILE).stat().st_size
        return Publication(published / "current" / FILE, current.name, False, digest, rows, size)

    moment = now().astimezone(UTC)
    version = f"{moment:%Y%m%dT%H%M%S%fZ}"
    draft = published / f".draft-{version}"
    draft.mkdir()
    shutil.copyfile(build, draft / FILE)
    checkpoint("publish:copied")
    _dress(draft / FILE, rows, freshness, moment, run_id, digest)
    _verify(draft / FILE, rows)
    (draft / FILE).chmod(0o444)
    _sync(draft / FILE)
    _sync(draft)
    checkpoint("publish:verified")

    target = published / version
    draft.rename(target)
    _sync(published)
    checkpoint("publish:moved")
    _point(published, version)
    checkpoint("publish:swapped")
    prune(published, keep=keep, grace_seconds=grace_seconds)
    size = (target / FILE).stat().st_size
    return Publication(published / "current" / FILE, version, True, digest, rows, size)


def content_hash(path: Path, *, extra: list[str] | None = None) -> str:
    """A hash of every mart's name, columns and rows in that file, whatever the rows' order.

    It is compared with that of the last publication; another release of DuckDB may give another.
    `_about` is left out: it tells of the publication. `extra` is hashed along.
    """
    digest = hashlib.sha256()
    with duck.connect(path) as connection:
        for name in _marts(connection):
            table = f"{duck.quoted(MARTS)}.{duck.quoted(name)}"
            columns = connection.execute(f"describe {table}").fetchall()
            # Each row is hashed, and the hashes are added up: sorting millions of rows would give
            # the same certainty for many times the memory. Of 400 MB this takes a second, MD5 of
            # rows as text took fifteen.
            total = connection.execute(
                "select count(*), sum(row_hash), sum(hash(row_hash))"  # noqa: S608
                f" from (select hash(t) as row_hash from {table} as t)"
            ).fetchone()
            digest.update(f"{name}\n{[column[:2] for column in columns]}\n{total}\n".encode())
    for line in extra or ():
        digest.update(f"{line}\n".encode())
    return digest.hexdigest()


def source_freshness(manifest: Path) -> list[SourceFreshness]:
    """How far each source is in the lake, by the lake's manifest; empty where there is none."""
    if not manifest.exists():
        return []
    with duck.in_memory() as connection:
        found = duck.rows(
            connection,
            "select source, max(dt) as last_day, max(extracted_at) as extracted_at,"
            " sum(rows)::bigint as rows from read_parquet(?) group by source order by source",
            [str(manifest)],
        )
    return [SourceFreshness(**row) for row in found]


def prune(published: Path, *, keep: int = KEEP, grace_seconds: float = GRACE_SECONDS) -> list[str]:
    """Delete versions beyond the newest `keep`, once nobody can still be opening them.

    A version stays while it is current, and for `grace_seconds` after a newer one appeared.
    Returns the deleted versions.
    """
    current = (published / "current").resolve().name
    versions = versions_of(published)
    deleted = []
    for version, successor in itertools.pairwise(versions):
        superseded = time.time() - (published / successor).stat().st_mtime
        if version in (*versions[-keep:], current) or superseded < grace_seconds:
            continue
        shutil.rmtree(published / version)
        deleted.append(version)
    return deleted


def versions_of(published: Path) -> list[str]:
    """The published versions, oldest first."""
    return sorted(
        entry.name
        for entry in published.iterdir()
        if entry.is_dir() and not entry.is_symlink() and not entry.name.startswith(".")
    )


def _settle(build: Path) -> dict[str, int]:
    """Write everything of `build` into its one file, and count its marts."""
    if not build.exists():
        raise PublishError(f"{build} does not exist; build the marts first (smm build)")
    with duck.connect(build, write=True) as connection:
        connection.execute("checkpoint")
        rows = dict(duck.counts(connection, MARTS, _marts(connection)))
    # A log left beside a file that is renamed later would be replayed into other data, silently.
    if duck.wal(build).exists():
        raise PublishError(f"{duck.wal(build)} is left after a checkpoint; run smm build again")
    if not rows:
        raise PublishError(f"{build} has no tables in schema {MARTS}; run smm build")
    return rows


def _marts(connection: duck.Connection) -> list[str]:
    """The tables of schema marts in name order; PublishError where one is a view."""
    found = duck.tables(connection, MARTS)
    if views := [name for name, kind in found.items() if kind != "BASE TABLE"]:
        raise PublishError(f"marts must be tables, but these are views: {', '.join(views)}")
    return [name for name in found if name != ABOUT]


def _dress(
    path: Path,
    rows: Mapping[str, int],
    freshness: list[SourceFreshness],
    moment: datetime,
    run_id: str,
    digest: str,
) -> None:
    """Take the bookkeeping out of the copy and write `_about` into it."""
    told = moment.replace(tzinfo=None)
    about = [("mart", name, count, None, None) for name, count in rows.items()] + [
        ("source", source.source, source.rows, source.last_day, _naive(source.extracted_at))
        for source in freshness
    ]
    with duck.connect(path, write=True) as connection:
        connection.execute(f"drop schema if exists {BOOKKEEPING} cascade")
        connection.execute(
            f"create or replace table {MARTS}.{ABOUT} (kind varchar not null,"
            " name varchar not null, row_count bigint, last_day date, extracted_at timestamp,"
            " published_at timestamp not null, run_id varchar, content_hash varchar not null)"
        )
        connection.executemany(
            f"insert into {MARTS}.{ABOUT} values (?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608
            [[*row, told, run_id, digest] for row in about],
        )
        _describe_about(connection)
        connection.execute("checkpoint")


def _describe_about(connection: duck.Connection) -> None:
    about = f"{MARTS}.{ABOUT}"
    connection.execute(
        f"comment on table {about} is 'What this file holds: one row a mart and one a source.'"
    )
    for column, meaning in {
        "kind": "mart or source.",
        "name": "Name of the mart or source.",
        "row_count": "Rows of the mart, or rows of the source in the lake.",
        "last_day": "Newest day of the source in the lake.",
        "extracted_at": "When the source was last read (UTC).",
        "published_at": "When this file was published (UTC).",
        "run_id": "Dagster run that published it.",
        "content_hash": "Hash over all marts and sources; equal hashes mean equal content.",
    }.items():
        connection.execute(f"comment on column {about}.{column} is '{meaning}'")


def _verify(path: Path, rows: Mapping[str, int]) -> None:
    """Raise PublishError unless the copy is whole, and readable for older clients."""
    if duck.wal(path).exists():
        raise PublishError(f"{duck.wal(path)} is left after a checkpoint")
    if (version := duck.storage_version(path)) != duck.PORTABLE_STORAGE:
        raise PublishError(
            f"{path} has storage version {version}, which only new clients open; attach the marts"
            " with storage_version v1.2.0"
        )
    with duck.connect(path) as connection:
        copied = dict(duck.counts(connection, MARTS, _marts(connection)))
        if duck.tables(connection, BOOKKEEPING):
            raise PublishError(f"{path} still has schema {BOOKKEEPING}")
    if copied != dict(rows):
        raise PublishError(f"the copy has {copied} rows, the build {dict(rows)}")


def _published_hash(published: Path) -> str | None:
    """The content hash that the current version was published with, if there is one."""
    path = published / "current" / FILE
    if not path.exists():
        return None
    with duck.connect(path) as connection:
        found: str | None = duck.value(
            connection,
            f"select content_hash from {MARTS}.{ABOUT} limit 1",  # noqa: S608
        )
    return found


def _coverage(source: SourceFreshness) -> str:
    """What readers should learn of a source even when no mart changed."""
    return f"{source.source} {source.last_day}"


def _point(published: Path, version: str) -> None:
    """Make `current` a link to that version, in one step."""
    link = published / f".current-{version}"
    link.symlink_to(version, target_is_directory=True)
    link.replace(published / "current")
    _sync(published)


def _remove_unfinished(published: Path) -> None:
    """Delete what a killed publication left: drafts, and links not yet swapped."""
    for entry in published.glob(".draft-*"):
        shutil.rmtree(entry)
    for entry in published.glob(".current-*"):
        entry.unlink()


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _naive(moment: datetime | None) -> datetime | None:
    return moment.astimezone(UTC).replace(tzinfo=None) if moment and moment.tzinfo else moment
