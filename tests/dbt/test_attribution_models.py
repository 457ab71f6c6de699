"""Every attribution model against its definition, over thousands of paths and over strange ones.

The models' SQL runs as a build runs it, over touches that are written here instead of found.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
from dbt_warehouse import Warehouse, emptied
from handmade_lake import HandmadeLake
from reference_attribution import (
    MODELS,
    UNITS,
    Journey,
    Touch,
    credits_of,
    markov_shares,
    rounded,
    shapley_shares,
)

CHANNELS = ("paid_social", "paid_search", "email", "organic_social", "organic_search", "direct")
BEGAN = datetime.fromisoformat("2026-01-01")
ORDERED = BEGAN + timedelta(days=40)
STEPS = (
    "int_paths__touches", "int_paths__transitions", "int_paths__sets", "int_channels__effects",
    "int_touches__weighted", "int_credits__shared",
)  # fmt: skip
UPSTREAM = {
    "marts.marts.fct_order": (
        "order_key varchar, person_id varchar, is_credit_note boolean, ordered_at timestamp,"
        " order_date date, net_amount decimal(18, 4), net_amount_reporting decimal(18, 4)"
    ),
    "marts.marts.fct_session": (
        "session_key varchar, visitor_id varchar, started_at timestamp, channel varchar"
    ),
    "intermediate.int_visitors__linked": (
        "visitor_id varchar, person_id varchar, linked_since timestamp"
    ),
    "intermediate.int_persons__unioned": "person_id varchar, known_since timestamp",
    "intermediate.int_order_costs__summed": "order_key varchar, cost_reporting decimal(18, 4)",
    "intermediate.int_touches__unioned": (
        "order_key varchar, touch_id varchar, touch_at timestamp, channel varchar"
    ),
}
Credited = dict[tuple[str, str, str], Decimal]
Attribute = Callable[..., Credited]


@pytest.fixture
def attribute(home: Path) -> Attribute:
    """Runs the models over journeys and other visits; gives credits by order, model, touch."""
    lake = HandmadeLake(emptied(home / "lake"))

    def run(
        journeys: Sequence[Journey], visits: Sequence[Touch] = (), *, seed: int = 0
    ) -> Credited:
        warehouse = Warehouse(emptied(home / "warehouse"), lake.root)
        _write(warehouse, journeys, visits, random.Random(seed))
        warehouse.dbt("run", "--select", *STEPS)
        _assert_conserved(warehouse, journeys)
        return {
            tuple(key): credit
            for *key, credit in warehouse.inside(
                "select order_key, attribution_model, touch_id, credit"
                " from intermediate.int_credits__shared"
            )
        }

    return run


def _write(
    warehouse: Warehouse,
    journeys: Sequence[Journey],
    visits: Sequence[Touch],
    chance: random.Random,
) -> None:
    """The tables that the models read, their rows in any order."""
    orders = [
        (each.order, each.order, False, each.ordered_at, each.ordered_at.date(), each.net, each.net)
        for each in journeys
    ]
    touches = [
        (each.order, touch.touch_id, touch.at, touch.channel)
        for each in journeys
        for touch in each.touches
    ]
    rows: dict[str, list[tuple[object, ...]]] = {
        "marts.marts.fct_order": orders,
        "marts.marts.fct_session": [
            (each.touch_id, each.touch_id, each.at, each.channel) for each in visits
        ],
        "intermediate.int_visitors__linked": [
            (each.touch_id, each.touch_id, each.at) for each in visits
        ],
        "intermediate.int_persons__unioned": [(each.order, each.known_since) for each in journeys],
        "intermediate.int_touches__unioned": touches,
    }
    with duckdb.connect(str(warehouse.directory / "warehouse.duckdb")) as connection:
        connection.execute(
            f"attach '{warehouse.directory / 'marts.duckdb'}' as marts (storage_version 'v1.2.0')"
        )
        connection.execute("create schema intermediate; create schema marts.marts")
        for name, columns in UPSTREAM.items():
            connection.execute(f"create table {name} ({columns})")
            found = rows.get(name, [])
            chance.shuffle(found)
            if found:
                names = [column.split()[0] for column in columns.replace("(18, 4)", "").split(", ")]
                table = pa.table(dict(zip(names, zip(*found, strict=True), strict=True)))
                connection.register("found", table)
                connection.execute(f"insert into {name} from found")


def _assert_conserved(warehouse: Warehouse, journeys: Sequence[Journey]) -> None:
    """Of each order each model credits exactly one, and exactly its money."""
    found = warehouse.inside(
        "select order_key, attribution_model, sum(credit), sum(revenue), sum(revenue_reporting)"
        " from intermediate.int_credits__shared group by all"
    )
    expected = {(each.order, model, 1, each.net, each.net) for each in journeys for model in MODELS}
    assert set(found) == expected


def touches_of(name: str, chance: random.Random, count: int, hours: int = 720) -> list[Touch]:
    """So many touches within so many hours, some at the same instant."""
    made = [
        Touch(f"{name}-{number}", BEGAN + timedelta(hours=chance.randrange(hours)), channel)
        for number, channel in enumerate(chance.choices(CHANNELS, k=count))
    ]
    return sorted(made, key=lambda touch: (touch.at, touch.touch_id))


def journey(name: str, chance: random.Random) -> Journey:
    """An order with up to nine touches; its person is known since any time up to the order's."""
    touches = touches_of(name, chance, chance.randint(1, 9))
    known = BEGAN + timedelta(hours=chance.randrange(-200, 800))
    net = Decimal(chance.randrange(-(10**6), 10**9)).scaleb(-4)
    return Journey(name, touches, net, ORDERED, known)


def visits_without_order(count: int, chance: random.Random) -> list[Touch]:
    return [
        replace(touches_of(f"v{number}", chance, 1)[0], touch_id=f"v{number}")
        for number in range(count)
    ]


def expected_credits(journeys: Iterable[Journey], visits: Iterable[Touch]) -> Credited:
    """What the definitions give, as the last decimal holds it."""
    journeys = list(journeys)
    paths = [([touch.channel for touch in each.touches], True) for each in journeys]
    paths += [([visit.channel], False) for visit in visits]
    markov, shapley = markov_shares(paths), shapley_shares(paths)
    found: Credited = defaultdict(Decimal)
    for each in journeys:
        for model, weights in credits_of(each, markov, shapley).items():
            for touch, units in zip(each.touches, rounded(weights, UNITS), strict=True):
                found[each.order, model, touch.touch_id] = Decimal(units).scaleb(-8)
    return {key: credit for key, credit in found.items() if credit}


def test_every_model_credits_two_thousand_paths_as_it_is_defined(attribute: Attribute) -> None:
    """To the unit of the last decimal, the eighth: not one credit differs."""
    chance = random.Random(1)
    journeys = [journey(f"o{number}", chance) for number in range(1200)]
    visits = visits_without_order(800, chance)
    found = {key: credit for key, credit in attribute(journeys, visits).items() if credit}
    expected = expected_credits(journeys, visits)
    apart = {
        key: (found.get(key), expected.get(key))
        for key in found.keys() | expected.keys()
        if found.get(key) != expected.get(key)
    }
    assert apart == {}


def earlier(each: Journey, days: int) -> Journey:
    """The same journey, so many days earlier."""
    ago = timedelta(days=days)
    touches = [replace(touch, at=touch.at - ago) for touch in each.touches]
    return replace(
        each,
        touches=touches,
        ordered_at=each.ordered_at - ago,
        known_since=each.known_since - ago,
    )


def again(each: Journey) -> Journey:
    """The same journey of another order."""
    return replace(each, order=f"{each.order}-again")


def test_neither_the_order_of_rows_nor_the_calendar_changes_a_credit(attribute: Attribute) -> None:
    chance = random.Random(2)
    journeys = [journey(f"o{number}", chance) for number in range(60)]
    found = attribute(journeys)
    assert attribute(journeys, seed=1) == found
    assert attribute([earlier(each, 200) for each in journeys]) == found


def test_the_credits_of_a_month_stand_whatever_later_months_bring(attribute: Attribute) -> None:
    chance = random.Random(5)
    journeys = [earlier(journey(f"o{number}", chance), 60) for number in range(60)]
    found = attribute(journeys)
    later = attribute([*journeys, *(journey(f"later{number}", chance) for number in range(60))])
    assert {key: credit for key, credit in later.items() if "later" not in key[0]} == found


def test_journeys_that_all_come_twice_are_credited_as_before(attribute: Attribute) -> None:
    chance = random.Random(3)
    journeys = [journey(f"o{number}", chance) for number in range(60)]
    found = attribute(journeys)
    twice = attribute([*journeys, *map(again, journeys)])
    assert {key: credit for key, credit in twice.items() if "again" not in key[0]} == found
    assert {(key[0].removesuffix("-again"), *key[1:]) for key in twice} == found.keys()


def test_no_touches_leave_nothing_to_credit_or_whole_orders_unattributed(
    attribute: Attribute,
) -> None:
    assert attribute([]) == {}
    untouched = Journey("o1", [], Decimal("12.3456"), ORDERED, BEGAN)
    assert attribute([untouched]) == {("o1", model, "unattributed"): 1 for model in MODELS}


def test_a_giant_path_and_a_day_of_a_hundred_thousand_touches_are_conserved(
    attribute: Attribute,
) -> None:
    """What is conserved is asserted of every run: credit and money of each order and model."""
    chance = random.Random(4)
    giant = replace(journey("giant", chance), touches=touches_of("giant", chance, 30_000))
    day = [
        replace(each, touches=touches_of(each.order, chance, 10, hours=24))
        for each in (journey(f"o{number}", chance) for number in range(10_000))
    ]
    found = attribute([giant, *day])
    assert found["giant", "linear", giant.touches[-1].touch_id] > 0
