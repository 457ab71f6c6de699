"""Word of mouth: customers share a link, friends visit by it, some buy, and share in their turn.

Belongs here: who shares what and when, and the visits and purchases that would not be without it.
Does not: how a share is named (`sharing`) or worded as an event (`events`).

A share is made while the customer is known to the site: signed in, or right after an order. Friends
are new to the shop; those who buy are customers like any other, with `word_of_mouth` as the cause
of their first purchase and `word_of_mouth_repeat` of those that follow. Nothing else in the world
depends on them but who writes on social media: what is drawn without them stays as it was.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from pipelines.sandbox.world import tables
from pipelines.sandbox.world.calendar import DAY, Calendar
from pipelines.sandbox.world.campaigns import Plan
from pipelines.sandbox.world.config import MARKETS
from pipelines.sandbox.world.demand import (
    PURCHASE,
    WORD_OF_MOUTH,
    WORD_OF_MOUTH_REPEAT,
    Demand,
    ordered_at,
    repeats,
)
from pipelines.sandbox.world.draws import Array, Draws, expand, mix
from pipelines.sandbox.world.frame import Frame, arrow, concat, instants, words
from pipelines.sandbox.world.sharing import ITEMS, METHOD_MIX, methods, share_ids, share_links
from pipelines.sandbox.world.traffic import (
    TOUCH,
    browser_ids,
    browsers,
    person_ids,
    signs_in,
    touches_by_links,
)

# Chance that a visit of a known customer has a share in it: about one active customer in twenty
# shares in a month.
SHARING = 0.07
SHARES_AT_ONCE = (0.82, 0.14, 0.04)
# Friends who follow a shared link, and the part of them that it makes customers.
VISITS_PER_SHARE, WON = 0.8, 0.14
# A link is passed on so many times at most.
DEPTH = 4
SHARE = ("key", "market", "person", "person_key", "browser", "session", "at", "method", "item")
SHARE_OF = ("depth", "parent")


@dataclass(frozen=True)
class Spread:
    """What word of mouth makes of demand and of visits.

    - `wanted`: demand with the persons and purchases that shares brought after all others;
      purchases have `share`, the one without which they would not be (−1 without);
    - `touches`: visits likewise, with `shares`, how many are made in each;
    - `shares`: SHARE columns, `depth` (0 for a customer whom no share won) and `parent`, the share
      that won the customer (−1 without).
    """

    wanted: Demand
    touches: Frame
    shares: Frame


def spread(
    draws: Draws, calendars: tuple[Calendar, ...], of: Plan, wanted: Demand, touches: Frame
) -> Spread:
    """Draw all shares, step by step: those of customers, then those of whom these won."""
    persons, purchases = wanted.persons.plus(share=-1), wanted.purchases.plus(share=-1)
    every: list[tuple[Demand, Frame]] = []
    spoken: list[Frame] = []
    known, met = Demand(persons, purchases, wanted.clicks, wanted.accounts), touches
    for depth in range(DEPTH):
        row, made = _shares(draws, known, met)
        parent = known.persons["share"][made["person"]]
        before = sum(len(earlier.persons) for earlier, _ in every)
        made = made.plus(depth=depth, parent=parent, person=made["person"] + before)
        every.append((known, met.plus(shares=np.bincount(row, minlength=len(met)))))
        known, met = _brought(draws, calendars, of, made, sum(len(one) for one in spoken))
        spoken.append(made)
    every.append((known, met.plus(shares=0)))
    return _joined(wanted, every, concat(spoken, (*SHARE, *SHARE_OF)))


def _shares(draws: Draws, known: Demand, touches: Frame) -> tuple[Array, Frame]:
    """The visit in which each share is made, and the shares."""
    ordered = ordered_at(draws, known.purchases)
    # The last place is that of whoever never buys: −1.
    bought = np.full(len(known.persons) + 1, np.iinfo(np.int64).max)
    np.minimum.at(bought, known.purchases["person"], ordered)
    row = np.flatnonzero(draws.chance("share", touches["key"], SHARING))
    visits = touches.take(row)
    person = _persons(known, visits["person_key"])
    familiar = (visits["at"] >= bought[person]) & signs_in(draws, visits)
    fit = familiar | visits["buys"]
    row, visits, person = row[fit], visits.take(fit), person[fit]
    after = np.where(visits["buys"], ordered[visits["purchase"]], visits["at"])
    visit, place = expand(1 + draws.choice("share/count", visits["key"], SHARES_AT_ONCE))
    key = draws.bits("share/key", mix(visits["key"][visit], place))
    browser, _ = browsers(draws, visits)
    shares = Frame(
        key=key,
        market=visits["market"][visit],
        person=person[visit],
        person_key=visits["person_key"][visit],
        browser=browser[visit],
        session=visits["at"][visit],
        at=after[visit] + 15 + draws.below("share/second", key, 40) + 45 * place,
        method=draws.choice("share/method", key, METHOD_MIX),
        item=draws.below("share/item", key, len(ITEMS)),
    )
    return row[visit], shares


def _persons(known: Demand, keys: Array) -> Array:
    """The index of each person; −1 for whoever never buys."""
    if not len(known.persons):
        return np.full(len(keys), -1)
    order = np.argsort(known.persons["key"])
    mine = known.persons["key"][order]
    place = np.minimum(np.searchsorted(mine, keys), len(mine) - 1)
    return np.where(mine[place] == keys, order[place], -1)


def _brought(
    draws: Draws, calendars: tuple[Calendar, ...], of: Plan, shares: Frame, first: int
) -> tuple[Demand, Frame]:
    """The persons whom shares won, with their purchases, and all visits that shares brought.

    `first` is the number of the first of these shares.
    """
    clicks = _clicks(draws, calendars, shares, first)
    won = np.flatnonzero(clicks["wins"])
    persons = Frame(
        key=clicks["person_key"][won],
        market=clicks["market"][won],
        at=clicks["buys_at"][won],
        campaign=np.full(len(won), -1),
        share=clicks["share"][won],
    )
    firsts = Frame(
        key=mix(persons["key"], 0) if len(won) else persons["key"],
        person=np.arange(len(won)),
        market=persons["market"],
        at=persons["at"],
        number=np.zeros(len(won), np.int64),
        cause=np.full(len(won), WORD_OF_MOUTH),
        campaign=persons["campaign"],
        click=won,
    )
    again = repeats(draws, calendars, persons).plus(cause=WORD_OF_MOUTH_REPEAT)
    purchases = concat([firsts, again], PURCHASE)
    purchases = purchases.plus(share=persons["share"][purchases["person"]])
    known = Demand(persons, purchases, clicks, clicks.take(np.zeros(len(clicks), bool)))
    return known, touches_by_links(draws, calendars, of, known)


def _clicks(draws: Draws, calendars: tuple[Calendar, ...], shares: Frame, first: int) -> Frame:
    """The visits of friends by the shared links themselves."""
    count = draws.poisson("share/visits", shares["key"], np.full(len(shares), VISITS_PER_SHARE))
    share, place = expand(count)
    key = draws.bits("share/visit", mix(shares["key"][share], place))
    wait = 300 + np.minimum(draws.exponential("share/wait", key, 1.2 * DAY), 13 * DAY)
    at, market = shares["at"][share] + wait.astype(np.int64), shares["market"][share]
    mood, inside = np.ones(len(key)), np.zeros(len(key), bool)
    for code, calendar in enumerate(calendars):
        mine = np.flatnonzero(market == code)
        inside[mine] = calendar.holds(at[mine])
        mood[mine] = calendar.crisis[calendar.day_of(at[mine])]
    at_once = draws.chance("share/at_once", key, 0.45)
    delay = 1800 + np.minimum(draws.exponential("share/delay", key, 1.5 * DAY), 6.4 * DAY)
    return Frame(
        key=key,
        person_key=draws.bits("share/person", key),
        market=market,
        campaign=np.full(len(key), -1),
        ad=np.full(len(key), -1),
        share=share + first,
        at=at,
        visit=np.ones(len(key), bool),
        wins=draws.chance("share/wins", key, WON * mood),
        at_once=at_once,
        buys_at=np.where(at_once, at, at + delay.astype(np.int64)),
    ).take(inside)


def _joined(wanted: Demand, steps: list[tuple[Demand, Frame]], shares: Frame) -> Spread:
    """All steps as one: persons and purchases are numbered through."""
    persons, purchases, touches = [], [], []
    n_persons = n_purchases = 0
    for step, (known, met) in enumerate(steps):
        bought = met["purchase"]
        touches.append(met.plus(purchase=np.where(bought >= 0, bought + n_purchases, -1)))
        persons.append(known.persons)
        # Only the clicks of ads are kept.
        click = known.purchases["click"] if step == 0 else -1
        made = known.purchases.plus(person=known.purchases["person"] + n_persons, click=click)
        purchases.append(made)
        n_persons, n_purchases = n_persons + len(known.persons), n_purchases + len(made)
    return Spread(
        wanted=Demand(
            persons=concat(persons, ("key", "market", "at", "campaign", "share")),
            purchases=concat(purchases, (*PURCHASE, "share")),
            clicks=wanted.clicks,
            accounts=wanted.accounts,
        ),
        touches=concat(touches, (*TOUCH, "shares")),
        shares=shares,
    )


def share_table(shares: Frame, customer_of_person: Array) -> pa.Table:
    """`shares`, with all that is still to come."""
    ids = share_ids(shares)
    table = arrow(
        tables.SHARES,
        {
            "market": words([m.code for m in MARKETS], shares["market"]),
            "share_id": ids,
            "person_id": person_ids(shares["person_key"]),
            "customer_id": customer_of_person[shares["person"]],
            "user_pseudo_id": browser_ids(shares["browser"]),
            "session_id": shares["session"],
            "shared_at": instants(shares["at"]),
            "method": methods(shares["method"]),
            "item_id": words(ITEMS, shares["item"]),
            "link": share_links(shares),
            "depth": shares["depth"],
            "parent_share_id": words(ids, shares["parent"]),
        },
    )
    keys = [(name, "ascending") for name in tables.SORTED_BY["shares"]]
    return table.sort_by(keys).combine_chunks()
