"""Attribution from touch rows to credited conversions, beside ChannelAttribution doing the same.

Belongs here: invented journeys, the SQL that counts them, the contestants. Does not: the models of
which SQL only counts the paths (`pipelines.measurement`).

Each contestant runs in a process of its own over the same touches in a DuckDB file: first, last and
linear touch, and a first-order Markov chain over all journeys. What it reads is made of the touches
while its clock runs: counts here, paths as text for the peer. `ours` is exact; the peer simulates,
and the table says how much of all credit it gives to other channels.

`all models` is what a first build does: dbt's models over the same touches, from paths to the
credit of every order under all nine models, money shared to the last unit, within the memory that
builds have by default.

Without the peer (`pip install ChannelAttribution matplotlib`; GPL, so no dependency) only `ours` is
measured.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import resource
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.process import cpu, in_new_process, peak_mb
from pipelines.defs.dbt import PROJECT_DIR, executable
from pipelines.measurement.attribution import markov
from pipelines.serving import duck
from pipelines.settings import Settings

CHANNELS = 50
MODELS = ("first", "last", "linear", "markov")
PEER = ("ChannelAttribution", "matplotlib")

# Conversions that each model credits to each channel.
Credits = Mapping[str, Mapping[str, float]]


@dataclass(frozen=True)
class Cost:
    """What a contestant took, and what it found."""

    cpu: float
    wall: float
    peak_mb: float
    credits: Credits


# --- journeys


def invent(path: Path, journeys: int) -> int:
    """Journeys in a DuckDB file: how many touches they have.

    A journey has 1 to 13 touches, 3.2 on average, over thirty days; a few channels have most of
    them, and some convert better than others. 5 % of journeys convert.
    """
    with duck.in_memory() as connection:
        connection.execute("set enable_progress_bar = false")
        connection.execute(f"attach '{path}' as made")
        connection.execute(
            f"""
            create table made.touches as
            select
                journey_id,
                journey_id * 100 + number as touch_id,
                timestamp '2026-01-01' + to_seconds(
                    (hash(journey_id, number, 'when') % 2592000)::bigint
                ) as touch_at,
                'channel ' || cast(
                    floor({CHANNELS} * power(hash(journey_id, number, 'what') / 2e0 ^ 64, 2))
                    as integer) as channel
            from range({journeys}) as journeys(journey_id)
            cross join range(13) as numbers(number)
            where number = 0 or hash(journey_id, 'long') / 2e0 ^ 64 < power(0.6875, number)
            """
        )
        connection.execute(
            """
            create table made.journeys as
            select
                journey_id,
                hash(journey_id, 'bought') % 1000 < 10 + 2 * max(hash(channel, 'good') % 30)
                    as converted
            from made.touches
            group by journey_id
            """
        )
        return int(duck.value(connection, "select count(*) from made.touches"))


# --- counting, in the SQL that DuckDB and Spark share


# How often touches of a channel are followed by what, first of their journey or not, and whether
# it converts. Few rows, from which transitions, first and last touch follow. Of equal times the
# smaller id comes first.
COUNTS = """
select
    steps.channel,
    coalesce(
        steps.next_channel, case when journeys.converted then '(conversion)' else '(null)' end
    ) as next_state,
    steps.number = 1 as is_first,
    journeys.converted,
    count(*) as steps
from (
    select
        journey_id,
        channel,
        row_number() over ordered as number,
        lead(channel) over ordered as next_channel
    from touches
    window ordered as (
        partition by journey_id
        order by touch_at asc nulls last, touch_id asc nulls last
    )
) as steps
inner join journeys
    on steps.journey_id = journeys.journey_id
group by 1, 2, 3, 4
"""

TRANSITIONS = """
select channel as from_state, next_state as to_state, sum(steps) as count
from counts
group by 1, 2
union all
select '(start)' as from_state, channel as to_state, sum(steps) as count
from counts
where is_first
group by 2
"""

HEURISTICS = """
with
ends as (
    select
        channel,
        sum(case when is_first then steps else 0 end) as first,
        sum(case when next_state = '(conversion)' then steps else 0 end) as last
    from counts
    where converted
    group by channel
),

converted as (
    select touches.journey_id, count(*) as touches
    from touches
    inner join journeys
        on touches.journey_id = journeys.journey_id
    where journeys.converted
    group by touches.journey_id
),

equal as (
    select touches.channel, sum(1e0 / converted.touches) as linear
    from touches
    inner join converted
        on touches.journey_id = converted.journey_id
    group by touches.channel
)

select ends.channel, ends.first, ends.last, equal.linear
from ends
inner join equal
    on ends.channel = equal.channel
"""

# What the peer reads: a row for each different journey, its channels joined by >.
JOURNEYS = """
select path, count(*) filter (where converted) as conversions,
    count(*) filter (where not converted) as nulls
from (
    select
        string_agg(touches.channel, '>' order by touches.touch_at, touches.touch_id) as path,
        any_value(journeys.converted) as converted
    from touches
    inner join journeys
        on touches.journey_id = journeys.journey_id
    group by touches.journey_id
) as paths
group by path
"""


# --- all models, as a build runs them

STEPS = (
    "int_paths__touches", "int_paths__transitions", "int_paths__sets", "int_channels__effects",
    "int_touches__weighted", "int_credits__shared",
)  # fmt: skip

# What these models read, of invented journeys: one that converts is an order at its last touch.
UPSTREAM = """
create schema intermediate;
create schema marts.marts;
create table marts.marts.fct_order as
select cast(journey_id as varchar) as order_key, cast(journey_id as varchar) as person_id,
    false as is_credit_note, max(touch_at) as ordered_at, cast(max(touch_at) as date) as order_date,
    99.95::decimal(18, 4) as net_amount,
    99.95::decimal(18, 4) as net_amount_reporting
from made.touches inner join made.journeys using (journey_id) where converted group by journey_id;
create table intermediate.int_touches__unioned as
select cast(journey_id as varchar) as order_key, cast(touch_id as varchar) as touch_id, touch_at,
    channel
from made.touches inner join made.journeys using (journey_id) where converted;
create table marts.marts.fct_session as
select cast(touch_id as varchar) as session_key, cast(journey_id as varchar) as visitor_id,
    touch_at as started_at, channel
from made.touches inner join made.journeys using (journey_id) where not converted;
create table intermediate.int_visitors__linked as
select visitor_id, visitor_id as person_id, min(started_at) as linked_since
from marts.marts.fct_session group by visitor_id;
create table intermediate.int_persons__unioned as
select person_id, ordered_at - interval 5 day as known_since from marts.marts.fct_order;
create table intermediate.int_order_costs__summed as
select order_key, 40::decimal(18, 4) as cost_reporting from marts.marts.fct_order;
"""


def prepare(path: Path) -> Path:
    """A warehouse beside the journeys that holds what the models read."""
    home = path.parent / "warehouse"
    home.mkdir()
    with duck.in_memory() as connection:
        connection.execute(f"attach '{path}' as made (read_only)")
        connection.execute(f"attach '{home / 'marts.duckdb'}' as marts (storage_version 'v1.2.0')")
        connection.execute(f"attach '{home / 'warehouse.duckdb'}' as warehouse")
        connection.execute(f"set temp_directory = '{home / 'tmp'}'")
        connection.execute("use warehouse")
        connection.execute(UPSTREAM)
    return home


def all_models(home: Path) -> Cost:
    """What dbt takes for the models, its own start apart, and the credits of them.

    Markov credits each order with the touches that it has, and not all orders as one: only the
    heuristics are to be compared.
    """
    environment = os.environ | {
        "SMM_LAKE": str(home / "lake"),
        "SMM_WAREHOUSE_DIR": str(home),
        "SMM_REPORTING_CURRENCY": "USD",
        "SMM_REPORTING_TIMEZONE": "UTC",
        "SMM_MIN_SEGMENT_SIZE": "20",
    }
    common = ["--target-path", str(home / "target"), "--log-path", str(home), "--quiet"]
    spent: list[resource.struct_rusage] = []
    for arguments in (["parse", "--no-partial-parse"], ["run", "--select", *STEPS]):
        began = time.perf_counter()
        done = subprocess.Popen(
            [executable(), *arguments, "--profiles-dir", ".", *common],
            cwd=PROJECT_DIR,
            env=environment,
        )
        _, status, used = os.wait4(done.pid, 0)
        if status:
            raise RuntimeError(f"dbt {arguments[0]} failed: see {home}")
        spent.append(used)
    wall = time.perf_counter() - began
    start, run = (used.ru_utime + used.ru_stime for used in spent)
    made = in_new_process(credits_made, home)
    peak = max(peak_mb(spent[-1]), made.peak_mb)
    return Cost(run - start + made.cpu, wall + made.wall, peak, made.credits)


def credits_made(home: Path) -> Cost:
    """What the credits take, which dbt has as a view: the rows that fct_touch_credit is made of."""
    names = {"first_touch": "first", "last_touch": "last", "linear": "linear"}
    credited: dict[str, dict[str, float]] = {name: {} for name in names.values()}
    limit = Settings.model_fields["memory_limit"].default
    with duck.in_memory() as connection:
        for name in ("marts", "warehouse"):
            connection.execute(f"attach '{home / name}.duckdb' as {name}")
        connection.execute(f"set memory_limit = '{limit}'; set temp_directory = '{home / 'tmp'}'")
        connection.execute("set preserve_insertion_order = false; use warehouse.intermediate")
        before, began = cpu(), time.perf_counter()
        connection.execute("create table credits as select * from int_credits__shared")
        spent, wall = cpu() - before, time.perf_counter() - began
        rows = duck.rows(
            connection,
            """
            select attribution_model as model, channel, sum(credit)::double as credit
            from credits inner join int_touches__unioned using (order_key, touch_id)
            group by all
            """,
        )
    for row in rows:
        if row["model"] in names:
            credited[names[row["model"]]][row["channel"]] = row["credit"]
    return Cost(spent, wall, peak_mb(), credited)


# --- contestants


def ours(connection: duck.Connection) -> Credits:
    """Counting in SQL, and the chain."""
    # Of ten million journeys more than 572 MB are sorted, and spilling them takes half of the time.
    connection.execute("set memory_limit = '2GB'")
    connection.execute(f"create temp table counts as {COUNTS}")
    rules = duck.rows(connection, HEURISTICS)
    credited = {
        model: {row["channel"]: float(row[model]) for row in rules} for model in MODELS[:-1]
    }
    conversions = sum(credited["last"].values())
    shares = markov(duck.table(connection, TRANSITIONS)).to_pylist()
    return credited | {
        "markov": {row["channel"]: float(row["share"]) * conversions for row in shares}
    }


def peer(connection: duck.Connection) -> Credits:
    """ChannelAttribution, as its manual calls it."""
    from ChannelAttribution import heuristic_models, markov_model

    # It takes journeys whole, as text: of ten million more than a build is allowed.
    connection.execute("set memory_limit = '8GB'")
    journeys = duck.table(connection, JOURNEYS).to_pandas()
    rules = heuristic_models(journeys, "path", "conversions", flg_pro=False)
    chain = markov_model(
        journeys, "path", "conversions", var_null="nulls", verbose=False, flg_pro=False
    )
    names = [f"{model}_touch" for model in MODELS[:-1]]
    return {
        **{
            model: dict(zip(rules["channel_name"], rules[name], strict=True))
            for model, name in zip(MODELS, names, strict=False)
        },
        "markov": dict(zip(chain["channel_name"], chain["total_conversions"], strict=True)),
    }


CONTESTANTS: dict[str, Callable[[duck.Connection], Credits]] = {
    "ours": ours,
    "ChannelAttribution": peer,
}


# --- measuring


def measured(contestant: str, path: Path) -> Cost:
    """The cost of a contestant in a new process."""
    return in_new_process(_run, contestant, path)


def _run(contestant: str, path: Path) -> Cost:
    if contestant in PEER:
        import ChannelAttribution  # noqa: F401 - loaded before the clock starts
    with duck.connect(path) as connection:
        connection.execute("set enable_progress_bar = false")
        before, began = cpu(), time.perf_counter()
        found = CONTESTANTS[contestant](connection)
        spent, wall = cpu() - before, time.perf_counter() - began
    return Cost(spent, wall, peak_mb(), found)


def apart_from(one: Mapping[str, float], other: Mapping[str, float]) -> float:
    """How much of all credit two models give to different channels."""
    apart = sum(abs(one.get(name, 0) - other.get(name, 0)) for name in {*one, *other})
    return apart / 2 / sum(one.values())


def shown(title: str, costs: Mapping[str, Cost]) -> Table:
    """What each contestant took, and how far its credits are from ours."""
    table = Table(title=title)
    for column in ("", "CPU s", "wall s", "peak MB", *(f"{model} apart" for model in MODELS)):
        table.add_column(column, justify="right" if column else "left")
    for name, cost in costs.items():
        figures = (f"{cost.cpu:.2f}", f"{cost.wall:.2f}", f"{cost.peak_mb:.0f}")
        apart = (
            f"{apart_from(costs['ours'].credits[each], cost.credits[each]):.2%}"
            if each in cost.credits
            else ""
            for each in MODELS
        )
        table.add_row(name, *figures, *apart)
    return table


def main() -> None:
    """Measure every contestant over each number of journeys and print a table of each."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.attribution", description="Attribution from touch rows."
    )
    parser.add_argument(
        "--journeys",
        type=int,
        nargs="+",
        default=[10_000, 1_000_000, 10_000_000],
        help="how many (10000 1000000 10000000; the last take ten minutes)",
    )
    console = Console()
    missing = [name for name in PEER if importlib.util.find_spec(name) is None]
    if missing:
        console.print(f"ChannelAttribution is not measured: no {' and no '.join(missing)}")
    for journeys in parser.parse_args().journeys:
        with tempfile.TemporaryDirectory() as directory:
            path = Path(directory) / "touches.duckdb"
            touches = invent(path, journeys)
            names = ["ours"] if missing else list(CONTESTANTS)
            costs = {name: measured(name, path) for name in names}
            costs["all models"] = all_models(prepare(path))
        title = f"{journeys:,} journeys, {touches:,} touches, {CHANNELS} channels"
        console.print(shown(title, costs))


if __name__ == "__main__":
    main()
