"""Every connector end to end over HTTP, against a small sandbox, in fair weather and foul.

The figures expected are the world's own; the clock is a fake, so that no wait is slept through.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import mkdtemp
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from pydantic import SecretStr
from scripted import FakeTime

from pipelines.connectors import ecb, facebook_pages, meta_ads, registry, shopify
from pipelines.connectors.errors import DeadToken, SourceError, Transient, WaitUntil
from pipelines.connectors.health import Health, State
from pipelines.connectors.read import HttpSource
from pipelines.connectors.stream import Account, Batch, Stream, Window
from pipelines.sandbox import credentials
from pipelines.sandbox.clock import Scene
from pipelines.sandbox.serve import Sandbox
from pipelines.sandbox.world import (
    CHANNEL_ACCOUNTS,
    MARKETS,
    NETWORK_BY_NAME,
    PAGE_ZONE,
    Market,
    WorldConfig,
    channel_gains,
    current_orders,
    current_posts,
    served_cells,
    served_extra,
)
from pipelines.sandbox.youtube import DELAY
from pipelines.settings import Settings

NOW = datetime(2026, 11, 1, 9, tzinfo=UTC)
CONFIG = WorldConfig(anchor=date(2026, 11, 1), size=500, history_days=120, campaigns=16)
LAST = date(2026, 10, 31)
FIRST = LAST - timedelta(days=29)
# What happens seldom in so small a world is read over all of its days.
START = CONFIG.start
SELDOM = {
    ("instagram", "tags"),
    ("shopee", "product_reviews"),
    ("shopee", "returns"),
    ("stripe", "refunds"),
    ("tiktok_shop", "cancellations"),
    ("tiktok_shop", "returns"),
    ("woocommerce", "customers"),
    ("woocommerce", "product_reviews"),
}
SOURCES = tuple(name for name in registry.STREAMS if name != "files")
WITHOUT_TOKEN = ("ecb", "holidays")
STREAMS = [
    pytest.param(name, stream, id=f"{name}.{stream.name}")
    for name in SOURCES
    for stream in registry.STREAMS[name]
]
GOOGLE_ADS, LINKEDIN_ADS = NETWORK_BY_NAME["google_ads"], NETWORK_BY_NAME["linkedin_ads"]
PAGE_IDS = [market.page_id for market in MARKETS]
# Whose token endpoint is asked, and refuses, before the platform is.
SIGNS_IN = {"google_ads": "oauth", "linkedin_ads": "linkedin_oauth", "linkedin": "linkedin_oauth"}
TOKEN_PER_ACCOUNT = {"shopify", "tiktok", "tiktok_shop"}
CONFIGURED = Settings(_env_file=None, SMM_HOME=Path("unused")).secrets
TOKENS = {
    # One setting may hold the credentials of several accounts.
    *(part for secret in CONFIGURED for part in re.split("[:,]", secret) if len(part) > 12),
    *(credentials.page_token(page) for page in PAGE_IDS),
    credentials.GOOGLE_ADS_TOKEN,
    credentials.LINKEDIN_TOKEN,
} - {
    *credentials.SHOPS,
    *credentials.TIKTOK_ACCOUNTS,
    *credentials.TIKTOK_SHOPS,
    *credentials.SHOPEE_SHOPS,
    *credentials.X_ACCOUNTS,
}


@pytest.fixture(scope="module")
def running() -> Iterator[Sandbox]:
    with Sandbox(scene=Scene(CONFIG, NOW)) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(running: Sandbox) -> Iterator[Sandbox]:
    running.control.faults()
    running.control.forget_requests()
    yield running
    running.control.faults()


def build(url: str, time: FakeTime, *, token: str | None = None) -> dict[str, Any]:
    """The sources as the registry builds them, with a clock that a test controls.

    With a `token`, it stands in the place of every credential.
    """
    home = Path(mkdtemp())
    settings = Settings(_env_file=None, SMM_SANDBOX_URL=url, SMM_HOME=home, SMM_NOW=NOW)
    if token is not None:
        dead = {name: SecretStr(token) for name, value in settings if isinstance(value, SecretStr)}
        dead["woocommerce_keys"] = SecretStr(f"{token}:secret")
        dead["x_api_user_tokens"] = SecretStr(f"{credentials.X_ACCOUNTS[0]}:{token}:secret")
        settings = settings.model_copy(update=dead)
    built = registry.build_sources(settings, clock=time.clock)
    return {name: built[name] for name in SOURCES}


@pytest.fixture
def time() -> FakeTime:
    return FakeTime(NOW)


@pytest.fixture
def sources(sandbox: Sandbox, time: FakeTime) -> dict[str, HttpSource]:
    return build(sandbox.url, time)


def window(stream: Stream, account: Account) -> Window:
    return stream.window(LAST if stream.snapshot else first_of(stream), LAST, account)


def first_of(stream: Stream) -> date:
    return START if (stream.source, stream.name) in SELDOM else FIRST


def read(source: HttpSource, stream: Stream) -> tuple[pa.Table, list[Batch]]:
    """All accounts' rows of the last thirty days, sorted by key; and the batches they came in."""
    batches = [
        batch
        for account in source.accounts()
        if account.has(stream)
        for batch in source.read(stream, account, window(stream, account))
    ]
    table = pa.concat_tables([batch.rows for batch in batches])
    keys = [stream.schema.arrow.names[0], *stream.key]
    return table.sort_by([(key, "ascending") for key in keys]), batches


@pytest.mark.parametrize(("name", "stream"), STREAMS)
def test_every_record_of_a_stream_lands_in_a_known_column_under_its_key_and_day(
    sources: dict[str, HttpSource], name: str, stream: Stream
) -> None:
    table, batches = read(sources[name], stream)

    assert table.num_rows > 0
    assert table.schema == stream.schema.arrow
    assert [rejected for batch in batches for rejected in batch.rejected] == []
    assert [note for batch in batches for note in batch.missing] == []
    assert pc.unique(table["_extra"]).to_pylist() == [None], "fields that nobody declared"
    keys = [table.schema.names[0], *stream.key]
    assert table.group_by(keys).aggregate([]).num_rows == table.num_rows
    if stream.day:
        zones = {account.id: account.timezone for account in sources[name].accounts()}
        for row in table.select([table.schema.names[0], stream.day]).to_pylist():
            zone = zones.get(row[table.schema.names[0]], stream.zone)
            assert first_of(stream) <= day_of(row[stream.day], stream, zone) <= LAST


def day_of(value: date | datetime, stream: Stream, account_zone: str) -> date:
    if not isinstance(value, datetime):
        return value
    zone = account_zone if stream.zone == "account" else stream.zone
    return value.replace(tzinfo=UTC).astimezone(ZoneInfo(zone)).date()


def test_accounts_have_the_zone_and_currency_of_their_market(
    sources: dict[str, HttpSource],
) -> None:
    wanted = [(market.timezone, market.currency) for market in MARKETS]
    for name in ("meta_ads", "ga4", "shopify", "google_ads", "tiktok_ads"):
        found = [(account.timezone, account.currency) for account in sources[name].accounts()]
        assert found == wanted, name


def total(table: pa.Table, column: str, **equal: str) -> Any:
    for name, value in equal.items():
        table = table.filter(pc.equal(table[name], value))
    return pc.sum(table[column]).as_py() or 0


def test_spend_is_the_worlds_to_the_cent_at_every_level(
    sandbox: Sandbox, sources: dict[str, HttpSource]
) -> None:
    """Accounts have what ads have and what no ad explains; each breakdown has all of campaigns'."""
    by_name = {stream.name: stream for stream in meta_ads.STREAMS}
    tables = {
        name: read(sources["meta_ads"], by_name[name])[0]
        for name in by_name
        if name.startswith("insights_")
    }
    for market in MARKETS:
        cells = thirty_days(served_cells(sandbox.world, market.code))
        extra = thirty_days(served_extra(sandbox.world, market.code))
        account = {"account_id": market.ad_account}
        spent = Decimal(total(cells, "spend")) / 100
        for level in ("ad", "adset", "campaign", "age_gender", "region"):
            assert total(tables[f"insights_{level}"], "spend", **account) == spent, level
        unexplained = Decimal(total(extra, "spend")) / 100
        assert total(tables["insights_account"], "spend", **account) == spent + unexplained
        assert total(tables["insights_region"], "impressions", **account) == total(
            cells, "impressions"
        )


@pytest.mark.parametrize(
    ("name", "levels", "whole", "account"),
    [
        (
            "google_ads",
            ("campaign", "ad_group", "ad", "age", "gender", "region"),
            "account_daily",
            "customer_id",
        ),
        (
            "linkedin_ads",
            ("campaign_group", "campaign", "creative"),
            "account_daily",
            "account_id",
        ),
    ],
)
def test_cost_is_the_worlds_to_the_micro_on_other_networks(
    sandbox: Sandbox,
    sources: dict[str, HttpSource],
    name: str,
    levels: tuple[str, ...],
    whole: str,
    account: str,
) -> None:
    by_name = {stream.name: stream for stream in registry.STREAMS[name]}
    totals, _ = read(sources[name], by_name[whole])
    tables = {level: read(sources[name], by_name[f"{level}_daily"])[0] for level in levels}
    for market in MARKETS:
        own = {account: NETWORK_BY_NAME[name].accounts[market.code]}
        cells = thirty_days(served_cells(sandbox.world, market.code, name))
        extra = thirty_days(served_extra(sandbox.world, market.code, name))
        spent = Decimal(total(cells, "spend")) / 100
        assert spent > 0
        for level, table in tables.items():
            assert total(table, "cost", **own) == spent, level
        assert total(totals, "cost", **own) == spent + Decimal(total(extra, "spend")) / 100


def thirty_days(table: pa.Table) -> pa.Table:
    days = table["date_day"]
    return table.filter(pc.and_(pc.greater_equal(days, FIRST), pc.less_equal(days, LAST)))


def test_every_order_that_changed_comes_with_its_lines_and_money(
    sandbox: Sandbox, sources: dict[str, HttpSource]
) -> None:
    (stream,) = (stream for stream in shopify.STREAMS if stream.name == "orders")
    table, _ = read(sources["shopify"], stream)
    start, end = (datetime.combine(day, datetime.min.time()) for day in (FIRST, NOW.date()))
    world = current_orders(sandbox.world)
    changed = world.filter(
        pc.and_(
            pc.greater_equal(world["updated_at"], pa.scalar(start, pa.timestamp("us"))),
            pc.less(world["updated_at"], pa.scalar(end, pa.timestamp("us"))),
        )
    )

    assert table.num_rows == changed.num_rows
    assert total(table, "total_price") == Decimal(total(changed, "total")) / 100
    assert total(table, "total_refunded") == Decimal(total(changed, "refunded")) / 100
    lines = sandbox.world.order_lines
    kept = lines.filter(pc.is_in(lines["order_id"], changed["order_id"].combine_chunks()))
    assert pc.sum(pc.list_value_length(table["line_items"])).as_py() >= kept.num_rows


def test_rates_are_the_worlds_on_business_days_only(
    sandbox: Sandbox, sources: dict[str, HttpSource]
) -> None:
    table, _ = read(sources["ecb"], ecb.STREAMS[0])
    published = {
        (row["date"], row["currency"]): Decimal(str(row["rate"]))
        for row in sandbox.world.fx.to_pylist()
        if FIRST <= row["date"] <= LAST
    }

    assert {(row["date"], row["currency"]): row["rate"] for row in table.to_pylist()} == published
    assert all(row["date"].weekday() < 5 for row in table.to_pylist())


SMALL = {
    "facebook_pages": "comments",
    "meta_ads": "insights_age_gender",
    "ga4": "traffic",
    "shopify": "orders",
    "woocommerce": "product_reviews",
    "stripe": "charges",
    "shopee": "orders",
    "google_ads": "campaign_daily",
    "linkedin_ads": "campaign_daily",
    "linkedin": "comments",
    "x": "mentions",
    "x_ads": "stats_promoted_tweet",
    "ecb": "rates",
    "holidays": "public_holidays",
    "youtube": "comments",
    "instagram": "follower_demographics",
    "tiktok_ads": "reports_campaign",
    "tiktok": "videos",
    "tiktok_shop": "orders",
}


def stream_of(name: str) -> Stream:
    return next(stream for stream in registry.STREAMS[name] if stream.name == SMALL[name])


def test_an_hours_quota_of_ga4_says_when_to_go_on(
    sandbox: Sandbox, sources: dict[str, HttpSource], time: FakeTime
) -> None:
    source, stream = sources["ga4"], stream_of("ga4")
    (account, *_) = source.accounts()
    sandbox.control.faults({"kind": "throttled", "platform": "ga4"})

    with pytest.raises(WaitUntil) as caught:
        list(source.read(stream, account, window(stream, account)))
    assert caught.value.resumes_at == NOW + timedelta(minutes=30)
    assert time.slept == []


@pytest.mark.parametrize("name", [name for name in SOURCES if name not in WITHOUT_TOKEN])
def test_a_dead_token_says_so_once_and_other_sources_go_on(
    sandbox: Sandbox, time: FakeTime, name: str
) -> None:
    token = "a-dead-token-0123456789"
    sources = build(sandbox.url, time, token=token)
    source = sources[name]

    for _ in range(3):
        for account in source.accounts():
            for stream in source.streams:
                with pytest.raises(DeadToken) as caught:
                    list(source.read(stream, account, window(stream, account)))
                assert token not in str(caught.value)
                assert name.upper().partition("_")[0] in str(caught.value)
    told = sandbox.control.requests()[SIGNS_IN.get(name, name)]
    asked = sum(sum(counts.values()) for counts in told.values())
    accounts = len(source.accounts()) if name in TOKEN_PER_ACCOUNT else 1
    assert asked == accounts, "one request a token"
    assert read(sources["ecb"], ecb.STREAMS[0])[0].num_rows > 0


@pytest.mark.parametrize(
    ("stream", "metric"),
    [("page_insights", "page_post_engagements"), ("post_counters", "post_media_view")],
)
def test_a_retired_metric_is_reported_by_name_and_the_rest_lands(
    sandbox: Sandbox, sources: dict[str, HttpSource], time: FakeTime, stream: str, metric: str
) -> None:
    (declared,) = (each for each in facebook_pages.STREAMS if each.name == stream)
    whole, _ = read(sources["facebook_pages"], declared)
    sandbox.control.faults({"kind": "retired_metric", "metric": metric})

    rest, batches = read(build(sandbox.url, time)["facebook_pages"], declared)

    assert all(any(metric in note for note in batch.missing) for batch in batches)
    if stream == "page_insights":
        assert rest.equals(whole.filter(pc.not_equal(whole["metric"], metric)))
    else:
        assert rest.drop_columns("insights").equals(whole.drop_columns("insights"))
        assert metric not in str(rest["insights"].to_pylist())


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "async_stuck", "polls": 4, "times": 1},
        {"kind": "async_stuck", "polls": 100_000, "times": 1},
        {"kind": "async_fail", "times": 1},
        {"kind": "async_fail", "times": 2},
    ],
    ids=["slow at 100 %", "stuck for ever", "fails once", "fails until the window is halved"],
)
def test_lost_reports_lose_no_row(
    sandbox: Sandbox, sources: dict[str, HttpSource], time: FakeTime, fault: dict[str, Any]
) -> None:
    stream = stream_of("meta_ads")
    fair, _ = read(sources["meta_ads"], stream)
    sandbox.control.faults(fault)

    foul, _ = read(build(sandbox.url, time)["meta_ads"], stream)

    assert sandbox.control.fired()[0]["fired"] > 0
    assert foul.equals(fair)


@pytest.mark.parametrize("name", SOURCES)
def test_trouble_without_end_ends_as_transient(
    sandbox: Sandbox, sources: dict[str, HttpSource], name: str
) -> None:
    source, stream = sources[name], stream_of(name)
    (account, *_) = source.accounts()
    sandbox.control.faults({"kind": "server_error", "platform": name})

    with pytest.raises(Transient) as caught:
        list(source.read(stream, account, window(stream, account)))
    assert not isinstance(caught.value, WaitUntil)
    assert (caught.value.source, caught.value.stream) == (name, stream.name)
    assert caught.value.account == account.id


def test_a_deleted_post_takes_its_comments_away_and_nothing_else(
    sandbox: Sandbox, sources: dict[str, HttpSource], time: FakeTime
) -> None:
    stream = stream_of("facebook_pages")
    whole, _ = read(sources["facebook_pages"], stream)
    post = whole["post_id"][0].as_py()
    sandbox.control.faults({"kind": "delete", "id": post})

    rest, _ = read(build(sandbox.url, time)["facebook_pages"], stream)

    assert rest.equals(whole.filter(pc.not_equal(whole["post_id"], post)))


def test_a_new_field_a_missing_one_and_another_type_are_kept_null_and_set_apart(
    sandbox: Sandbox, sources: dict[str, HttpSource]
) -> None:
    (stream,) = (each for each in meta_ads.STREAMS if each.name == "campaigns")
    source = sources["meta_ads"]
    whole, _ = read(source, stream)
    sandbox.control.faults(
        {"kind": "mutate", "endpoint": "*campaigns", "op": "add", "key": "brand_new", "value": 7},
        {"kind": "mutate", "endpoint": "*campaigns", "op": "drop", "key": "objective"},
        {"kind": "mutate", "endpoint": "*campaigns", "op": "type", "key": "name", "rows": 1},
    )

    drifted, batches = read(source, stream)

    rejected = [each for batch in batches for each in batch.rejected]
    assert drifted.num_rows + len(rejected) == whole.num_rows
    assert {each.field for each in rejected} <= {"name"}
    assert pc.unique(drifted["_extra"]).to_pylist() == ['{"brand_new":7}']
    assert drifted["objective"].null_count == drifted.num_rows


def test_no_token_is_in_a_row_a_log_line_or_an_error(
    sandbox: Sandbox,
    sources: dict[str, HttpSource],
    caplog: pytest.LogCaptureFixture,
    tmp_path: Path,
) -> None:
    caplog.set_level(logging.DEBUG)
    shown: list[str] = []
    for name, source in sources.items():
        sandbox.control.faults(
            {"kind": "server_error", "platform": name, "times": 1},
            {"kind": "too_many_requests", "platform": name, "retry_after": 1, "times": 1},
        )
        for stream in source.streams:
            table, batches = read(source, stream)
            shown += [str(table.to_pydict()), str(batches)]
        for kind in ("dead_token", "server_error", "too_many_requests"):
            sandbox.control.faults({"kind": kind, "platform": name, "retry_after": 9999})
            for account in source.accounts():
                with pytest.raises(SourceError) as caught:
                    list(
                        source.read(source.streams[0], account, window(source.streams[0], account))
                    )
                shown += [str(caught.value), repr(caught.value), str(caught.value.__cause__)]
    shown.append(caplog.text)

    assert [token for token in sorted(TOKENS) if any(token in text for text in shown)] == []


def test_every_post_and_comment_of_the_days_comes(
    sandbox: Sandbox, sources: dict[str, HttpSource]
) -> None:
    by_name = {stream.name: stream for stream in facebook_pages.STREAMS}
    posts, _ = read(sources["facebook_pages"], by_name["posts"])
    comments, _ = read(sources["facebook_pages"], by_name["comments"])

    visible = current_posts(sandbox.world)
    assert set(posts["id"].to_pylist()) == ids_between(visible, "post_id")
    # Comments are looked for under the posts of ninety days, which is all of this world's window.
    assert set(comments["id"].to_pylist()) == ids_between(sandbox.world.comments, "comment_id")


def ids_between(table: pa.Table, name: str) -> set[str]:
    start, end = (datetime.combine(day, datetime.min.time()) for day in (FIRST, NOW.date()))
    created = table["created_at"]
    inside = pc.and_(
        pc.greater_equal(created, pa.scalar(start, pa.timestamp("us"))),
        pc.less(created, pa.scalar(end, pa.timestamp("us"))),
    )
    return set(table.filter(inside)[name].to_pylist())


TELLING = (
    "facebook_pages",
    "meta_ads",
    "ga4",
    "shopify",
    "google_ads",
    "linkedin_ads",
    "linkedin",
    "x",
    "x_ads",
)


@pytest.mark.parametrize("name", TELLING)
def test_a_healthy_account_is_found_healthy(sandbox: Sandbox, name: str) -> None:
    # The server's Date header is of today, whatever the world's clock says.
    source = build(sandbox.url, FakeTime(datetime.now(UTC)))[name]
    for account in source.accounts():
        found = {finding.what: finding for finding in source.health(account)}
        assert {finding.state for finding in found.values()} == {State.OK}, found
        assert "clock" in found
        assert isinstance(source, Health)


@pytest.mark.parametrize(
    ("name", "rule", "what", "told"),
    [
        (
            "meta_ads",
            {"kind": "mutate", "op": "type", "key": "scopes", "value": ["read_insights"]},
            "permissions",
            "lacks ads_read",
        ),
        (
            "facebook_pages",
            {"kind": "mutate", "op": "type", "key": "expires_at", "value": 1_793_000_000},
            "token",
            "expired at 2026-10-26 07:33 UTC",
        ),
        (
            "shopify",
            {"kind": "mutate", "op": "type", "key": "accessScopes", "value": []},
            "permissions",
            "lacks read_all_orders, read_customers, read_inventory, read_orders, read_products",
        ),
        (
            "ga4",
            {"kind": "mutate", "op": "type", "key": "remaining", "value": 0},
            "tokens a day",
            "0 of 200,000 left",
        ),
    ],
)
def test_what_is_wrong_with_an_account_is_told_with_its_remedy(
    sandbox: Sandbox, name: str, rule: dict[str, Any], what: str, told: str
) -> None:
    source = build(sandbox.url, FakeTime(datetime.now(UTC)))[name]
    account = source.accounts()[0]
    sandbox.control.faults({**rule, "platform": "facebook_pages" if name == "meta_ads" else name})
    (found,) = [finding for finding in source.health(account) if finding.what == what]
    assert (found.state, found.detail) == (State.BAD, told)
    assert found.remedy


@pytest.mark.parametrize("name", TELLING)
def test_a_dead_token_is_raised_to_whoever_asks_for_health(sandbox: Sandbox, name: str) -> None:
    token = "a-token-that-is-no-more"
    source = build(sandbox.url, FakeTime(datetime.now(UTC)), token=token)[name]
    with pytest.raises(DeadToken) as raised:
        source.health(Account(source.accounts()[0].id))
    assert "a-token-that-is-no-more" not in str(raised.value)


@pytest.mark.parametrize("market", MARKETS, ids=lambda market: market.code)
def test_videos_days_add_up_to_the_channels_and_are_the_worlds(
    sandbox: Sandbox, sources: dict[str, HttpSource], market: Market
) -> None:
    """Of the last days Analytics tells nothing yet."""
    account = {"channel_id": CHANNEL_ACCOUNTS["youtube"][market.code]}
    by_name = {stream.name: stream for stream in registry.STREAMS["youtube"]}
    days, _ = read(sources["youtube"], by_name["channel_daily"])
    videos, _ = read(sources["youtube"], by_name["video_daily"])
    gains = channel_gains(sandbox.world, "youtube", PAGE_ZONE)
    told = pc.and_(
        pc.greater_equal(gains["date_day"], FIRST),
        pc.less_equal(gains["date_day"], NOW.date() - timedelta(days=DELAY)),
    )
    gains = gains.filter(pc.and_(told, pc.greater(gains["video_views"], 0)))
    for column, of_world in {
        "views": "video_views",
        "likes": "likes",
        "comments": "comments",
        "shares": "shares",
    }.items():
        expected = total(gains, of_world, account_id=account["channel_id"])
        assert total(days, column, **account) == expected, column
        assert total(videos, column, **account) == expected, column
    revenue = total(videos, "estimated_revenue", **account)
    assert revenue == total(days, "estimated_revenue", **account) > 0


def test_days_of_an_instagram_account_are_the_worlds(
    sandbox: Sandbox, sources: dict[str, HttpSource]
) -> None:
    by_name = {stream.name: stream for stream in registry.STREAMS["instagram"]}
    insights, _ = read(sources["instagram"], by_name["account_insights"])
    figures = {
        (row["account_id"], row["metric"], row["date"]): int(row["value"])
        for row in insights.to_pylist()
    }
    days = sandbox.world.channel_days
    days = thirty_days(days.filter(pc.equal(days["platform"], "instagram")))
    columns = {
        "views": "impressions",
        "reach": "reach",
        "profile_views": "profile_views",
        "follower_count": "new_followers",
    }
    expected = {
        (row["account_id"], metric, row["date_day"]): row[column]
        for row in days.to_pylist()
        for metric, column in columns.items()
    }
    assert expected.items() <= figures.items()
