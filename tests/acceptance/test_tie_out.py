"""Every figure of the world is in the published marts, to the unit and to the cent.

The truth is the simulated world's own; the marts came over HTTP, through the lake and dbt.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from harness import Installation, by_account, major, published

from pipelines.sandbox import instagram, youtube
from pipelines.sandbox.serve import Sandbox
from pipelines.sandbox.world import (
    CHANNEL_ACCOUNTS,
    INDONESIA,
    MARKET_BY_CODE,
    MARKETS,
    NETWORK_BY_NAME,
    NETWORKS,
    OUTLETS,
    PAGE_ZONE,
    SHOPEE,
    WOOCOMMERCE,
    Market,
    WorldConfig,
    current_channel_posts,
    current_customers,
    current_lines,
    current_orders,
    current_outlet_orders,
    current_posts,
    served_cells,
    served_extra,
    truth,
)
from pipelines.sandbox.world.channels import HANDLES
from pipelines.sandbox.world.span import Span

ANCHOR = date(2026, 6, 30)
NOW = datetime(2026, 6, 30, 9, tzinfo=UTC)
FIRST, LAST = date(2026, 5, 10), date(2026, 6, 29)
# All of a small world's days, in two currencies, small enough for every test run.
CONFIG = WorldConfig(anchor=ANCHOR, size=500, history_days=50, campaigns=12)
# The end of the last day, as the world writes instants: naive UTC.
MIDNIGHT = datetime(2026, 6, 30, tzinfo=UTC).replace(tzinfo=None)
NETWORKS_READ = ("meta_ads", "google_ads", "linkedin_ads", "x_ads")
# The end of that day in California, where some platforms close it.
CALIFORNIAN_MIDNIGHT = datetime(2026, 6, 30, 7, tzinfo=UTC).replace(tzinfo=None)
CURRENCIES = [pytest.param(market, id=market.currency) for market in MARKETS]


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """Everything read once, built and published."""
    with Sandbox(CONFIG, NOW) as sandbox:
        made = Installation(tmp_path_factory.mktemp("tie-out"), sandbox)
        made.extract(FIRST, LAST)
        made.build()
        yield made


@pytest.fixture(scope="module")
def marts(installation: Installation) -> Iterator[duckdb.DuckDBPyConnection]:
    with published(installation.settings) as connection:
        yield connection


@pytest.fixture(scope="module")
def told(installation: Installation) -> dict[str, Any]:
    """The truth of the days that were read."""
    return truth(installation.sandbox.world, NOW, first=FIRST, last=LAST)["markets"]


@pytest.fixture(scope="module")
def word_of_mouth(installation: Installation) -> dict[str, Any]:
    """The truth of who shares and writes, and what it brings, of the days that were read."""
    return truth(installation.sandbox.world, NOW, first=FIRST, last=LAST)["word_of_mouth"]


@pytest.mark.parametrize("market", CURRENCIES)
def test_every_order_and_its_money(marts, told, market) -> None:
    found = by_account(
        marts,
        """
        select account_id, count(*) as orders, sum(discount_amount) as discount,
            sum(tax_amount) as tax, sum(shipping_amount) as shipping,
            sum(refund_amount) as refunded, sum(net_amount) as net
        from fct_order group by account_id
        """,
    )[market.shop]
    money = told[market.code]["money"]
    assert found.pop("orders") == told[market.code]["orders"]
    assert found == {name: major(money[name]) for name in found}


@pytest.mark.parametrize("market", CURRENCIES)
def test_every_order_line(marts, told, market) -> None:
    found = by_account(
        marts,
        "select account_id, sum(gross_amount) as gross from fct_order_line group by account_id",
    )
    assert found[market.shop]["gross"] == major(told[market.code]["money"]["gross"])


@pytest.mark.parametrize("market", CURRENCIES)
def test_every_refund(marts, told, market) -> None:
    found = by_account(
        marts,
        """
        select account_id, count(*) as refunds, sum(refund_amount) as refunded
        from fct_refund group by account_id
        """,
    )
    assert found[market.shop]["refunds"] == told[market.code]["refunds"]
    assert found[market.shop]["refunded"] == major(told[market.code]["money"]["refunded"])


@pytest.mark.parametrize("market", CURRENCIES)
def test_every_visit_with_the_one_that_bought(marts, told, market) -> None:
    found = by_account(
        marts,
        """
        select account_id, count(*) as sessions, count(transaction_id) as purchases_seen
        from fct_session group by account_id
        """,
    )
    assert found[market.ga4_property] == {
        name: told[market.code][name] for name in ("sessions", "purchases_seen")
    }


@pytest.mark.parametrize("market", CURRENCIES)
def test_every_event_of_the_export(installation, marts, market) -> None:
    found = by_account(
        marts, "select account_id, sum(events) as events from fct_session group by account_id"
    )
    # A visit that began before midnight goes on in the next day's file.
    exports = installation.settings.sandbox / "exports" / "ga4" / market.ga4_property
    days = [path for path in exports.iterdir() if path.stem <= f"events_{LAST:%Y%m%d}"]
    assert found[market.ga4_property]["events"] == sum(
        pq.read_metadata(path).num_rows for path in days
    )


@pytest.mark.parametrize("network", NETWORKS_READ)
@pytest.mark.parametrize("market", CURRENCIES)
def test_every_unit_of_spend_and_every_claim(marts, told, market, network) -> None:
    found = by_account(
        marts,
        """
        select account_id, sum(spend) as spend, sum(impressions) as impressions,
            sum(clicks) as clicks, sum(claimed_conversions) as claimed, sum(claimed_value) as value,
            sum(spend) filter (where campaign_id = '__unallocated__') as unallocated
        from fct_ad_daily group by account_id
        """,
    )
    account = told[market.code]["networks"][network]["account"]
    assert found[NETWORK_BY_NAME[network].accounts[market.code]] == {
        "spend": major(account["spend"]),
        "impressions": account["impressions"],
        "clicks": account["clicks"],
        "claimed": account["purchases_claimed_7d_click"] + account["purchases_claimed_1d_view"],
        "value": major(account["value_claimed"]),
        "unallocated": major(account["unallocated_spend"]) or None,
    }


@pytest.mark.parametrize("network", NETWORKS_READ)
@pytest.mark.parametrize("market", CURRENCIES)
def test_every_campaign(marts, told, market, network) -> None:
    rows = marts.execute(
        """
        select campaign_id, sum(spend), sum(claimed_conversions)
        from fct_ad_daily where account_id = ? and campaign_id <> '__unallocated__'
        group by campaign_id having sum(impressions) > 0
        """,
        [NETWORK_BY_NAME[network].accounts[market.code]],
    ).fetchall()
    campaigns = {
        campaign: (
            major(figures["spend"]),
            figures["purchases_claimed_7d_click"] + figures["purchases_claimed_1d_view"],
        )
        for campaign, figures in told[market.code]["networks"][network]["campaigns"].items()
        if figures["impressions"]
    }
    assert {row[0]: (row[1], row[2] or 0) for row in rows} == campaigns


@pytest.mark.parametrize("network", NETWORKS_READ)
def test_every_touch_by_an_ad_finds_its_campaign(marts, network) -> None:
    """What a network puts after links, as its own API tells it, is what visits carry."""
    of = NETWORK_BY_NAME[network]
    touches, found = marts.execute(
        """
        select count(*), count_if(campaign_source = ?) from fct_touch_credit
        where touch_source = ? and touch_medium = ?
        """,
        [network, of.utm_source, of.utm_medium],
    ).fetchone()
    assert found == touches
    assert touches > 0 or network == "linkedin_ads", "the smallest network wins few buyers"


def test_every_campaigns_name_tells_its_market_and_objective(installation, marts) -> None:
    told = marts.execute(
        """
        select campaign_id, campaign_market, campaign_objective, name_follows_convention
        from dim_campaign where not is_placeholder
        """
    ).fetchall()
    planned = {
        row["campaign_id"]: (row["market"], row["kind"])
        for row in installation.sandbox.world.campaigns.to_pylist()
    }
    assert told == [(name, *planned[name], True) for name, *_ in told]
    assert told


@pytest.mark.parametrize("market", CURRENCIES)
def test_every_post_on_linkedin_and_what_it_gathered(installation, marts, market) -> None:
    found = by_account(
        marts,
        """
        select account_id, count(distinct post_id) as posts, sum(impressions) as impressions,
            sum(reactions) as reactions, sum(comments) as comments, sum(shares) as shares
        from fct_post_daily where source = 'linkedin' group by account_id
        """,
    )[CHANNEL_ACCOUNTS["linkedin"][market.code]]
    posts = own_posts(installation, "linkedin", market)
    posts = posts.filter(pc.less(posts["created_at"], MIDNIGHT))
    assert found == {
        "posts": posts.num_rows,
        "reactions": pc.sum(posts["likes"]).as_py(),
        **{name: pc.sum(posts[name]).as_py() for name in ("impressions", "comments", "shares")},
    }


@pytest.mark.parametrize("market", CURRENCIES)
def test_every_post_and_what_it_gathered(installation, marts, told, market) -> None:
    found = by_account(
        marts,
        """
        select account_id, count(distinct post_id) as posts, sum(reactions) as reactions,
            sum(shares) as shares, sum(impressions) as impressions
        from fct_post_daily group by account_id
        """,
    )[market.page_id]
    posts = current_posts(installation.sandbox.world)
    posts = posts.filter(pc.equal(posts["page_id"], market.page_id))
    posts = posts.filter(pc.less(posts["created_at"], MIDNIGHT))
    own = posts.filter(pc.equal(posts["author_id"], market.page_id))
    assert found == {
        "posts": told[market.code]["posts"],
        "reactions": pc.sum(posts["reactions"]).as_py(),
        "shares": pc.sum(posts["shares"]).as_py(),
        # Only the page's own posts have insights.
        "impressions": pc.sum(own["media_view"]).as_py(),
    }


def own_posts(installation: Installation, platform: str, market: Market) -> pa.Table:
    """The brand's own posts on that platform, as they stand when they are read."""
    posts = current_channel_posts(installation.sandbox.world)
    account = CHANNEL_ACCOUNTS[platform][market.code]
    posts = posts.filter(pc.equal(posts["account_id"], account))
    return posts.filter(pc.invert(posts["is_mention"]))


def where(table: pa.Table, keep: Callable[[dict[str, Any]], bool]) -> pa.Table:
    return table.filter(pa.array([keep(row) for row in table.to_pylist()], pa.bool_()))


def total(table: pa.Table, column: str) -> int:
    return pc.sum(table[column]).as_py() or 0


GATHERED = """
    select account_id, count(distinct post_id) as posts, sum(reactions) as reactions,
        sum(comments) as comments, sum(shares) as shares, sum(saves) as saves,
        sum(impressions) as impressions, sum(reach) as reach, sum(video_views) as video_views
    from fct_post_daily group by account_id
"""


@pytest.mark.parametrize("market", CURRENCIES)
def test_every_post_on_x_and_what_it_gathered(installation, marts, market) -> None:
    found = by_account(marts, GATHERED)[CHANNEL_ACCOUNTS["x"][market.code]]
    posts = own_posts(installation, "x", market)
    posts = posts.filter(pc.less(posts["created_at"], MIDNIGHT))
    assert found == {
        "posts": posts.num_rows,
        "reactions": total(posts, "likes"),
        "comments": total(posts, "comments"),
        "shares": total(posts, "shares") + total(posts, "quotes"),
        "saves": total(posts, "saves"),
        "impressions": total(posts, "impressions"),
        "reach": None,
        "video_views": total(where(posts, lambda row: row["media_type"] == "video"), "video_views"),
    }


@pytest.mark.parametrize("platform", ["instagram", "linkedin", "tiktok", "x", "youtube"])
def test_every_hashtag_and_campaign_of_the_own_posts(installation, marts, platform) -> None:
    """Only some platforms show the link that a post carries."""
    found = {
        post.rpartition(":")[2]: told
        for post, *told in marts.execute(
            "select post_id, hashtags, utm_campaign from dim_post where source = ?", [platform]
        ).fetchall()
    }
    posts = current_channel_posts(installation.sandbox.world)
    posts = posts.filter(pc.is_in(posts["post_id"], pa.array(found)))
    linked = platform in ("linkedin", "x")
    assert found == {
        row["post_id"]: [
            ",".join(sorted(set(re.findall(r"#(\w+)", row["message"].lower())))) or None,
            row["utm_campaign"] if linked else None,
        ]
        for row in posts.to_pylist()
    }


def test_every_link_of_the_pages_posts_and_its_campaign(installation, marts) -> None:
    found = marts.execute(
        """
        select post_id, links, utm_source, utm_medium, utm_campaign from dim_post
        where source = 'facebook_pages' and utm_campaign is not null order by post_id
        """
    ).fetchall()
    posts = current_posts(installation.sandbox.world)
    told = set(marts.execute("select post_id from dim_post").fetchnumpy()["post_id"])
    assert found == [
        (row["post_id"], row["link"], "facebook", "social", row["utm_campaign"])
        for row in posts.sort_by("post_id").to_pylist()
        if row["link"] and row["post_id"] in told
    ]
    assert found


def test_every_mention_on_x_is_content_once(installation, marts) -> None:
    """By whom it is addressed, or found by a search of the last week."""
    found = dict(
        marts.execute(
            "select content_id, account_id from fct_content where source = 'x'"
        ).fetchall()
    )
    posts = current_channel_posts(installation.sandbox.world)
    rows = where(
        posts.filter(pc.and_(pc.equal(posts["platform"], "x"), posts["is_mention"])),
        lambda row: row["created_at"] < MIDNIGHT,
    ).to_pylist()
    week = datetime(2026, 6, 24)  # noqa: DTZ001 - the world writes instants so
    expected = {
        row["post_id"]: row["account_id"]
        for row in rows
        if row["message"].startswith(f"@{HANDLES[row['market']]} ")
    }
    expected |= {
        row["post_id"]: "search"
        for row in rows
        if row["post_id"] not in expected
        and row["created_at"] >= week
        and re.search("sari laut|#sarilaut", row["message"].lower())
    }
    assert len(set(expected.values())) == 3
    assert found == expected


def test_every_media_in_which_the_brand_is_tagged_is_content(installation, marts) -> None:
    """Whoever addresses the brand on Instagram tags it."""
    found = marts.execute(
        "select content_id, account_id, author_name from fct_content"
        " where source = 'instagram' and kind = 'mention' order by content_id"
    ).fetchall()
    posts = current_channel_posts(installation.sandbox.world)
    rows = where(
        posts.filter(pc.and_(pc.equal(posts["platform"], "instagram"), posts["is_mention"])),
        lambda row: (
            row["created_at"] < MIDNIGHT and f"@{HANDLES[row['market']]} " in row["message"]
        ),
    )
    assert found == [
        (row["post_id"], row["account_id"], row["author_handle"])
        for row in rows.sort_by("post_id").to_pylist()
    ]
    assert found


@pytest.mark.parametrize("market", CURRENCIES)
def test_every_video_and_what_it_gathered(installation, marts, market) -> None:
    """Likes that are hidden and comments that are closed are not told."""
    found = by_account(marts, GATHERED)[CHANNEL_ACCOUNTS["youtube"][market.code]]
    videos = own_posts(installation, "youtube", market)
    # Of the day that has not closed in California there is nothing yet.
    videos = videos.filter(pc.less(videos["created_at"], CALIFORNIAN_MIDNIGHT))
    assert found == {
        "posts": videos.num_rows,
        "video_views": total(videos, "video_views"),
        "reactions": total(
            where(videos, lambda row: not youtube.hides_likes(row["post_id"])), "likes"
        ),
        "comments": total(
            where(videos, lambda row: not youtube.is_closed(row["post_id"])), "comments"
        ),
        **dict.fromkeys(("shares", "saves", "impressions", "reach")),
    }


@pytest.mark.parametrize("market", CURRENCIES)
def test_every_media_and_story_and_what_it_gathered(installation, marts, market) -> None:
    """Insights are told of what was posted for a business, and of stories that some have seen."""
    found = by_account(marts, GATHERED)[CHANNEL_ACCOUNTS["instagram"][market.code]]
    posts = own_posts(installation, "instagram", market)
    posts = posts.filter(pc.less(posts["created_at"], MIDNIGHT))
    business = datetime.combine(CONFIG.start, time()) + timedelta(days=instagram.PRIVATE_DAYS)
    posts = where(
        posts,
        lambda row: (
            row["media_type"] != "story"
            or row["created_at"] > NOW.replace(tzinfo=None) - instagram.STORY_LIVES
        ),
    )
    told = where(
        posts,
        lambda row: (
            row["created_at"] >= business
            and (row["media_type"] != "story" or row["reach"] >= instagram.LEAST_VIEWERS)
        ),
    )
    moving = where(told, lambda row: row["media_type"] == "reel")
    assert found == {
        "posts": posts.num_rows,
        "reactions": total(
            where(posts, lambda row: not instagram.hides_likes(row["post_id"])), "likes"
        ),
        "comments": total(posts, "comments"),
        "shares": total(told, "shares"),
        "saves": total(where(told, lambda row: row["media_type"] != "story"), "saves"),
        "impressions": total(told, "impressions"),
        "reach": total(told, "reach"),
        "video_views": total(moving, "impressions"),
    }


def audience(marts: duckdb.DuckDBPyConnection, account: str, first: date) -> dict[str, Any]:
    """An account's days since then together; reach only adds up to be compared."""
    return by_account(
        marts,
        f"""
        select account_id, count(followers) as known, max_by(followers, date_day) as followers,
            sum(followers_gained) as gained, sum(followers_lost) as lost,
            sum(impressions) as impressions, sum(reach) as reach,
            sum(profile_views) as profile_views
        from fct_audience_daily
        where date_day between date '{first}' and date '{LAST}' group by account_id
        """,
    )[account]


def days_of(table: pa.Table, column: str, account: str, first: date) -> pa.Table:
    """The world's days of an account since then, in order."""
    return where(
        table.sort_by("date_day"),
        lambda row: row[column] == account and first <= row["date_day"] <= LAST,
    )


@pytest.mark.parametrize("market", CURRENCIES)
def test_every_day_of_a_pages_audience(installation, marts, market) -> None:
    days = days_of(installation.sandbox.world.page_days, "page_id", market.page_id, FIRST)
    assert audience(marts, market.page_id, FIRST) == {
        "known": days.num_rows,
        "followers": days["follows"][-1].as_py(),
        "gained": total(days, "daily_follows"),
        "lost": None,
        "impressions": total(days, "media_view"),
        "reach": total(days, "media_view_unique"),
        "profile_views": None,
    }


@pytest.mark.parametrize("market", CURRENCIES)
def test_every_day_of_a_profiles_audience(installation, marts, market) -> None:
    """Who began to follow is told of the last thirty days; who follows, as of now."""
    account = CHANNEL_ACCOUNTS["instagram"][market.code]
    first = LAST - timedelta(days=27)
    days = days_of(installation.sandbox.world.channel_days, "account_id", account, first)
    assert audience(marts, account, first) == {
        "known": 1,
        "followers": days["followers"][-1].as_py(),
        "gained": total(days, "new_followers"),
        "lost": None,
        **{name: total(days, name) for name in ("impressions", "reach", "profile_views")},
    }


@pytest.mark.parametrize("market", CURRENCIES)
@pytest.mark.parametrize("platform", ["linkedin", "tiktok", "x"])
def test_every_accounts_followers_and_who_began_to_follow(
    installation, marts, platform, market
) -> None:
    account = CHANNEL_ACCOUNTS[platform][market.code]
    days = days_of(installation.sandbox.world.channel_days, "account_id", account, FIRST)
    found = audience(marts, account, FIRST)
    assert (found["known"], found["followers"]) == (1, days["followers"][-1].as_py())
    gained = total(days, "new_followers") if platform == "linkedin" else None
    assert (found["gained"], found["lost"]) == (gained, None)


@pytest.mark.parametrize("market", CURRENCIES)
@pytest.mark.parametrize("platform", ["youtube", "instagram", "linkedin"])
def test_every_comment_of_the_days(installation, marts, platform, market) -> None:
    account = CHANNEL_ACCOUNTS[platform][market.code]
    zone = PAGE_ZONE if platform == "youtube" else UTC
    first, end = (
        datetime.combine(day, time(), zone).astimezone(UTC).replace(tzinfo=None)
        for day in (FIRST, LAST + timedelta(days=1))
    )
    shown = set(own_posts(installation, platform, market)["post_id"].to_pylist())
    if platform == "youtube":
        shown = {video for video in shown if not youtube.is_closed(video)}
    comments = where(
        installation.sandbox.world.channel_comments,
        lambda row: row["post_id"] in shown and first <= row["created_at"] < end,
    )
    found = by_account(
        marts,
        """
        select account_id, count(*) as comments, count(parent_id) as replies,
            count(distinct author_id) as authors, sum(like_count) as likes
        from fct_content where kind = 'comment' group by account_id
        """,
    )[account]
    assert comments.num_rows > 0
    assert found == {
        "comments": comments.num_rows,
        "replies": comments.num_rows - comments["parent_id"].null_count,
        "authors": pc.count_distinct(comments["author_id"]).as_py(),
        "likes": total(comments, "like_count"),
    }


def test_credits_conserve_each_order_for_each_model(marts) -> None:
    broken = marts.execute(
        """
        select order_key, attribution_model, sum(credit) as credit,
            sum(attributed_revenue_reporting) as revenue
        from fct_touch_credit
        group by order_key, attribution_model
        having sum(credit) <> 1 or sum(attributed_revenue_reporting) <> (
            select net_amount_reporting from fct_order
            where fct_order.order_key = fct_touch_credit.order_key
        )
        """
    ).fetchall()
    assert broken == []
    models, credited = marts.execute(
        "select count(distinct attribution_model), count(distinct order_key) from fct_touch_credit"
    ).fetchone()
    assert (models, credited) == (9, marts.execute("select count(*) from fct_order").fetchone()[0])


def test_attributed_and_unattributed_are_what_was_recorded(marts) -> None:
    recorded = marts.execute("select sum(net_amount_reporting) from fct_order").fetchone()[0]
    models = marts.execute(
        "select attribution_model, sum(attributed_revenue) from mart_campaign_roi group by all"
    ).fetchall()
    assert len(models) == 9
    assert {revenue for _, revenue in models} == {recorded}


@dataclass(frozen=True)
class Sale:
    """An order that was read; `buyer` is an e-mail address, or else a customer of one shop."""

    account: str
    order: str
    buyer: str
    day: date
    net: Decimal
    currency: str


@pytest.fixture(scope="module")
def sales(installation: Installation) -> list[Sale]:
    world, span, utc = installation.sandbox.world, Span(FIRST, LAST), ZoneInfo("UTC")
    addresses = {row["customer_id"]: row["email"] for row in current_customers(world).to_pylist()}
    found = []
    for row in span.of_instants(current_orders(world), "updated_at", utc).to_pylist():
        if not row["is_test"]:
            market = MARKET_BY_CODE[row["market"]]
            customer = row["customer_id"]
            who = (addresses[customer] or f"{market.shop} {customer}").lower()
            net = major(row["subtotal"] - row["refunded"])
            found.append(
                Sale(market.shop, str(row["order_id"]), who, jakarta(row), net, market.currency)
            )
    outlet_orders = span.of_instants(current_outlet_orders(world), "updated_at", utc)
    for row in outlet_orders.to_pylist():
        if row["is_sale"]:
            who = (row["email"] or f"{row['outlet']} {row['buyer_id']}").lower()
            net = major(row["gross"] - row["seller_discount"] - row["refunded"])
            sale = Sale(row["shop_id"], row["order_id"], who, jakarta(row), net, row["currency"])
            found.append(sale)
    return found


def jakarta(row: dict[str, Any]) -> date:
    """The day of an order in the reporting time zone."""
    placed: datetime = row["created_at"].replace(tzinfo=UTC)
    return placed.astimezone(INDONESIA.zone).date()


@pytest.fixture(scope="module")
def rates(marts: duckdb.DuckDBPyConnection) -> dict[tuple[str, date], Decimal]:
    """Rupiah for one of a currency, by day."""
    return {
        (currency, day): rate
        for currency, day, rate in marts.execute(
            "select currency, order_date, fx_rate from fct_order"
            " union select currency, date_day, fx_rate from fct_ad_daily"
        ).fetchall()
    }


def spent_by_day(installation: Installation) -> Iterator[tuple[str, date, Decimal]]:
    """Currency, day and spend of all that the networks served."""
    for market in MARKETS:
        for network in NETWORKS:
            for served in (served_cells, served_extra):
                cells = served(installation.sandbox.world, market.code, network.name)
                for row in Span(FIRST, LAST).of_days(cells).to_pylist():
                    yield market.currency, row["date_day"], major(row["spend"])


def test_revenue_beside_spend_and_the_cost_of_a_new_customer(
    installation, marts, sales, rates
) -> None:
    """Over all days: marketing efficiency, and what one new customer cost."""
    net = sum(sale.net * rates[sale.currency, sale.day] for sale in sales)
    spend = sum(amount * rates[money, day] for money, day, amount in spent_by_day(installation))
    customers = len({sale.buyer for sale in sales})
    found = marts.execute(
        "select sum(new_customers), sum(net_revenue) / sum(spend), sum(spend) / sum(new_customers)"
        " from mart_mer_daily"
    ).fetchone()
    assert found == (
        customers,
        pytest.approx(float(net / spend)),
        pytest.approx(float(spend / customers)),
    )


def test_every_day_wins_the_customers_who_first_ordered_on_it(marts, sales) -> None:
    first: dict[str, date] = {}
    for sale in sales:
        first[sale.buyer] = min(sale.day, first.get(sale.buyer, sale.day))
    assert dict(
        marts.execute(
            "select date_day, new_customers from mart_mer_daily where new_customers > 0"
        ).fetchall()
    ) == Counter(first.values())


def test_cohorts_hold_every_customer_and_all_that_they_brought(marts, sales, rates) -> None:
    customers, orders, net = marts.execute(
        "select sum(customers) filter (where months_since = 0), sum(orders), sum(net_revenue)"
        " from mart_cohort_ltv"
    ).fetchone()
    assert (customers, orders) == (len({sale.buyer for sale in sales}), len(sales))
    recorded = sum(sale.net * rates[sale.currency, sale.day] for sale in sales)
    assert float(net) == pytest.approx(float(recorded))


@pytest.mark.parametrize("market", CURRENCIES)
def test_every_order_leaves_its_net_revenue_less_what_its_goods_cost(
    installation, marts, sales, rates, market
) -> None:
    world = installation.sandbox.world
    unit_costs = {row["variant_id"]: row["unit_cost"] for row in world.variants.to_pylist()}
    costs: Counter[str] = Counter()
    for line in current_lines(world).to_pylist():
        cost = unit_costs[line["variant_id"]] * line["current_quantity"]
        costs[str(line["order_id"])] += cost
    margin = sum(
        (sale.net - major(costs[sale.order])) * rates[sale.currency, sale.day]
        for sale in sales
        if sale.account == market.shop
    )
    (found,) = marts.execute(
        "select sum(attributed_margin_reporting) from fct_touch_credit"
        " where attribution_model = 'last_non_direct' and account_id = ?",
        [market.shop],
    ).fetchone()
    assert float(found) == pytest.approx(float(margin))


def test_a_cohorts_margin_is_that_of_its_customers_orders(marts) -> None:
    """Of those cohorts whose goods' costs are all known."""
    recorded = marts.execute(
        """
        with credited as (
            from fct_touch_credit where attribution_model = 'last_non_direct'
        ),
        acquired as (
            select person_id, date_trunc('month', order_date)::date as cohort_month, campaign_key
            from credited where is_first_order
        )
        select acquired.cohort_month, acquired.campaign_key,
            sum(credited.attributed_margin_reporting)
        from credited inner join acquired using (person_id) group by all
        having count(*) = count(credited.attributed_margin_reporting) order by all
        """
    ).fetchall()
    cohorts = marts.execute(
        """
        select cohort_month, campaign_key, sum(margin) from mart_cohort_ltv
        where customers > 0 group by all having count(*) = count(margin) order by all
        """
    ).fetchall()
    assert recorded
    assert cohorts == recorded


def test_segments_of_a_family_add_up_to_what_was_recorded(marts) -> None:
    recorded = marts.execute(
        "select date_trunc('month', order_date)::date, count(*), sum(net_amount_reporting)"
        " from fct_order group by all order by all"
    ).fetchall()
    families = [
        row[0]
        for row in marts.execute(
            "select distinct segment_family from mart_audience_segments"
        ).fetchall()
    ]
    assert {"geographic_province", "demographic_age", "rfm", "lifecycle"} <= set(families)
    for family in families:
        found = marts.execute(
            "select month, sum(orders), sum(net_revenue) from mart_audience_segments"
            " where segment_family = ? group by all having sum(orders) > 0 order by all",
            [family],
        ).fetchall()
        assert found == recorded, family


def test_both_currencies_are_converted_at_published_rates(marts) -> None:
    rates = marts.execute(
        "select currency, min(fx_rate), count_if(fx_rate is null) from fct_order group by currency"
    ).fetchall()
    known = {currency: (rate, missing) for currency, rate, missing in rates}
    assert known["IDR"] == (Decimal(1), 0)
    assert known["USD"][0] > 10_000
    assert known["USD"][1] == 0


@pytest.mark.parametrize("market", CURRENCIES)
def test_every_unit_of_tiktoks_spend_and_every_claim(marts, told, market) -> None:
    network = NETWORK_BY_NAME["tiktok_ads"]
    found = by_account(
        marts,
        """
        select account_id, sum(spend) as spend, sum(impressions) as impressions,
            sum(clicks) as clicks, sum(claimed_conversions) as claimed,
            sum(claimed_conversions_1d_view) as viewed, sum(claimed_value) as value,
            sum(spend) filter (where campaign_id = '__unallocated__') as unallocated
        from fct_ad_daily where platform = 'tiktok' group by account_id
        """,
    )[network.accounts[market.code]]
    account = told[market.code]["networks"][network.name]["account"]
    clicked, viewed = (account[f"purchases_claimed_{window}"] for window in ("7d_click", "1d_view"))
    assert (found.pop("viewed") or 0, found.pop("value") or 0) == (
        viewed,
        major(account["value_claimed"]),
    )
    assert found == {
        "spend": major(account["spend"]),
        "impressions": account["impressions"],
        # What TikTok counts as a click leads to the ad's destination.
        "clicks": account["link_clicks"],
        "claimed": clicked + viewed,
        "unallocated": major(account["unallocated_spend"]),
    }


@pytest.mark.parametrize("market", CURRENCIES)
def test_every_campaign_of_tiktok(marts, told, market) -> None:
    network = NETWORK_BY_NAME["tiktok_ads"]
    rows = marts.execute(
        """
        select facts.campaign_id, min(campaigns.campaign_name), sum(facts.spend)
        from fct_ad_daily as facts
        inner join dim_campaign as campaigns
            on facts.source = campaigns.source and facts.account_id = campaigns.account_id
                and facts.campaign_id = campaigns.campaign_id
        where facts.account_id = ? and facts.campaign_id <> '__unallocated__'
        group by facts.campaign_id having sum(facts.impressions) > 0
        """,
        [network.accounts[market.code]],
    ).fetchall()
    campaigns = told[market.code]["networks"][network.name]["campaigns"]
    assert {campaign: (name, spend) for campaign, name, spend in rows} == {
        campaign: (figures["name"], major(figures["spend"]))
        for campaign, figures in campaigns.items()
        if figures["impressions"]
    }


def test_every_video_of_tiktok_and_what_it_gathered(installation, marts) -> None:
    posts = current_channel_posts(installation.sandbox.world)
    own = pc.and_(pc.equal(posts["platform"], "tiktok"), pc.invert(posts["is_mention"]))
    posts = posts.filter(pc.and_(own, pc.less(posts["created_at"], MIDNIGHT)))
    found = marts.execute(
        """
        select count(distinct post_id), sum(video_views), sum(reactions), sum(comments), sum(shares)
        from fct_post_daily where source = 'tiktok'
        """
    ).fetchone()
    assert found == (
        posts.num_rows,
        *(pc.sum(posts[name]).as_py() for name in ("video_views", "likes", "comments", "shares")),
    )


@pytest.mark.parametrize("outlet", OUTLETS, ids=lambda outlet: outlet.name)
def test_every_order_of_an_outlet_and_what_went_back(installation, marts, outlet) -> None:
    world = installation.sandbox.world
    told = truth(world, NOW, first=FIRST, last=LAST)["outlets"][outlet.name]
    found = by_account(
        marts,
        f"""
        select account_id, count(*) as orders, sum(lines_amount) as gross,
            sum(discount_amount) as seller_discount, sum(tax_amount) as tax,
            sum(shipping_amount) as shipping, sum(refund_amount) as refunded, sum(net_amount) as net
        from fct_order where source = '{outlet.name}' group by account_id
        """,
    )[outlet.shop_id]
    assert found.pop("orders") == told["orders"]
    assert found == {name: major(told["money"][name]) for name in found}
    lines, refunds = (
        marts.execute(query, [outlet.name]).fetchone()
        for query in (
            "select sum(gross_amount) from fct_order_line where source = ?",
            "select count(*) filter (successful_transactions = 1),"
            " count(*) filter (other_transactions = 1) from fct_refund where source = ?",
        )
    )
    assert lines == (major(told["money"]["gross"]),)
    counts = told["refunds"]
    # The own site makes a refund only once the money has gone back.
    others = 0 if outlet.own else counts["failed"] + counts["pending"]
    assert refunds == (counts["succeeded"], others)


def test_every_payment_with_its_fee_and_settlement(installation, marts) -> None:
    world = installation.sandbox.world
    told = truth(world, NOW, first=FIRST, last=LAST)["outlets"][WOOCOMMERCE.name]["payments"]
    succeeded, failed, amount, settled, fee, net = marts.execute(
        """
        select count(*) filter (payment_kind = 'charge' and status = 'succeeded'),
            count(*) filter (payment_kind = 'charge' and status = 'failed'),
            sum(moved_amount) filter (payment_kind = 'charge'),
            sum(settled_amount), sum(fee_amount), sum(settled_net_amount)
        from fct_payment
        """
    ).fetchone()
    assert (succeeded, failed) == (told["succeeded"], told["failed"])
    assert (amount, settled, fee, net) == tuple(
        major(told[name]) for name in ("amount", "settled_amount", "settled_fee", "settled_net")
    )


def test_every_order_that_was_paid_by_card_has_its_payment(marts) -> None:
    orders, paid = marts.execute(
        """
        select count(*), count(*) filter (orders.gross_amount - orders.discount_amount = charged)
        from fct_order as orders
        inner join (
            select order_key, sum(moved_amount) as charged
            from fct_payment where payment_kind = 'charge' group by order_key
        ) using (order_key)
        """
    ).fetchone()
    assert orders == paid > 0


@pytest.mark.parametrize("outlet", [WOOCOMMERCE, SHOPEE], ids=lambda outlet: outlet.name)
def test_every_review_of_an_outlet(installation, marts, outlet) -> None:
    world = installation.sandbox.world
    told = truth(world, NOW, first=FIRST, last=LAST)["outlets"][outlet.name]
    (found,) = marts.execute(
        "select count(*) from fct_content where source = ? and kind = 'review'", [outlet.name]
    ).fetchone()
    assert found == told["reviews"] > 0


def test_who_takes_part_in_word_of_mouth_each_month(marts, word_of_mouth) -> None:
    """Customers, whoever of them shared or wrote, and whom their links won by the order's day."""
    names = ("active_customers", "sharers", "authors", "shares", "orders")
    found = marts.execute(
        """
        select strftime(month, '%Y-%m'), sum(active_customers), sum(sharers), sum(authors),
            sum(shares), sum(referred_customers)
        from mart_word_of_mouth group by month order by month
        """
    ).fetchall()
    months = word_of_mouth["months"]
    assert found == [(month, *(told[name] for name in names)) for month, told in months.items()]
    assert all(told[name] > 0 for told in months.values() for name in names)


def test_rates_of_word_of_mouth_over_all_countries_are_ratios_of_sums(marts, word_of_mouth) -> None:
    found = marts.execute(
        """
        select strftime(month, '%Y-%m'), sum(authors) / sum(active_customers),
            sum(sharers) / sum(active_customers)
        from mart_word_of_mouth group by month order by month
        """
    ).fetchall()
    assert found == [
        (
            month,
            pytest.approx(told["authors"] / told["active_customers"]),
            pytest.approx(told["sharers"] / told["active_customers"]),
        )
        for month, told in word_of_mouth["months"].items()
    ]


@pytest.mark.parametrize("market", CURRENCIES)
def test_every_share_and_whom_its_link_brought(marts, word_of_mouth, market) -> None:
    found = by_account(
        marts,
        """
        select account_id, count(*) as shares, count(distinct person_id) as sharers,
            sum(visits) as visits,
            sum(first_orders) / count(distinct person_id) as k_factor
        from fct_share group by account_id
        """,
    )[market.ga4_property]
    truth_of_market = word_of_mouth["markets"][market.code]
    assert found.pop("k_factor") == pytest.approx(truth_of_market["k_factor"], rel=0.1)
    assert found == {name: truth_of_market[name] for name in found}


@pytest.mark.parametrize("market", CURRENCIES)
def test_shares_by_their_place_in_the_cascade(marts, word_of_mouth, market) -> None:
    found = marts.execute(
        "select depth::varchar, count(*) from fct_share where account_id = ? group by all",
        [market.ga4_property],
    ).fetchall()
    assert dict(found) == word_of_mouth["markets"][market.code]["shares_by_depth"]


def test_advocates_brought_what_shared_links_did(marts) -> None:
    brought, told = (
        marts.execute(f"select sum(orders), sum(net_revenue_reporting) from {mart}").fetchone()
        for mart in ("mart_advocates", "mart_word_of_mouth")
    )
    assert brought == told


def test_what_posts_gathered_is_what_their_days_add_up_to(marts) -> None:
    lifetime = marts.execute(
        "select sum(impressions), sum(reactions), sum(comments), sum(shares)"
        " from mart_post_engagement"
    ).fetchone()
    days = marts.execute(
        """
        select sum(impressions), sum(reactions), sum(comments), sum(shares)
        from fct_post_daily inner join dim_post using (post_key) where author_kind = 'page'
        """
    ).fetchone()
    assert lifetime == days
