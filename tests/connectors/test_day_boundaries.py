"""Days: which instants belong to one, whose midnight closes it, and what a platform is asked for.

Every stream of the registry is in one of four tables. INSTANTS: its rows carry an instant, which
decides their day. EXPORTS: the same, in files. CLOSED: its rows carry a day that the platform
has closed. PRESENT: it tells only the present; SHOWN are those that list what had been published.
Each runs for accounts in four zones, over ordinary days and over those of 23 and 25 hours. When
days begin is written down by hand.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from platforms import (
    Told,
    business,
    elements,
    exported,
    ga4_report,
    google_chunk,
    list_of,
    nodes,
    shop_found,
    shopee_orders,
    shopee_said,
    shopify_order,
    stand_in,
    streams_of,
    stripe_list,
    tweets,
    woocommerce_page,
    x_stats,
    youtube_report,
)
from scripted import Asked, FakeTime, Reply, Scripted

from pipelines.connectors.stream import Account, Source, Stream
from pipelines.ingest import NOT_CLOSED, ingest, plan
from pipelines.lake.landing import LandedDay
from pipelines.lake.store import Lake

JAKARTA, ANGELES, LONDON = "Asia/Jakarta", "America/Los_Angeles", "Europe/London"
OWN, CALIFORNIA = "the account's own", ANGELES

# When each day begins (UTC), hour by hour.
BEGINS: dict[str, dict[str, str]] = {
    "UTC": {
        "2026-03-07": "2026-03-07T00",
        "2026-03-08": "2026-03-08T00",
        "2026-03-09": "2026-03-09T00",
        "2026-03-10": "2026-03-10T00",
        "2026-03-28": "2026-03-28T00",
        "2026-03-29": "2026-03-29T00",
        "2026-03-30": "2026-03-30T00",
        "2026-03-31": "2026-03-31T00",
        "2026-05-05": "2026-05-05T00",
        "2026-05-06": "2026-05-06T00",
        "2026-05-07": "2026-05-07T00",
        "2026-10-24": "2026-10-24T00",
        "2026-10-25": "2026-10-25T00",
        "2026-10-26": "2026-10-26T00",
        "2026-10-27": "2026-10-27T00",
        "2026-10-31": "2026-10-31T00",
        "2026-11-01": "2026-11-01T00",
        "2026-11-02": "2026-11-02T00",
        "2026-11-03": "2026-11-03T00",
    },
    JAKARTA: {
        "2026-05-05": "2026-05-04T17",
        "2026-05-06": "2026-05-05T17",
        "2026-05-07": "2026-05-06T17",
    },
    ANGELES: {
        "2026-03-07": "2026-03-07T08",
        # 23 hours: clocks go forward at 10:00 UTC.
        "2026-03-08": "2026-03-08T08",
        "2026-03-09": "2026-03-09T07",
        "2026-03-10": "2026-03-10T07",
        "2026-03-28": "2026-03-28T07",
        "2026-03-29": "2026-03-29T07",
        "2026-03-30": "2026-03-30T07",
        "2026-03-31": "2026-03-31T07",
        "2026-05-05": "2026-05-05T07",
        "2026-05-06": "2026-05-06T07",
        "2026-05-07": "2026-05-07T07",
        "2026-10-24": "2026-10-24T07",
        "2026-10-25": "2026-10-25T07",
        "2026-10-26": "2026-10-26T07",
        "2026-10-27": "2026-10-27T07",
        "2026-10-31": "2026-10-31T07",
        # 25 hours: clocks go back at 09:00 UTC.
        "2026-11-01": "2026-11-01T07",
        "2026-11-02": "2026-11-02T08",
        "2026-11-03": "2026-11-03T08",
    },
    LONDON: {
        "2026-03-28": "2026-03-28T00",
        # 23 hours.
        "2026-03-29": "2026-03-29T00",
        "2026-03-30": "2026-03-29T23",
        "2026-03-31": "2026-03-30T23",
        "2026-10-24": "2026-10-23T23",
        # 25 hours.
        "2026-10-25": "2026-10-24T23",
        "2026-10-26": "2026-10-26T00",
        "2026-10-27": "2026-10-27T00",
    },
}


def begins(day: date, zone: str) -> datetime:
    """The instant at which that day begins there."""
    return datetime.fromisoformat(BEGINS[zone][day.isoformat()]).replace(tzinfo=UTC)


@dataclass(frozen=True)
class Cell:
    """An account's zone, and the days that are read."""

    zone: str
    first: date
    last: date

    @property
    def days(self) -> list[date]:
        return [self.first + timedelta(n) for n in range((self.last - self.first).days + 1)]

    @property
    def after(self) -> date:
        return self.last + timedelta(days=1)

    def basis(self, closed_in: str) -> str:
        """The zone in which a stream's days close for this account."""
        return self.zone if closed_in == OWN else closed_in

    def hours(self, closed_in: str) -> list[int]:
        """How long each of the days is."""
        edges = [begins(day, self.basis(closed_in)) for day in [*self.days, self.after]]
        return [(end - start) // timedelta(hours=1) for start, end in pairwise(edges)]

    def day_of(self, instant: datetime, closed_in: str) -> date | None:
        """The one of the days to which an instant belongs, if it belongs to any."""
        zone = self.basis(closed_in)
        known = [day for day in self.days if begins(day, zone) <= instant]
        return known[-1] if known and instant < begins(self.after, zone) else None


CELLS = {
    "Jakarta": Cell(JAKARTA, date(2026, 5, 5), date(2026, 5, 6)),
    "UTC": Cell("UTC", date(2026, 5, 5), date(2026, 5, 6)),
    "Los Angeles": Cell(ANGELES, date(2026, 5, 5), date(2026, 5, 6)),
    "Los Angeles, 23 hours": Cell(ANGELES, date(2026, 3, 7), date(2026, 3, 9)),
    "Los Angeles, 25 hours": Cell(ANGELES, date(2026, 10, 31), date(2026, 11, 2)),
    "London, 23 hours": Cell(LONDON, date(2026, 3, 28), date(2026, 3, 30)),
    "London, 25 hours": Cell(LONDON, date(2026, 10, 24), date(2026, 10, 26)),
}
EACH_CELL = pytest.mark.parametrize("cell", CELLS.values(), ids=CELLS.keys())
STREAMS = streams_of("ecb", "holidays")
# What has no accounts, and so no zone of one.
WITHOUT_ACCOUNTS = {
    "ecb": "the bank closes its own days",
    "holidays": "a holiday is a day of its country",
}

# --- how platforms write instants -----------------------------------------------------------------


def seconds(instant: datetime) -> int:
    return int(instant.timestamp())


def milliseconds(instant: datetime) -> int:
    return round(instant.timestamp() * 1000)


def zulu(instant: datetime) -> str:
    return f"{instant:%Y-%m-%dT%H:%M:%SZ}"


def graph(instant: datetime) -> str:
    return f"{instant:%Y-%m-%dT%H:%M:%S}+0000"


def bare(instant: datetime) -> str:
    return f"{instant:%Y-%m-%dT%H:%M:%S}"


def read_zulu(text: str) -> datetime:
    return datetime.fromisoformat(text)


def read_bare(text: str, zone: str = "UTC") -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


def read_seconds(count: Any) -> datetime:
    return datetime.fromtimestamp(int(count), UTC)


# --- rows that carry an instant -------------------------------------------------------------------


@dataclass(frozen=True)
class Made:
    """A record as its platform writes it, and when it was made or changed."""

    at: datetime
    wire: dict[str, Any]


def between(made: Sequence[Made], start: datetime, end: datetime) -> list[dict[str, Any]]:
    """Those of a half-open span."""
    return [each.wire for each in made if start <= each.at < end]


def within(made: Sequence[Made], start: datetime, end: datetime) -> list[dict[str, Any]]:
    """Those of a span that holds both its ends."""
    return [each.wire for each in made if start <= each.at <= end]


def wires(made: Sequence[Made]) -> list[dict[str, Any]]:
    return [each.wire for each in made]


@dataclass(frozen=True)
class Instants:
    """A stream whose rows carry an instant.

    - `closed_in`: the zone in which its days close.
    - `writes`: a record with that number, of that instant.
    - `answers`: what its platform gives of its records, by its own rules, in that account's zone.
    - `asks`: the parameters that ask for a day which begins and ends at those instants, by the way
      in which they are found in a request (`asked`, which gives None for other requests); None
      where the platform knows no such filter.
    - `tick`: the smallest step of its clock.
    """

    closed_in: str
    writes: Callable[[int, datetime], dict[str, Any]]
    answers: Callable[[Asked, Sequence[Made], str], Reply]
    asks: Callable[[datetime, datetime], Any] | None = None
    asked: Callable[[Asked], Any] = lambda _: None
    tick: timedelta = timedelta(seconds=1)


def feed(asked: Asked, made: Sequence[Made], _: str) -> Reply:
    """Graph's feed between two instants, both of them counted in."""
    span = (read_seconds(asked.query["since"]), read_seconds(asked.query["until"]))
    return list_of(within(made, *span))


def page_comments(asked: Asked, made: Sequence[Made], _: str) -> Reply:
    if asked.path.endswith("/feed"):
        total = {"data": [], "summary": {"total_count": len(made)}}
        return list_of([{"id": "100_1", "created_time": graph(made[0].at), "comments": total}])
    since = read_seconds(asked.query["since"])
    return list_of([each.wire for each in made if each.at >= since])


def changed(root: str) -> Callable[[Asked, Sequence[Made], str], Reply]:
    """Shopify's search by the last change."""

    def answer(asked: Asked, made: Sequence[Made], _: str) -> Reply:
        search = asked.json["variables"]["search"]
        start, end = re.fullmatch(r"updated_at:>='(.*)' AND updated_at:<'(.*)'", search).groups()
        return nodes(root, between(made, read_zulu(start), read_zulu(end)))

    return answer


def site_orders(asked: Asked, made: Sequence[Made], zone: str) -> Reply:
    """Orders between two changes, neither of them counted in."""
    zone = "UTC" if asked.query["dates_are_gmt"] == "true" else zone
    start = read_bare(asked.query["modified_after"], zone)
    end = read_bare(asked.query["modified_before"], zone)
    return woocommerce_page(asked, [each.wire for each in made if start < each.at < end])


def site_reviews(asked: Asked, made: Sequence[Made], zone: str) -> Reply:
    """Reviews between two instants of the site's own clock, neither of them counted in."""
    start, end = (read_bare(asked.query[name], zone) for name in ("after", "before"))
    return woocommerce_page(asked, [each.wire for each in made if start < each.at < end])


def paid(kind: str) -> Callable[[Asked, Sequence[Made], str], Reply]:
    """Of the even ones Stripe tells by creation; the odd ones are old, and changed."""

    def answer(asked: Asked, made: Sequence[Made], _: str) -> Reply:
        start, end = (read_seconds(asked.query[f"created[{bound}]"]) for bound in ("gte", "lt"))
        if not asked.path.endswith("/events"):
            return stripe_list(between(made[::2], start, end))
        old = seconds(datetime(2025, 1, 1, tzinfo=UTC))
        return stripe_list(
            [
                {
                    "id": f"evt_{each['id']}",
                    "type": f"{kind}.updated",
                    "created": each["created"],
                    "data": {"object": {**each, "created": old}},
                }
                for each in between(made[1::2], start, end)
            ]
        )

    return answer


def booked(asked: Asked, made: Sequence[Made], _: str) -> Reply:
    start, end = (read_seconds(asked.query[f"created[{bound}]"]) for bound in ("gte", "lt"))
    return stripe_list(between(made, start, end))


def created(start: datetime, end: datetime) -> dict[str, str]:
    return {"created[gte]": str(seconds(start)), "created[lt]": str(seconds(end))}


def object_of_stripe(kind: str) -> Callable[[int, datetime], dict[str, Any]]:
    def writes(number: int, at: datetime) -> dict[str, Any]:
        told = {"id": f"x_{number}", "amount": 100, "currency": "usd", "status": "succeeded"}
        return {**told, "object": kind, "created": seconds(at)}

    return writes


def partner_orders(asked: Asked, made: Sequence[Made], _: str) -> Reply:
    """Shopee counts both ends in."""
    if not asked.path.endswith("/get_order_list"):
        return shopee_orders(asked, wires(made))
    span = (read_seconds(asked.query["time_from"]), read_seconds(asked.query["time_to"]))
    return shopee_orders(asked, within(made, *span))


def partner_returns(asked: Asked, made: Sequence[Made], _: str) -> Reply:
    bounds = (asked.query[f"update_time_{end}"] for end in ("from", "to"))
    found = within(made, *map(read_seconds, bounds))
    return shopee_said(response={"more": False, "return": found})


def shop_reviews(_asked: Asked, made: Sequence[Made], _: str) -> Reply:
    """All there are, newest first: Shopee takes no span."""
    told = [each.wire for each in reversed(made)]
    return shopee_said(response={"more": False, "item_comment_list": told})


def media_tags(_asked: Asked, made: Sequence[Made], _: str) -> Reply:
    """All there are, newest first: Instagram takes no span."""
    return list_of([each.wire for each in reversed(made)])


def shop_searched(name: str) -> Callable[[Asked, Sequence[Made], str], Reply]:
    def answer(asked: Asked, made: Sequence[Made], _: str) -> Reply:
        span = (asked.json["update_time_ge"], asked.json["update_time_lt"])
        return shop_found(name, between(made, *map(read_seconds, span)))

    return answer


def of_tiktok_shop(key: str, **more: Any) -> Callable[[int, datetime], dict[str, Any]]:
    def writes(number: int, at: datetime) -> dict[str, Any]:
        return {key: str(number), "create_time": 1, "update_time": seconds(at), **more}

    return writes


def timeline(asked: Asked, made: Sequence[Made], _: str) -> Reply:
    """X counts the beginning in, and not the end."""
    span = (asked.query["start_time"], asked.query["end_time"])
    return tweets(between(made, *map(read_zulu, span)))


def tweet(number: int, at: datetime) -> dict[str, Any]:
    return {"id": str(number), "text": "t", "created_at": f"{at:%Y-%m-%dT%H:%M:%S}.000Z"}


def of_x(asked: Asked) -> Any:
    names = ("start_time", "end_time")
    whole = all(name in asked.query for name in names)
    return {name: asked.query[name] for name in names} if whole else None


def x_asks(start: datetime, end: datetime) -> dict[str, str]:
    return {"start_time": zulu(start), "end_time": zulu(end)}


def newest_posts(_: Asked, made: Sequence[Made], __: str) -> Reply:
    """LinkedIn lists all that there are, the newest first."""
    return elements(wires(sorted(made, key=lambda each: each.at, reverse=True)))


def linkedin_post(number: int, at: datetime) -> dict[str, Any]:
    told = milliseconds(at)
    return {"id": f"urn:li:share:{number}", "createdAt": told, "publishedAt": told}


def member_comments(asked: Asked, made: Sequence[Made], _: str) -> Reply:
    if asked.path.endswith("/comments"):
        return elements(wires(made))
    return elements([linkedin_post(0, made[0].at)])


def video_comments(asked: Asked, made: Sequence[Made], _: str) -> Reply:
    if asked.path.endswith("/playlistItems"):
        content = {"videoId": "v", "videoPublishedAt": zulu(made[0].at)}
        return Reply({"items": [{"contentDetails": content}]})
    threads = [{"snippet": {"totalReplyCount": 0, "topLevelComment": each.wire}} for each in made]
    return Reply({"items": threads})


def media_comments(asked: Asked, made: Sequence[Made], _: str) -> Reply:
    if asked.path.endswith("/comments"):
        return list_of(wires(made))
    return list_of([{"id": "1", "timestamp": graph(made[0].at), "comments_count": len(made)}])


def picked(*names: str) -> Callable[[Asked], Any]:
    """Those parameters of the query, where a request has them all."""

    def asked(request: Asked) -> Any:
        found = {name: request.query[name] for name in names if name in request.query}
        return found if len(found) == len(names) else None

    return asked


INSTANTS: dict[str, Instants] = {
    # Pages tell no zone.
    "facebook_pages.posts": Instants(
        "UTC",
        lambda number, at: {"id": f"100_{number}", "created_time": graph(at)},
        feed,
        lambda start, end: {"since": str(seconds(start)), "until": str(seconds(end))},
        picked("since", "until"),
    ),
    "facebook_pages.comments": Instants(
        "UTC",
        lambda number, at: {"id": f"1_{number}", "created_time": graph(at)},
        page_comments,
        lambda start, _: {"since": str(seconds(start)), "filter": "stream"},
        picked("since", "filter"),
    ),
    # Orders are read by UTC days; in whose zone they are booked is the warehouse's choice.
    "shopify.orders": Instants(
        "UTC",
        lambda number, at: shopify_order(number, zulu(at)),
        changed("orders"),
        lambda start, end: f"updated_at:>='{zulu(start)}' AND updated_at:<'{zulu(end)}'",
        lambda asked: asked.json["variables"].get("search"),
    ),
    "shopify.customers": Instants(
        "UTC",
        lambda number, at: {
            "legacyResourceId": str(number),
            "createdAt": "2026-01-01T00:00:00Z",
            "updatedAt": zulu(at),
        },
        changed("customers"),
        lambda start, end: f"updated_at:>='{zulu(start)}' AND updated_at:<'{zulu(end)}'",
        lambda asked: asked.json["variables"].get("search"),
    ),
    "woocommerce.orders": Instants(
        "UTC",
        lambda number, at: {
            "id": number,
            "date_created_gmt": "2026-01-01T00:00:00",
            "date_modified_gmt": bare(at),
            "currency": "IDR",
            "total": "1.00",
        },
        site_orders,
        lambda start, end: {
            "modified_after": bare(start - timedelta(seconds=1)),
            "modified_before": bare(end),
            "dates_are_gmt": "true",
        },
        picked("modified_after", "modified_before", "dates_are_gmt"),
    ),
    "woocommerce.customers": Instants(
        "UTC",
        lambda number, at: {"id": number, "date_created_gmt": bare(at), "date_modified_gmt": None},
        lambda asked, made, _: woocommerce_page(asked, wires(made)),
    ),
    "woocommerce.product_reviews": Instants(
        "UTC",
        lambda number, at: {"id": number, "date_created_gmt": bare(at)},
        site_reviews,
        # The site reads both by its own clock, which can be fourteen hours off.
        lambda start, end: {
            "after": bare(start - timedelta(hours=14)),
            "before": bare(end + timedelta(hours=14)),
        },
        picked("after", "before"),
    ),
    "stripe.charges": Instants(
        "UTC",
        object_of_stripe("charge"),
        paid("charge"),
        created,
        picked("created[gte]", "created[lt]"),
    ),
    "stripe.refunds": Instants(
        "UTC",
        object_of_stripe("refund"),
        paid("refund"),
        created,
        picked("created[gte]", "created[lt]"),
    ),
    "stripe.balance_transactions": Instants(
        "UTC",
        object_of_stripe("balance_transaction"),
        booked,
        created,
        picked("created[gte]", "created[lt]"),
    ),
    "shopee.orders": Instants(
        "UTC",
        lambda number, at: {
            "order_sn": str(number),
            "create_time": 1,
            "update_time": seconds(at),
            "order_status": "UNPAID",
            "currency": "IDR",
            "total_amount": 1,
        },
        partner_orders,
        lambda start, end: {"time_from": str(seconds(start)), "time_to": str(seconds(end) - 1)},
        picked("time_from", "time_to"),
    ),
    "shopee.returns": Instants(
        "UTC",
        lambda number, at: {
            "return_sn": str(number),
            "order_sn": "1",
            "create_time": 1,
            "update_time": seconds(at),
            "status": "REQUESTED",
            "refund_amount": 1,
        },
        partner_returns,
        lambda start, end: {
            "update_time_from": str(seconds(start)),
            "update_time_to": str(seconds(end) - 1),
        },
        picked("update_time_from", "update_time_to"),
    ),
    "shopee.product_reviews": Instants(
        "UTC",
        lambda number, at: {"comment_id": number, "create_time": seconds(at)},
        shop_reviews,
    ),
    "tiktok_shop.orders": Instants(
        "UTC",
        of_tiktok_shop("id", payment={"currency": "IDR", "total_amount": "1"}),
        shop_searched("orders"),
        lambda start, end: {"update_time_ge": seconds(start), "update_time_lt": seconds(end)},
        lambda asked: asked.json if "search" in asked.path else None,
    ),
    "tiktok_shop.returns": Instants(
        "UTC",
        of_tiktok_shop("return_id", order_id="1"),
        shop_searched("return_orders"),
        lambda start, end: {"update_time_ge": seconds(start), "update_time_lt": seconds(end)},
        lambda asked: asked.json if "search" in asked.path else None,
    ),
    "tiktok_shop.cancellations": Instants(
        "UTC",
        of_tiktok_shop("cancel_id", order_id="1"),
        shop_searched("cancellations"),
        lambda start, end: {"update_time_ge": seconds(start), "update_time_lt": seconds(end)},
        lambda asked: asked.json if "search" in asked.path else None,
    ),
    "x.posts": Instants("UTC", tweet, timeline, x_asks, of_x),
    "x.mentions": Instants("UTC", tweet, timeline, x_asks, of_x),
    "x.search": Instants("UTC", tweet, timeline, x_asks, of_x),
    "linkedin.posts": Instants("UTC", linkedin_post, newest_posts, tick=timedelta(milliseconds=1)),
    "linkedin.comments": Instants(
        "UTC",
        lambda number, at: {
            "commentUrn": f"urn:li:comment:(urn:li:activity:6,{number})",
            "created": {"time": milliseconds(at)},
        },
        member_comments,
        tick=timedelta(milliseconds=1),
    ),
    # Analytics' days are California's, and comments stand beside them.
    "youtube.comments": Instants(
        CALIFORNIA,
        lambda number, at: {"id": f"c{number}", "snippet": {"publishedAt": zulu(at)}},
        video_comments,
    ),
    "instagram.comments": Instants(
        "UTC", lambda number, at: {"id": str(number), "timestamp": graph(at)}, media_comments
    ),
    "instagram.tags": Instants(
        "UTC", lambda number, at: {"id": str(number), "timestamp": graph(at)}, media_tags
    ),
}
EACH_OF_INSTANTS = pytest.mark.parametrize("name", INSTANTS)


def around_midnights(cell: Cell, closed_in: str, tick: timedelta) -> list[datetime]:
    """Just before, at and just after each midnight, the account's and the days' own; each hour."""
    days = [*cell.days, cell.after]
    midnights = {begins(day, zone) for zone in (cell.zone, cell.basis(closed_in)) for day in days}
    edges = {midnight + shift for midnight in midnights for shift in (-tick, 0 * tick, tick)}
    start, end = begins(cell.days[1], cell.zone), begins(cell.after, cell.zone)
    hourly = {
        start + timedelta(hours=n, minutes=30) for n in range((end - start) // timedelta(hours=1))
    }
    return sorted(edges | hourly)


def clock_after(cell: Cell) -> FakeTime:
    """Half a day after the last of the days has closed everywhere."""
    return FakeTime(begins(cell.after, "UTC") + timedelta(hours=20))


def source_of(name: str, server: Scripted, cell: Cell, time: FakeTime, answer: Any) -> Source:
    return stand_in(server, name.partition(".")[0], Told(cell.zone), time.clock, answer)


def landed(
    source: Source, stream: Stream, lake: Lake, first: date, last: date, time: FakeTime
) -> list[LandedDay]:
    """What came of reading those days; nothing of it is amiss."""
    result = ingest(source, stream, lake, first, last, run_id="r", now=time.now)
    assert [(day.quarantined, day.outside) for day in result.landed] == [
        (0, 0) for _ in result.landed
    ]
    return result.landed


def closed_in(lake: Lake, stream: Stream, day: LandedDay) -> str:
    """The zone in which the day was closed, as its file says."""
    return lake.footer(stream, day.account, day.day).timezone


def numbers(lake: Lake, stream: Stream, days: Sequence[LandedDay]) -> dict[date, list[int]]:
    """The numbers of the records in each day's file."""
    found: dict[date, list[int]] = {}
    for each in days:
        rows = lake.rows(stream, each.account, each.day)
        keys = rows[stream.key[-1]].to_pylist()
        found[each.day] = sorted(int(re.search(r"(\d+)\D*$", key)[1]) for key in keys)
    return found


def expected_numbers(
    cell: Cell, closed_in: str, instants: Sequence[datetime]
) -> dict[date, list[int]]:
    """Which record belongs to which day, by the table of when days begin."""
    return {
        day: [
            number
            for number, instant in enumerate(instants)
            if cell.day_of(instant, closed_in) == day
        ]
        for day in cell.days
    }


@EACH_CELL
@EACH_OF_INSTANTS
def test_each_record_lands_once_on_the_day_of_its_instant(
    name: str, cell: Cell, server: Scripted, tmp_path: Path
) -> None:
    """Read day by day, so that each midnight is the end of one read and the beginning of another;
    then all days in one, which says nothing new."""
    kind, stream, time, lake = INSTANTS[name], STREAMS[name], clock_after(cell), Lake(tmp_path)
    instants = around_midnights(cell, kind.closed_in, kind.tick)
    made = [Made(at, kind.writes(number, at)) for number, at in enumerate(instants)]
    answer = lambda asked: kind.answers(asked, made, cell.zone)  # noqa: E731
    source = source_of(name, server, cell, time, answer)
    days = [each for day in cell.days for each in landed(source, stream, lake, day, day, time)]
    found = numbers(lake, stream, days)
    assert found == expected_numbers(cell, kind.closed_in, instants)
    assert {closed_in(lake, stream, each) for each in days} == {cell.basis(kind.closed_in)}
    again = landed(source, stream, lake, cell.first, cell.last, time)
    assert {each.changed for each in again} == {"unchanged"}


@EACH_CELL
@pytest.mark.parametrize("name", [name for name, kind in INSTANTS.items() if kind.asks])
def test_a_day_is_asked_for_by_its_own_instants(name: str, cell: Cell, server: Scripted) -> None:
    kind, stream, time = INSTANTS[name], STREAMS[name], clock_after(cell)
    made = [Made(at, kind.writes(1, at)) for at in [begins(cell.first, "UTC")]]
    answer = lambda asked: kind.answers(asked, made, cell.zone)  # noqa: E731
    source = source_of(name, server, cell, time, answer)
    (account,) = [each for each in source.accounts() if each.has(stream)]
    zone = cell.basis(kind.closed_in)
    for day in cell.days:
        server.asked.clear()
        list(source.read(stream, account, stream.window(day, day, account)))
        asked = [found for each in server.asked if (found := kind.asked(each))]
        assert asked[0] == kind.asks(begins(day, zone), begins(day + timedelta(days=1), zone))


# --- exports --------------------------------------------------------------------------------------

EXPORTS: dict[str, dict[str, Any]] = {
    "files.orders": {"gross_amount": 1},
    "files.order_lines": {"line_no": 1, "quantity": 1, "unit_price": 1},
    "files.posts": {"platform": "x"},
}
OF_EXPORTS = {
    "files.orders": ("order_id", "ordered_at"),
    "files.order_lines": ("order_id", "ordered_at"),
    "files.posts": ("post_id", "published_at"),
}
WRITTEN: dict[str, Callable[[datetime, str], str]] = {
    "with an offset": lambda at, zone: at.astimezone(ZoneInfo(zone)).isoformat(),
    "in UTC": lambda at, _: zulu(at),
    "in its own time": lambda at, zone: bare(at.astimezone(ZoneInfo(zone))),
}


@EACH_CELL
@pytest.mark.parametrize("written", WRITTEN)
@pytest.mark.parametrize("name", EXPORTS)
def test_a_row_of_an_export_lands_once_on_its_day_in_the_exports_zone(
    name: str, written: str, cell: Cell, tmp_path: Path
) -> None:
    stream, time, lake = STREAMS[name], clock_after(cell), Lake(tmp_path / "lake")
    instants = around_midnights(cell, OWN, timedelta(seconds=1))
    key, when = OF_EXPORTS[name]
    rows = [
        {**EXPORTS[name], key: f"a{number}", when: WRITTEN[written](at, cell.zone)}
        for number, at in enumerate(instants)
    ]
    source = exported(tmp_path, stream.name, rows, Told(cell.zone, "IDR"))
    days = [each for day in cell.days for each in landed(source, stream, lake, day, day, time)]
    found = {
        day.day: sorted(
            int(each.removeprefix("a"))
            for each in lake.rows(stream, "till", day.day)[key].to_pylist()
        )
        for day in days
    }
    assert found == expected_numbers(cell, OWN, instants)


# --- days that the platform closed ----------------------------------------------------------------


def figure(day: date) -> int:
    """What the platforms tell of that day, and of no other."""
    return day.month * 100 + day.day


@dataclass(frozen=True)
class Closed:
    """A stream whose rows carry the day that their platform closed.

    - `closed_in`: the zone in which it closes them.
    - `column`: where the day's figure lands.
    - `answers`: what the platform tells, for an account in that zone.
    - `asks`: how one day is asked for, which begins and ends at those instants, by the way in which
      that is found in a request (`asked`).
    """

    closed_in: str
    column: str
    answers: Callable[[Asked, Cell], Reply]
    asks: Callable[[date, datetime, datetime], Any]
    asked: Callable[[Asked], Any]


def dates(first: str, last: str) -> list[date]:
    """Both and what lies between."""
    start, end = date.fromisoformat(first), date.fromisoformat(last)
    return [start + timedelta(n) for n in range((end - start).days + 1)]


def spans(cell: Cell, zone: str, start: datetime, end: datetime) -> list[date]:
    """The days which that span is made of; a span of anything else is refused, as X does."""
    edges = {begins(day, zone): day for day in [*cell.days, cell.after]}
    first, after = edges[start], edges[end]
    return dates(first.isoformat(), (after - timedelta(days=1)).isoformat())


def meta_insights(asked: Asked, _: Cell) -> Reply:
    told = json.loads(asked.query["time_range"])
    levels = ("campaign_id", "adset_id", "ad_id", "age", "gender", "region")
    rows = [
        {
            **dict.fromkeys(levels, "1"),
            "date_start": day.isoformat(),
            "date_stop": day.isoformat(),
            "impressions": str(figure(day)),
        }
        for day in dates(told["since"], told["until"])
    ]
    return list_of(rows)


def analytics_report(asked: Asked, _: Cell) -> Reply:
    (told,) = asked.json["dateRanges"]
    days = dates(told["startDate"], told["endDate"])
    return ga4_report(
        asked,
        [
            {
                "date": f"{day:%Y%m%d}",
                "sessions": str(figure(day)),
                "ecommercePurchases": str(figure(day)),
                "screenPageViews": str(figure(day)),
            }
            for day in days
        ],
    )


def business_report(asked: Asked, _: Cell) -> Reply:
    names = json.loads(asked.query["dimensions"])
    rows = [
        {
            "dimensions": {**dict.fromkeys(names, "1"), "stat_time_day": f"{day} 00:00:00"},
            "metrics": {"impressions": str(figure(day))},
        }
        for day in dates(asked.query["start_date"], asked.query["end_date"])
    ]
    return business(*rows)


def searched_stream(asked: Asked, _: Cell) -> Reply:
    days = re.search(r"BETWEEN '(.*)' AND '(.*)'", asked.json["query"]).groups()
    rows = [
        {
            "segments": {"date": day.isoformat()},
            "metrics": {"impressions": str(figure(day))},
            "campaign": {"id": "1"},
            "adGroup": {"id": "1"},
            "adGroupAd": {"ad": {"id": "1"}},
            "adGroupCriterion": {"ageRange": {"type": "AGE"}, "gender": {"type": "MALE"}},
        }
        for day in dates(*days)
    ]
    return google_chunk(*rows)


def parts(day: date) -> str:
    return f"(year:{day.year},month:{day.month},day:{day.day})"


def pivoted(asked: Asked, _: Cell) -> Reply:
    """LinkedIn's days, which are those of UTC."""
    ends = re.findall(r"year:(\d+),month:(\d+),day:(\d+)", asked.query["dateRange"])
    first, last = (date(*map(int, end)).isoformat() for end in ends)
    rows = []
    for day in dates(first, last):
        told = {"year": day.year, "month": day.month, "day": day.day}
        span = {"start": told, "end": told}
        rows.append({"pivotValues": ["urn:li:x:1"], "dateRange": span, "impressions": figure(day)})
    return elements(rows)


def page_statistics(figures: str, name: str) -> Callable[[Asked, Cell], Reply]:
    """One element a day of UTC, with its span in milliseconds."""

    def answer(asked: Asked, cell: Cell) -> Reply:
        start, end = re.search(r"start:(\d+),end:(\d+)", asked.query["timeIntervals"]).groups()
        days = spans(cell, "UTC", read_seconds(int(start) // 1000), read_seconds(int(end) // 1000))
        rows = []
        for day in days:
            start_of_day, end_of_day = begins(day, "UTC"), begins(day, "UTC") + timedelta(days=1)
            span = {"start": milliseconds(start_of_day), "end": milliseconds(end_of_day)}
            rows.append({"timeRange": span, figures: {name: figure(day)}})
        return elements(rows)

    return answer


def x_figures(asked: Asked, cell: Cell) -> Reply:
    """Series over the account's days; of the second placement nothing is told."""
    if asked.path.endswith("/active_entities"):
        return Reply({"data": [{"entity_id": "a"}]})
    if "stats" not in asked.path:
        return Reply({"data": []})
    span = (read_zulu(asked.query["start_time"]), read_zulu(asked.query["end_time"]))
    series = [figure(day) for day in spans(cell, cell.zone, *span)]
    first = asked.query["placement"] == "ALL_ON_TWITTER"
    return x_stats(
        {"impressions": series if first else None}, *asked.query["entity_ids"].split(",")
    )


def x_counts(asked: Asked, cell: Cell) -> Reply:
    span = (read_zulu(asked.query["start_time"]), read_zulu(asked.query["end_time"]))
    return tweets(
        [
            {
                "start": f"{day}T00:00:00.000Z",
                "end": f"{day + timedelta(days=1)}T00:00:00.000Z",
                "tweet_count": figure(day),
            }
            for day in spans(cell, "UTC", *span)
        ]
    )


def graph_insights(asked: Asked, cell: Cell) -> Reply:
    """Values under the Californian midnights that close their days, both ends counted in."""
    since, until = (read_seconds(asked.query[name]) for name in ("since", "until"))
    closings = {begins(day + timedelta(days=1), ANGELES): day for day in cell.days}
    values = [
        {"value": figure(day), "end_time": graph(closing)}
        for closing, day in closings.items()
        if since <= closing <= until
    ]
    if asked.query.get("metric_type") == "total_value":
        (day,) = spans(cell, ANGELES, since, until)
        return list_of([{"name": "views", "period": "day", "total_value": {"value": figure(day)}}])
    name = asked.query["metric"].partition(",")[0]
    return list_of([{"name": name, "period": "day", "values": values}])


def channel_report(asked: Asked, cell: Cell) -> Reply:
    """Analytics tells days up to the last that it knows; or which videos were seen."""
    if asked.query["dimensions"] == "video":
        watched = [{"video": "v", "views": 1}]
        return youtube_report(asked, watched if asked.query["startIndex"] == "1" else [])
    first, last = asked.query["startDate"], min(asked.query["endDate"], cell.last.isoformat())
    rows = [{"day": day.isoformat(), "views": figure(day)} for day in dates(first, last)]
    return youtube_report(asked, rows)


def iso_days(first: str, last: str) -> Callable[[date, datetime, datetime], dict[str, str]]:
    """A day as both ends of a range, under those names."""
    return lambda day, _, __: {first: day.isoformat(), last: day.isoformat()}


META = Closed(
    OWN,
    "impressions",
    meta_insights,
    lambda day, _, __: {"since": day.isoformat(), "until": day.isoformat()},
    lambda asked: json.loads(asked.query.get("time_range", "null")),
)


def of_ga4(column: str) -> Closed:
    return Closed(
        OWN,
        column,
        analytics_report,
        lambda day, _, __: [{"startDate": day.isoformat(), "endDate": day.isoformat()}],
        lambda asked: asked.json["dateRanges"],
    )


TIKTOK = Closed(
    OWN,
    "impressions",
    business_report,
    iso_days("start_date", "end_date"),
    picked("start_date", "end_date"),
)
GOOGLE = Closed(
    OWN,
    "impressions",
    searched_stream,
    lambda day, _, __: [f"segments.date BETWEEN '{day}' AND '{day}'"],
    lambda asked: re.findall(r"segments\.date BETWEEN [^\"]*", asked.body.decode()),
)
# LinkedIn closes its days in UTC, wherever the account is.
LINKEDIN = Closed(
    "UTC",
    "impressions",
    pivoted,
    lambda day, _, __: f"(start:{parts(day)},end:{parts(day)})",
    lambda asked: asked.query.get("dateRange"),
)
X_ADS = Closed(OWN, "impressions", x_figures, lambda _, start, end: x_asks(start, end), of_x)
# Analytics and Graph close their days in California, wherever channel, page and account are.
YOUTUBE = Closed(
    CALIFORNIA,
    "views",
    channel_report,
    iso_days("startDate", "endDate"),
    lambda asked: (
        picked("startDate", "endDate")(asked)
        if asked.query.get("startDate") == asked.query.get("endDate")
        else None
    ),
)
GRAPH = Closed(
    CALIFORNIA,
    "value",
    graph_insights,
    lambda _, start, end: {"since": str(seconds(start)), "until": str(seconds(end))},
    picked("since", "until"),
)


def of_pages(figures: str, name: str, column: str) -> Closed:
    return Closed(
        "UTC",
        column,
        page_statistics(figures, name),
        lambda _, start, end: (
            f"(timeRange:(start:{milliseconds(start)},end:{milliseconds(end)}),"
            "timeGranularityType:DAY)"
        ),
        lambda asked: asked.query.get("timeIntervals"),
    )


CLOSED: dict[str, Closed] = {
    "meta_ads.insights_account": META,
    "meta_ads.insights_campaign": META,
    "meta_ads.insights_adset": META,
    "meta_ads.insights_ad": META,
    "meta_ads.insights_age_gender": META,
    "meta_ads.insights_region": META,
    "ga4.traffic": of_ga4("sessions"),
    "ga4.transactions": of_ga4("ecommerce_purchases"),
    "ga4.pages": of_ga4("screen_page_views"),
    "tiktok_ads.reports_advertiser": TIKTOK,
    "tiktok_ads.reports_campaign": TIKTOK,
    "tiktok_ads.reports_ad": TIKTOK,
    "tiktok_ads.audience_age_gender": TIKTOK,
    "tiktok_ads.audience_province": TIKTOK,
    "google_ads.account_daily": GOOGLE,
    "google_ads.campaign_daily": GOOGLE,
    "google_ads.ad_group_daily": GOOGLE,
    "google_ads.ad_daily": GOOGLE,
    "google_ads.age_daily": GOOGLE,
    "google_ads.gender_daily": GOOGLE,
    "google_ads.region_daily": GOOGLE,
    "linkedin_ads.account_daily": LINKEDIN,
    "linkedin_ads.campaign_group_daily": LINKEDIN,
    "linkedin_ads.campaign_daily": LINKEDIN,
    "linkedin_ads.creative_daily": LINKEDIN,
    "linkedin_ads.demographics_daily": LINKEDIN,
    "x_ads.stats_account": X_ADS,
    "x_ads.stats_campaign": X_ADS,
    "x_ads.stats_promoted_tweet": X_ADS,
    "linkedin.share_statistics": of_pages("totalShareStatistics", "likeCount", "likes"),
    "linkedin.follower_gains": of_pages("followerGains", "organicFollowerGain", "organic"),
    "x.counts_daily": Closed(
        "UTC", "tweet_count", x_counts, lambda _, start, end: x_asks(start, end), of_x
    ),
    "youtube.channel_daily": YOUTUBE,
    "youtube.video_daily": YOUTUBE,
    "instagram.account_insights": GRAPH,
    "facebook_pages.page_insights": GRAPH,
}


@EACH_CELL
@pytest.mark.parametrize("name", CLOSED)
def test_a_days_figures_are_asked_for_and_land_as_the_platform_closed_it(
    name: str, cell: Cell, server: Scripted, tmp_path: Path
) -> None:
    kind, stream, time, lake = CLOSED[name], STREAMS[name], clock_after(cell), Lake(tmp_path)
    source = source_of(name, server, cell, time, lambda asked: kind.answers(asked, cell))
    source.accounts()
    zone = cell.basis(kind.closed_in)
    for day in cell.days:
        server.asked.clear()
        (found,) = landed(source, stream, lake, day, day, time)
        assert (found.day, closed_in(lake, stream, found)) == (day, zone)
        rows = lake.rows(stream, found.account, day)
        assert {int(value) for value in rows[kind.column].to_pylist()} == {figure(day)}
        assert set(rows[stream.day].to_pylist()) == {day}
        asked = [told for each in server.asked if (told := kind.asked(each))]
        expected = kind.asks(day, begins(day, zone), begins(day + timedelta(days=1), zone))
        assert asked and all(told == expected for told in asked)


@EACH_CELL
@pytest.mark.parametrize("name", ["files.ad_daily", "files.ga4_events"])
def test_a_day_of_an_export_is_taken_as_it_is_written(
    name: str, cell: Cell, tmp_path: Path
) -> None:
    stream, time, lake = STREAMS[name], clock_after(cell), Lake(tmp_path / "lake")
    rows = [
        {
            "platform": "x",
            "campaign_id": "1",
            "date_day": day.isoformat(),
            "spend": figure(day),
            "event_date": f"{day:%Y%m%d}",
            "event_timestamp": figure(day),
            "event_name": "purchase",
            "user_pseudo_id": "u",
        }
        for day in cell.days
    ]
    source = exported(tmp_path, stream.name, rows, Told(cell.zone, "IDR"))
    column = {"files.ad_daily": "spend", "files.ga4_events": "event_timestamp"}[name]
    for day in cell.days:
        landed(source, stream, lake, day, day, time)
        assert lake.rows(stream, "till", day)[column].to_pylist() == [figure(day)]


# --- the present ----------------------------------------------------------------------------------


def closed_posts(asked: Asked, made: Sequence[Made], _: str) -> Reply:
    """LinkedIn's posts; of their statistics, which it tells apart, there are none."""
    return elements([]) if "Statistics" in asked.path else newest_posts(asked, made, "")


def own_videos(asked: Asked, made: Sequence[Made], _: str) -> Reply:
    if asked.path.endswith("/playlistItems"):
        return Reply(
            {"items": [{"contentDetails": {"videoId": each["id"]}} for each in wires(made)]}
        )
    return Reply({"items": wires(made)})


def open_videos(_: Asked, made: Sequence[Made], __: str) -> Reply:
    data = {"videos": wires(made), "cursor": 0, "has_more": False}
    return Reply({"data": data, "error": {"code": "ok"}})


def own_media(asked: Asked, made: Sequence[Made], _: str) -> Reply:
    return list_of([] if asked.path.endswith("/insights") else wires(made))


def counted_feed(asked: Asked, made: Sequence[Made], zone: str) -> Reply:
    """The feed; the smallest request, for metrics, has no span."""
    return feed(asked, made, zone) if "since" in asked.query else list_of([])


# What is counted when a day closes is what had been published by then.
SHOWN: dict[str, Instants] = {
    "facebook_pages.post_counters": Instants(
        "UTC", INSTANTS["facebook_pages.posts"].writes, counted_feed
    ),
    "x.post_counters": Instants("UTC", tweet, timeline),
    "linkedin.post_counters": Instants(
        "UTC", linkedin_post, closed_posts, tick=timedelta(milliseconds=1)
    ),
    "tiktok.videos": Instants(
        "UTC", lambda number, at: {"id": str(number), "create_time": seconds(at)}, open_videos
    ),
    "youtube.videos": Instants(
        CALIFORNIA,
        lambda number, at: {"id": f"v{number}", "snippet": {"publishedAt": zulu(at)}},
        own_videos,
    ),
    "instagram.media": Instants(
        "UTC",
        lambda number, at: {"id": str(number), "media_type": "IMAGE", "timestamp": graph(at)},
        own_media,
    ),
}


@EACH_CELL
@pytest.mark.parametrize("name", SHOWN)
def test_what_was_published_before_the_day_closed_is_counted_with_it(
    name: str, cell: Cell, server: Scripted, tmp_path: Path
) -> None:
    kind, stream, lake = SHOWN[name], STREAMS[name], Lake(tmp_path)
    zone = cell.basis(kind.closed_in)
    closes = begins(cell.after, zone)
    instants = around_midnights(cell, kind.closed_in, kind.tick)
    made = [Made(at, kind.writes(number, at)) for number, at in enumerate(instants)]
    time = FakeTime(closes + timedelta(hours=6))
    answer = lambda asked: kind.answers(asked, made, cell.zone)  # noqa: E731
    source = source_of(name, server, cell, time, answer)
    days = landed(source, stream, lake, cell.first, cell.last, time)
    before = [number for number, at in enumerate(instants) if at < closes]
    assert numbers(lake, stream, days) == {cell.last: before}


# All that tells only the present, by the zone in which its days close.
PRESENT: dict[str, str] = {
    "facebook_pages.post_counters": "UTC",
    "x.accounts": "UTC",
    "x.post_counters": "UTC",
    "linkedin.post_counters": "UTC",
    "linkedin.followers": "UTC",
    "linkedin_ads.campaign_groups": "UTC",
    "linkedin_ads.campaigns": "UTC",
    "linkedin_ads.creatives": "UTC",
    "linkedin_ads.tracking_parameters": "UTC",
    "tiktok.profile": "UTC",
    "tiktok.videos": "UTC",
    "instagram.accounts": "UTC",
    "instagram.media": "UTC",
    "instagram.stories": "UTC",
    "instagram.follower_demographics": "UTC",
    "youtube.channels": CALIFORNIA,
    "youtube.videos": CALIFORNIA,
    "meta_ads.campaigns": OWN,
    "meta_ads.adsets": OWN,
    "meta_ads.ads": OWN,
    "shopify.variants": OWN,
    "woocommerce.products": OWN,
    "tiktok_ads.campaigns": OWN,
    "tiktok_ads.adgroups": OWN,
    "tiktok_ads.ads": OWN,
    "x_ads.campaigns": OWN,
    "x_ads.line_items": OWN,
    "x_ads.promoted_tweets": OWN,
    "google_ads.customers": OWN,
    "google_ads.campaigns": OWN,
    "google_ads.ad_groups": OWN,
    "google_ads.ads": OWN,
    "google_ads.geo_targets": OWN,
    "files.customers": OWN,
    "files.people": OWN,
    "files.experiments": OWN,
}
# The zone that each platform's accounts have, whatever zone the account is in.
ACCOUNT_ZONES = {
    "facebook_pages": "UTC",
    "meta_ads": OWN,
    "ga4": OWN,
    "shopify": OWN,
    "woocommerce": OWN,
    "stripe": "UTC",
    "shopee": "UTC",
    "tiktok_ads": OWN,
    "tiktok": "UTC",
    "tiktok_shop": "UTC",
    "x": "UTC",
    "x_ads": OWN,
    "google_ads": OWN,
    "linkedin_ads": "UTC",
    "linkedin": "UTC",
    "youtube": CALIFORNIA,
    "instagram": "UTC",
}
# Exports are in the zone that their mapping says.
OF_FILES = {name: OWN for name in STREAMS if name.startswith("files.")}
CLOSED_IN: dict[str, str] = {
    **{name: kind.closed_in for table in (INSTANTS, CLOSED) for name, kind in table.items()},
    **PRESENT,
    **OF_FILES,
}


@EACH_CELL
@pytest.mark.parametrize("source", ACCOUNT_ZONES)
def test_an_account_has_the_zone_in_which_its_platform_closes_days(
    source: str, cell: Cell, server: Scripted
) -> None:
    found = source_of(source, server, cell, clock_after(cell), list_of).accounts()
    assert {each.timezone for each in found} == {cell.basis(ACCOUNT_ZONES[source])}


def days_of(name: str) -> Iterator[tuple[Account, date, datetime, datetime]]:
    """Each day of each cell, with the account, and the instants at which it begins and ends."""
    for cell in CELLS.values():
        account = Account("a", cell.basis(ACCOUNT_ZONES.get(name.partition(".")[0], OWN)))
        zone = cell.basis(CLOSED_IN[name])
        for day in cell.days:
            yield account, day, begins(day, zone), begins(day + timedelta(days=1), zone)


@pytest.mark.parametrize("name", CLOSED_IN)
def test_a_day_is_closed_at_its_midnight_and_not_a_second_before(name: str) -> None:
    stream = STREAMS[name]
    for account, day, _, midnight in days_of(name):
        before = plan(stream, account, day, day, midnight - timedelta(seconds=1))
        at = plan(stream, account, day, day, midnight)
        assert ([window.days for window in at.windows], at.partial, at.skipped) == ([[day]], {}, ())
        if name in PRESENT:
            assert [(each.day, each.reason) for each in before.skipped] == [(day, NOT_CLOSED)]
        else:
            assert before.partial == {day: (NOT_CLOSED,)}


@pytest.mark.parametrize("name", CLOSED_IN)
def test_a_window_begins_and_ends_at_the_midnights_of_its_days(name: str) -> None:
    for account, day, start, end in days_of(name):
        window = STREAMS[name].window(day, day, account)
        assert (window.start, window.end) == (start, end)


def test_the_tables_hold_days_of_23_and_of_25_hours() -> None:
    hours = {name: cell.hours(OWN) for name, cell in CELLS.items()}
    assert hours == {
        "Jakarta": [24, 24],
        "UTC": [24, 24],
        "Los Angeles": [24, 24],
        "Los Angeles, 23 hours": [24, 23, 24],
        "Los Angeles, 25 hours": [24, 25, 24],
        "London, 23 hours": [24, 23, 24],
        "London, 25 hours": [24, 25, 24],
    }


# --- days that a connector works out --------------------------------------------------------------


@EACH_CELL
def test_an_ad_groups_schedule_has_the_days_of_the_accounts_zone(
    cell: Cell, server: Scripted, tmp_path: Path
) -> None:
    """TikTok writes both instants in UTC; the last one is still of the schedule."""
    stream, time, lake = STREAMS["tiktok_ads.adgroups"], clock_after(cell), Lake(tmp_path)
    starts, ends = begins(cell.first, cell.zone), begins(cell.after, cell.zone)
    group = {
        "adgroup_id": "1",
        "schedule_type": "SCHEDULE_START_END",
        "schedule_start_time": f"{starts:%Y-%m-%d %H:%M:%S}",
        "schedule_end_time": f"{ends - timedelta(seconds=1):%Y-%m-%d %H:%M:%S}",
    }
    source = source_of("tiktok_ads", server, cell, time, lambda _: business(group))
    (day,) = landed(source, stream, lake, cell.last, cell.after, time)
    (row,) = lake.rows(stream, day.account, day.day).to_pylist()
    assert (row["first_day"], row["last_day"]) == (cell.first, cell.last)


@EACH_CELL
def test_a_line_items_schedule_has_the_days_of_the_accounts_zone(
    cell: Cell, server: Scripted, tmp_path: Path
) -> None:
    """X tells the instant at which it is over."""
    stream, time, lake = STREAMS["x_ads.line_items"], clock_after(cell), Lake(tmp_path)
    item = {
        "id": "1",
        "campaign_id": "c",
        "start_time": zulu(begins(cell.first, cell.zone)),
        "end_time": zulu(begins(cell.after, cell.zone)),
    }
    source = source_of("x_ads", server, cell, time, lambda _: Reply({"data": [item]}))
    (day,) = landed(source, stream, lake, cell.last, cell.after, time)
    (row,) = lake.rows(stream, day.account, day.day).to_pylist()
    assert (row["start_date"], row["stop_date"]) == (cell.first, cell.last)


# --- the tables themselves ------------------------------------------------------------------------


def test_every_stream_of_the_registry_is_in_the_tables() -> None:
    assert set(CLOSED_IN) == set(STREAMS), "a new stream needs an entry in one of the tables"
    assert set(ACCOUNT_ZONES) | {"files"} | set(WITHOUT_ACCOUNTS) == {
        name.partition(".")[0] for name in streams_of()
    }
    for name, stream in STREAMS.items():
        kind = stream.schema[stream.day].kind if stream.day else ""
        assert (name in INSTANTS or name in EXPORTS) == (kind == "timestamp"), name
        assert (name in PRESENT) == stream.snapshot, name
