"""The people whom the shop knows, and who is who on the platforms.

Belongs here: identities. Does not: what they buy (`orders`) or write (`social`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from pipelines.sandbox.world import tables
from pipelines.sandbox.world.calendar import DAY
from pipelines.sandbox.world.catalogue import MARKET_STEP
from pipelines.sandbox.world.config import MARKETS, WorldConfig
from pipelines.sandbox.world.demand import GENDERS, Demand, traits
from pipelines.sandbox.world.draws import Array, Draws, mix
from pipelines.sandbox.world.frame import Frame, arrow, concat, dates, instants, whole, words
from pipelines.sandbox.world.texts import CREATOR_NAMES, FIRST_NAMES, LAST_NAMES, MEDIA_NAMES
from pipelines.sandbox.world.traffic import person_ids, place_names

CUSTOMER_BASE, ID_STEP = 7_100_000_000_000, 4_096
FACEBOOK_BASE, FACEBOOK_SPAN = 24_000_000_000_000_000, 4_000_000_000_000_000
CONSENTS = ("SUBSCRIBED", "NOT_SUBSCRIBED", "UNSUBSCRIBED")
STAKEHOLDERS = ("customer", "employee", "creator", "media", "public")
CUSTOMER, EMPLOYEE, CREATOR, MEDIA, PUBLIC = range(5)
# Declared people of each market, and the public that writes on pages per 1,000 customers.
STAFF = {EMPLOYEE: (18, 6), CREATOR: (24, 8), MEDIA: (9, 4)}
PUBLIC_PER_CUSTOMER = 0.08
MAIL_HOSTS = ("gmail.com", "example.com", "example.org", "example.net")


@dataclass(frozen=True)
class Known:
    """Customers in the order in which the shop came to know them, and everyone who writes.

    - `customers`: key, person (index into demand's persons, −1 for a mere account), market, at,
      customer (id);
    - `customer_of_person`: the id of each of demand's persons;
    - `writers`: key, market, kind, facebook (id), customer (id or −1), at.
    """

    customers: Frame
    customer_of_person: Array
    writers: Frame


def known_people(config: WorldConfig, draws: Draws, wanted: Demand, orders: Frame) -> Known:
    """Who becomes known to the shop, and when."""
    n_persons = len(wanted.persons)
    since = np.full(n_persons, np.iinfo(np.int64).max)
    np.minimum.at(since, orders["person"], orders["created"] - 30)
    buyers = Frame(
        key=wanted.persons["key"],
        person=np.arange(n_persons),
        market=wanted.persons["market"],
        at=since,
    )
    accounts = wanted.accounts.plus(person=-1)
    columns = ("key", "person", "market", "at")
    rows = concat([buyers, accounts], columns).sorted_by("market", "at", "key")
    starts = np.searchsorted(rows["market"], np.arange(len(MARKETS)))
    serial = np.arange(len(rows)) - starts[rows["market"]]
    rows = rows.plus(
        serial=serial, customer=CUSTOMER_BASE + rows["market"] * MARKET_STEP + serial * ID_STEP
    )
    customer_of_person = np.empty(n_persons, np.int64)
    is_buyer = rows["person"] >= 0
    customer_of_person[rows["person"][is_buyer]] = rows["customer"][is_buyer]
    return Known(rows, customer_of_person, _writers(config, draws, rows))


def facebook_ids(keys: Array) -> Array:
    """The page-scoped number of each person."""
    return FACEBOOK_BASE + (mix(keys, 77) % np.uint64(FACEBOOK_SPAN)).astype(np.int64)


def _writers(config: WorldConfig, draws: Draws, customers: Frame) -> Frame:
    on_facebook = customers.take(draws.chance("person/facebook", customers["key"], 0.25))
    parts = [on_facebook.plus(kind=CUSTOMER)]
    for code, market in enumerate(MARKETS):
        crowd = max(int(config.size * market.share * PUBLIC_PER_CUSTOMER), 10)
        for kind, count in [
            *((kind, counts[code]) for kind, counts in STAFF.items()),
            (PUBLIC, crowd),
        ]:
            key = mix(code, kind, np.arange(count), 13)
            parts.append(
                Frame(
                    key=key,
                    market=np.full(count, code),
                    kind=np.full(count, kind),
                    customer=np.full(count, -1),
                    at=np.zeros(count, np.int64),
                )
            )
    rows = concat(parts, ("key", "market", "kind", "customer", "at"))
    return rows.plus(facebook=facebook_ids(rows["key"])).sorted_by("market", "kind", "at", "key")


def customer_table(config: WorldConfig, draws: Draws, known: Known) -> pa.Table:
    """`customers`, with CRM membership still to come; `World.at` hides what is."""
    c = known.customers
    key, market = c["key"], c["market"]
    who = traits(config, draws, key, market)
    first, last = person_names(draws, key, market, who["gender"])
    told = draws.chance("person/told", key, 0.62)
    joins = draws.chance("crm/joins", key, 0.55)
    joined = c["at"] + 60 + draws.exponential("crm/joined", key, 6.0 * DAY).astype(np.int64)
    facebook = np.where(draws.chance("person/facebook", key, 0.25), facebook_ids(key), -1)
    return arrow(
        tables.CUSTOMERS,
        {
            "market": words([m.code for m in MARKETS], market),
            "person_id": person_ids(key),
            "customer_id": c["customer"],
            "email": _emails(draws, c, first, last),
            "phone": phones(draws, key, market),
            "first_name": first,
            "last_name": last,
            "gender": words(GENDERS, np.where(told, who["gender"], -1)),
            "birth_date": dates(np.where(told, np.maximum(who["birth"], 0), -1)),
            "country_code": words([m.country_code for m in MARKETS], market),
            "province": place_names(market, who["region"], None),
            "city": place_names(market, who["region"], who["city"]),
            "created_at": instants(c["at"]),
            "updated_at_initial": instants(c["at"] + 5),
            "facebook_user_id": whole(facebook).cast(pa.string()),
            "crm_member": joins,
            "crm_joined_at": instants(np.where(joins, joined, -1)),
            "marketing_state": words(
                CONSENTS, draws.choice("person/consent", key, (0.62, 0.3, 0.08))
            ),
            "stakeholder": words(STAKEHOLDERS, np.zeros(len(c), int)),
        },
    )


def person_names(
    draws: Draws, key: Array, market: Array, gender: Array
) -> tuple[list[str], list[str]]:
    """First and last name of each person, by market and gender."""
    first, last = np.empty(len(key), object), np.empty(len(key), object)
    for code, place in enumerate(MARKETS):
        mine = np.flatnonzero(market == code)
        family = np.array(LAST_NAMES[place.code], object)
        last[mine] = family[draws.below("name/last", key[mine], len(family))]
        for number, name in enumerate(GENDERS[:2]):
            some = mine[gender[mine] == number]
            given = np.array(FIRST_NAMES[place.code, name], object)
            first[some] = given[draws.below("name/first", key[some], len(given))]
    return first.tolist(), last.tolist()


def _emails(draws: Draws, rows: Frame, first: list[str], last: list[str]) -> list[str]:
    """Addresses as people type them: dots, numbers, and now and then a capital."""
    key = rows["key"]
    host = draws.choice("mail/host", key, (0.6, 0.2, 0.1, 0.1)).tolist()
    joint = draws.choice("mail/joint", key, (0.6, 0.3, 0.1)).tolist()
    typed = draws.chance("mail/capitals", key, 0.06).tolist()
    serials = (rows["serial"] * 2 + rows["market"]).tolist()
    made = []
    for given, family, h, j, capital, serial in zip(
        first, last, host, joint, typed, serials, strict=True
    ):
        address = f"{given}{('.', '', '_')[j]}{family}{serial}@{MAIL_HOSTS[h]}"
        made.append(address if capital else address.lower())
    return made


def phones(draws: Draws, key: Array, market: Array) -> list[str | None]:
    """Mobile numbers in E.164; None for those who gave none."""
    has = draws.chance("phone/has", key, 0.85).tolist()
    prefixes = ("812", "813", "821", "852", "857", "878", "896")
    prefix = draws.below("phone/prefix", key, len(prefixes)).tolist()
    local = draws.below("phone/number", key, 100_000_000).tolist()
    return [
        None
        if not given
        else f"+62{prefixes[p]}{n:08d}"
        if code == 0
        else f"+1{200 + n // 10_000 % 700}555{n % 10_000:04d}"
        for given, p, n, code in zip(has, prefix, local, market.tolist(), strict=True)
    ]


def writer_names(config: WorldConfig, draws: Draws, writers: Frame) -> list[str]:
    """The name under which each writer is seen."""
    who = traits(config, draws, writers["key"], writers["market"])
    first, last = person_names(draws, writers["key"], writers["market"], who["gender"])
    picks = draws.below("name/brand", writers["key"], 60).tolist()
    shown = {CREATOR: CREATOR_NAMES, MEDIA: MEDIA_NAMES}
    return [
        shown[k][p % len(shown[k])] + f" {p}" if k in shown else f"{given} {family}"
        for k, p, given, family in zip(writers["kind"].tolist(), picks, first, last, strict=True)
    ]


def people_table(config: WorldConfig, draws: Draws, known: Known) -> pa.Table:
    """`people`: customers, and everyone else who writes on the pages."""
    others = known.writers.take(known.writers["customer"] < 0)
    shoppers = known.customers.plus(
        kind=CUSTOMER,
        facebook=np.where(
            draws.chance("person/facebook", known.customers["key"], 0.25),
            facebook_ids(known.customers["key"]),
            -1,
        ),
    )
    columns = ("key", "market", "kind", "facebook", "customer", "at")
    rows = concat([shoppers, others], columns)
    rows = rows.plus(id=person_ids(rows["key"])).sorted_by("market", "id")
    who = traits(config, draws, rows["key"], rows["market"])
    listed = (rows["kind"] != CUSTOMER) & (rows["kind"] != PUBLIC)
    fame = np.array([-1, 400, 40_000, 250_000, 300])[rows["kind"]]
    followers = np.where(fame > 0, fame * draws.lognormal("person/fame", rows["key"], 0.8), -1)
    return arrow(
        tables.PEOPLE,
        {
            "market": words([m.code for m in MARKETS], rows["market"]),
            "person_id": rows["id"],
            "kind": words(STAKEHOLDERS, rows["kind"]),
            "facebook_user_id": whole(rows["facebook"]).cast(pa.string()),
            "customer_id": whole(rows["customer"]),
            "name": writer_names(config, draws, rows),
            "email": _staff_emails(rows),
            "gender": words(GENDERS, who["gender"]),
            "birth_date": dates(np.maximum(who["birth"], 0)),
            "followers": whole(followers.astype(np.int64)),
            "listed": listed,
            "known_at": instants(rows["at"]),
        },
    )


def _staff_emails(rows: Frame) -> list[str | None]:
    numbers = (rows["key"] % np.uint64(1_000_000)).tolist()
    return [
        f"team{number}@sarilaut.example" if kind == EMPLOYEE else None
        for kind, number in zip(rows["kind"].tolist(), numbers, strict=True)
    ]
