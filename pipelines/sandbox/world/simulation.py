"""Building a world: the order in which its parts are drawn, and how they are joined."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pyarrow as pa

from pipelines.sandbox.world.advertising import ad_tables
from pipelines.sandbox.world.calendar import calendar
from pipelines.sandbox.world.campaigns import campaign_tables, geo_test_slug, plan
from pipelines.sandbox.world.catalogue import product_tables
from pipelines.sandbox.world.channels import channel_tables
from pipelines.sandbox.world.config import MARKETS, WorldConfig, naive_utc
from pipelines.sandbox.world.customers import Known, customer_table, known_people, people_table
from pipelines.sandbox.world.demand import demand
from pipelines.sandbox.world.draws import Array, Draws
from pipelines.sandbox.world.frame import Frame
from pipelines.sandbox.world.fx import fx_table
from pipelines.sandbox.world.geo_test import experiment_table
from pipelines.sandbox.world.orders import sales, sales_tables
from pipelines.sandbox.world.outlets import outlet_tables
from pipelines.sandbox.world.social import social_tables
from pipelines.sandbox.world.traffic import Traffic, session_table, signs_in, touches, traffic
from pipelines.sandbox.world.word_of_mouth import share_table, spread
from pipelines.sandbox.world.world import World


def build_world(config: WorldConfig, until: datetime) -> World:
    """The world up to that instant (UTC). A later `until` never changes what was before it."""
    until = naive_utc(until)
    world = World.cut(config, until, _drawn(config, until))
    # What the drawing needed is not wanted back soon: the world is small beside it.
    pa.default_memory_pool().release_unused()
    return world


def _drawn(config: WorldConfig, until: datetime) -> dict[str, pa.Table]:
    """Every table, with all that is yet to come of what has begun."""
    draws = Draws(config.seed)
    calendars = tuple(calendar(config, market, until) for market in MARKETS)
    campaigns = plan(config, draws, calendars)
    wanted = demand(config, draws, calendars, campaigns)
    told = spread(
        draws, calendars, campaigns, wanted, touches(config, draws, calendars, campaigns, wanted)
    )
    wanted, moved = told.wanted, traffic(draws, told.touches)
    sold = sales(config, draws, calendars, wanted, moved)
    known = known_people(config, draws, wanted, sold.orders)
    customer_of_order = known.customer_of_person[sold.orders["person"]]
    customers = customer_table(config, draws, known)
    advertised = campaign_tables(draws, calendars, campaigns)
    fx = fx_table(draws, config.start, calendars[0].days)
    return {
        **product_tables(int(calendars[0].midnights[0])),
        **advertised,
        "experiments": experiment_table(config, draws, calendars[0], geo_test_slug(campaigns)),
        **ad_tables(config, draws, calendars, campaigns, wanted, moved, sold.orders),
        **sales_tables(sold, customer_of_order, moved, campaigns, told.shares),
        "shares": share_table(told.shares, known.customer_of_person),
        **social_tables(config, draws, calendars, known),
        **channel_tables(config, draws, calendars, known),
        "sessions": session_table(
            config,
            draws,
            campaigns,
            told.shares,
            _visits(draws, moved, sold.orders, known, until),
        ),
        "customers": customers,
        "people": people_table(config, draws, known),
        "fx": fx,
        **outlet_tables(config, draws, calendars[0], customers, advertised["campaigns"], fx),
    }


def _visits(draws: Draws, moved: Traffic, orders: Frame, known: Known, until: datetime) -> Frame:
    """The visits so far, with the order that each placed and the customer it told of itself."""
    placed = np.full(len(moved.visits), -1)
    bought = orders["visit"] >= 0
    placed[orders["visit"][bought]] = orders["order"][bought]
    visits = moved.visits.plus(order=placed)
    visits = visits.take(visits["at"] <= int(until.replace(tzinfo=UTC).timestamp()))
    return visits.plus(customer=_signed_in(draws, visits, known))


def _signed_in(draws: Draws, visits: Frame, known: Known) -> Array:
    """The customer whom each visit tells of: buyers, and some who had an account by then."""
    by_key = known.customers.sorted_by("key")
    place = np.minimum(np.searchsorted(by_key["key"], visits["person_key"]), len(by_key) - 1)
    same = by_key["key"][place] == visits["person_key"]
    had_account = same & (by_key["at"][place] <= visits["at"])
    return np.where(
        (had_account & signs_in(draws, visits)) | (same & visits["buys"]),
        by_key["customer"][place],
        -1,
    )
