"""The `smm` command.

Belongs here: commands, their options and help. Does not: what they do (`pipelines.commands` and the
packages behind it), which is imported only when a command runs, so that `--help` is quick.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec

import click

if TYPE_CHECKING:
    from pipelines.settings import Settings

P = ParamSpec("P")
DATE = click.DateTime(formats=["%Y-%m-%d"])


class Instant(click.ParamType[datetime]):
    """An ISO 8601 instant with its offset; a bare date is its midnight in UTC."""

    name = "instant"

    def convert(self, value: Any, param: Any, ctx: Any) -> datetime:
        """The instant in UTC."""
        try:
            moment = datetime.fromisoformat(str(value))
        except ValueError:
            self.fail(f"{value!r} is no instant, such as 2026-11-01T09:00:00Z", param, ctx)
        if moment.tzinfo is None and len(str(value)) > len("2026-11-01"):
            self.fail(f"{value!r} lacks its offset: add Z for UTC, or +07:00", param, ctx)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="smm-warehouse")
def main() -> None:
    """Social, advertising, web and sales data in one warehouse in which every figure ties out."""


def _explained(command: Callable[P, int | None]) -> Callable[P, None]:
    """Tell of errors that a person can mend in a sentence; a trace is for our own mistakes."""

    @wraps(command)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            code = command(*args, **kwargs)
        except Exception as error:
            # Dagster is behind that list: 190 MB and seconds, which the sandbox need not pay.
            from pipelines.commands.errors import EXPECTED, explain

            if not isinstance(error, EXPECTED):
                raise
            raise click.ClickException(explain(error)) from error
        raise SystemExit(code or 0)

    return wrapper


def _settings(**values: Any) -> Settings:
    from pipelines.settings import Settings

    return Settings(**values)


@main.command()
@click.option("--days", default=90, show_default=True, type=click.IntRange(1), help="How far back.")
@click.option("--size", type=click.IntRange(1), help="Sandbox: customers of the world (20000).")
@click.option("--seed", type=click.IntRange(0), help="Sandbox: another seed, another world (7).")
@_explained
def run(days: int, size: int | None, seed: int | None) -> int:
    """Extract, build and publish; without credentials, from the sandbox."""
    from pipelines.commands.run import run_everything

    return run_everything(_settings(), days=days, size=size, seed=seed)


@main.command("run-example")
@_explained
def run_example() -> int:
    """The same over the real data sets in examples/, into a warehouse of their own."""
    from pipelines.commands.run import example_settings, run_files

    return run_files(example_settings())


@main.command()
@click.argument("streams", nargs=-1)
@click.option(
    "--first", type=DATE, metavar="YYYY-MM-DD", help="First day; default: each stream's lookback."
)
@click.option(
    "--last", type=DATE, metavar="YYYY-MM-DD", help="Last day; default: the last closed one."
)
@_explained
def extract(streams: tuple[str, ...], first: datetime | None, last: datetime | None) -> int:
    """Read STREAMS (source or source/stream; default all) into the lake."""
    from pipelines.commands.run import extract_streams

    return extract_streams(_settings(), streams, _day(first), _day(last))


@main.command()
@click.argument("streams", nargs=-1, required=True)
@click.option("--from", "first", type=DATE, required=True, help="First day.")
@click.option("--to", "last", type=DATE, help="Last day; default: the last closed one.")
@click.option("--chunk", type=click.IntRange(1), help="Days in one run (90).")
@click.option("--again", is_flag=True, help="Read also what is in the lake for good.")
@_explained
def backfill(
    streams: tuple[str, ...],
    first: datetime,
    last: datetime | None,
    chunk: int | None,
    again: bool,
) -> int:
    """Read years of STREAMS (source or source/stream) in chunks; killed, it goes on from there."""
    from pipelines.commands.backfill import backfill as read

    options = {"chunk": chunk} if chunk else {}
    return read(_settings(), streams, first.date(), _day(last), again=again, **options)


@main.command()
@click.option("--full-refresh", is_flag=True, help="Build every mart anew instead of what changed.")
@_explained
def build(full_refresh: bool) -> int:
    """Build, test and publish the marts from what the lake holds."""
    from pipelines.commands.run import build_marts

    return build_marts(_settings(), full_refresh=full_refresh)


@main.command()
@_explained
def publish() -> None:
    """Publish what the last build made, if it differs from what is published."""
    from pipelines.commands.inspect import publish_now

    click.echo(publish_now(_settings()))


@main.command()
@click.argument("instant", type=Instant())
@click.option("--into", required=True, type=click.Path(path_type=Path), help="A new directory.")
@_explained
def asof(instant: datetime, into: Path) -> int:
    """Rebuild the marts as they were at INSTANT, in a directory of their own."""
    from pipelines.commands.run import build_as_of

    return build_as_of(_settings(), instant, into)


@main.command()
@click.argument("source", required=False)
@click.argument("stream", required=False)
@click.option("--day", type=DATE, metavar="YYYY-MM-DD", help="Every version of that day's files.")
@_explained
def history(source: str | None, stream: str | None, day: datetime | None) -> None:
    """What platforms restated: by how much each read changed the totals of a day."""
    from pipelines.commands.inspect import show_history

    show_history(_settings(), source, stream, _day(day))


@main.group()
def quarantine() -> None:
    """Records that did not fit their stream, each with the reason and the remedy."""


@quarantine.command("list")
@click.option("--source", default="", help="Only of this source.")
@click.option("--stream", default="", help="Only of streams of this name.")
@_explained
def quarantine_list(source: str, stream: str) -> None:
    """Show what is in quarantine."""
    from pipelines.commands.inspect import show_quarantine

    show_quarantine(_settings(), source, stream)


@quarantine.command("replay")
@click.option("--source", default="", help="Only of this source.")
@click.option("--stream", default="", help="Only of streams of this name.")
@_explained
def quarantine_replay(source: str, stream: str) -> None:
    """Try again what is in quarantine; what fits now lands."""
    from pipelines.commands.inspect import replay_quarantine

    replay_quarantine(_settings(), source, stream)


@main.command()
@_explained
def expire() -> None:
    """Take words of private persons that may be kept no longer out of the lake."""
    from pipelines.commands.inspect import expire_rows

    expire_rows(_settings())


@main.command()
@_explained
def doctor() -> int:
    """Examine credentials, permissions, clocks, versions and quotas, and say what to mend."""
    from pipelines.commands.doctor import examine_everything

    return examine_everything(_settings())


@main.command()
@click.option("--port", default=8025, show_default=True, type=click.IntRange(1, 65535))
@click.option("--now", type=Instant(), help="Its clock; default: the latest 09:00 UTC.")
@click.option("--size", type=click.IntRange(1), help="Customers of the world (20000).")
@click.option("--seed", type=click.IntRange(0), help="Another seed, another world (7).")
@click.option("--export-days", type=click.IntRange(1), help="Days of events to export (all).")
@click.option("--faults", type=click.IntRange(0), help="A bad day on every platform, by this seed.")
@click.option("--until-stdin-closes", is_flag=True, hidden=True)
@_explained
def sandbox(
    port: int,
    now: datetime | None,
    size: int | None,
    seed: int | None,
    export_days: int | None,
    faults: int | None,
    until_stdin_closes: bool,
) -> None:
    """Serve the platforms' formats over an invented brand, and write its exports."""
    from pipelines.commands.sandbox import serve

    settings = _settings(**({"SMM_NOW": now} if now else {}))
    serve(
        settings,
        port,
        size=size,
        seed=seed,
        export_days=export_days,
        faults=faults,
        until_stdin_closes=until_stdin_closes,
    )


@main.command()
@click.option("--port", default=3000, show_default=True, type=click.IntRange(1, 65535))
@click.option("--example", is_flag=True, help="On the runs of run-example.")
@_explained
def ui(port: int, example: bool) -> int:
    """Open the Dagster UI on the runs made so far; Ctrl-C ends it."""
    from pipelines.commands.run import example_settings
    from pipelines.commands.ui import serve_ui

    return serve_ui(example_settings() if example else _settings(), port)


@main.command(hidden=True)
@_explained
def parse() -> None:
    """Parse the dbt project where it changed since the last time."""
    from pipelines.defs.dbt import prepare_manifest

    prepare_manifest(_settings())


def _day(moment: datetime | None) -> date | None:
    return moment.date() if moment else None


if __name__ == "__main__":
    main()
