"""How many requests each stream costs, beside the fewest that its platform's limits allow.

Every stream of every source is read once over three weeks of a small sandbox; the sandbox counts
what is asked of it. `ACCOUNTS` and `STREAMS` are written by hand from what the platforms document,
not from what the connectors hold: an endpoint that they do not name may not be asked at all.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import pytest
from scripted import FakeTime

from pipelines.connectors import registry
from pipelines.connectors.stream import Source, Stream
from pipelines.ingest import IngestResult, ingest
from pipelines.lake.store import Lake
from pipelines.sandbox.clock import Scene
from pipelines.sandbox.serve import Sandbox
from pipelines.sandbox.world import WorldConfig
from pipelines.sandbox.youtube import is_closed, keeps_replies_apart
from pipelines.settings import Settings

NOW = datetime(2026, 11, 1, 9, tzinfo=UTC)
# The days that are read are all that the world has: what lies in the lake is all that can be asked.
CONFIG = WorldConfig(anchor=date(2026, 11, 1), size=1500, history_days=21, campaigns=12)
FIRST, LAST = CONFIG.start, date(2026, 10, 31)
MOST = 1.1


@dataclass(frozen=True)
class Asked:
    """How often one endpoint must be asked for each account, at the least.

    - `rows`: how many records one answer holds.
    - `days`: how many days one question may span.
    - `times`: questions that cannot be put into one (an answer tells one status, one breakdown).
    - `of`: what is asked about, a table of the lake with a condition; a list that is asked for once
      even if it is empty, unless this is given. Without it, the stream's own rows.
    - `accounts`: for how many accounts it is asked; without it, for all that have the stream.
    """

    rows: int | None = None
    days: int | None = None
    times: int = 1
    of: str = ""
    accounts: int | None = None


# By endpoint; where that is asked different things, each of them.
Limits = Mapping[str, Mapping[str, Asked | tuple[Asked, ...]]]
ONCE = Asked()
ONCE_IN_ALL = Asked(accounts=1)
# Before the first stream: who the accounts are, and what signs in for them.
ACCOUNTS: Limits = {
    "facebook_pages": {"GET page": ONCE},
    "meta_ads": {"GET act": ONCE},
    "ga4": {"POST runReport": ONCE},
    "shopify": {"POST graphql.json": ONCE},
    "woocommerce": {"GET wp-json": ONCE, "GET data/currencies/current": ONCE},
    "stripe": {"GET account": ONCE},
    # Tokens live four hours and are each shop's own.
    "shopee": {"POST auth/access_token/get": ONCE, "GET shop/get_shop_info": ONCE},
    "tiktok_ads": {"GET advertiser/info": ONCE},
    # Tokens live a day and are each account's own.
    "tiktok": {"POST oauth/token": ONCE, "GET user/info": ONCE},
    "tiktok_shop": {"GET api/v2/token/refresh": ONCE, "GET authorization/shops": ONCE},
    "x": {"GET users": Asked(accounts=2)},
    "x_ads": {"GET account": ONCE, "GET funding_instruments": ONCE},
    "ecb": {},
    "holidays": {},
    "google_ads": {
        "POST token": ONCE_IN_ALL,
        # The manager is told to be one, then its clients are listed.
        "POST searchStream customer": ONCE_IN_ALL,
        "POST searchStream customer_client": ONCE_IN_ALL,
    },
    "linkedin_ads": {"POST oauth/v2/accessToken": ONCE_IN_ALL, "GET adAccounts": ONCE},
    "linkedin": {"POST oauth/v2/accessToken": ONCE_IN_ALL, "GET organizations": ONCE},
    "youtube": {"GET channels": ONCE},
    "instagram": {"GET user": ONCE},
}

# Lists by `limit=100`, insights by windows that the client computes.
FEED = {"GET page/feed": Asked(rows=100)}
# A report is begun, polled until it is done and fetched in pages of 500; in the sandbox it is
# done when it is asked for the second time.
REPORT = {
    "POST act/insights": ONCE,
    "GET run": Asked(times=2),
    "GET run/insights": Asked(rows=500),
}
# 250,000 rows a report.
GA4_REPORT = {"POST runReport": Asked(rows=250_000)}
# Windows of at most fifteen days.
FORTNIGHT = 15
# A thousand rows a page, thirty days a report by day.
TIKTOK_LIST, TIKTOK_REPORT = Asked(rows=1000), Asked(rows=1000, days=30)
# Both placements apart, each by a job that is begun, polled (here it is done when it is asked
# for the third time, for all of an account's jobs) and fetched.
X_JOBS = {
    "POST stats/jobs": Asked(times=2),
    "GET stats/jobs": Asked(times=3),
    "GET file": Asked(times=2),
}
X_ADS_LIST = Asked(rows=1000)
# A stream of chunks has no pages. Fourteen days is what leading connectors ask for at once.
GOOGLE_LIST, GOOGLE_DAYS = Asked(), Asked(days=14)
# Twenty fields a call, of which two are the key; 15,000 elements are all that it gives. What we
# take are 23 or 24 fields.
LINKEDIN_DAYS = {"GET adAnalytics": Asked(rows=15_000, times=2)}
LINKEDIN_LIST = Asked(rows=1000)
# Fifty videos a page and a question.
UPLOADS = {"GET playlistItems": Asked(rows=50, of="youtube.videos")}

STREAMS: Limits = {
    "facebook_pages/posts": FEED,
    # One retired metric fails a whole page of posts: the smallest page is asked for first.
    "facebook_pages/post_counters": {"GET page/feed": (Asked(rows=100), ONCE)},
    "facebook_pages/page_insights": {"GET page/insights": ONCE},
    "facebook_pages/comments": {
        "GET page/feed": Asked(rows=100, of="facebook_pages.post_counters"),
        "GET post/comments": Asked(rows=1, of="facebook_pages.post_counters where comments > 0"),
    },
    "meta_ads/campaigns": {"GET act/campaigns": Asked(rows=200)},
    "meta_ads/adsets": {"GET act/adsets": Asked(rows=200)},
    "meta_ads/ads": {"GET act/ads": Asked(rows=200)},
    "meta_ads/insights_account": {"GET act/insights": Asked(rows=500)},
    "meta_ads/insights_campaign": {"GET act/insights": Asked(rows=500)},
    "meta_ads/insights_adset": REPORT,
    "meta_ads/insights_ad": REPORT,
    "meta_ads/insights_age_gender": REPORT,
    "meta_ads/insights_region": REPORT,
    "ga4/traffic": GA4_REPORT,
    "ga4/transactions": GA4_REPORT,
    "ga4/pages": GA4_REPORT,
    # 250 nodes a page, and 1,000 points a query: a hundred orders with twenty lines, visits and
    # transactions each come near to that.
    "shopify/orders": {"POST graphql.json": Asked(rows=100)},
    "shopify/customers": {"POST graphql.json": Asked(rows=250)},
    "shopify/variants": {"POST graphql.json": Asked(rows=250)},
    # A hundred a page. The trash is another list; refunds and variations are told by their
    # order and product only.
    "woocommerce/orders": {
        "GET orders": Asked(rows=100, times=2),
        "GET orders/refunds": Asked(rows=1, of="woocommerce.orders where len(refunds) > 0"),
    },
    "woocommerce/customers": {"GET customers": Asked(rows=100)},
    "woocommerce/products": {
        "GET products": Asked(rows=100, of="woocommerce.products where type <> 'variation'"),
        "GET products/variations": Asked(rows=1, of="woocommerce.products where type = 'variable'"),
    },
    "woocommerce/product_reviews": {"GET products/reviews": Asked(rows=100)},
    # A hundred a page; by events what changed, by creation what is new.
    "stripe/charges": {"GET charges": Asked(rows=100), "GET events": Asked(rows=100)},
    "stripe/refunds": {"GET refunds": Asked(rows=100), "GET events": Asked(rows=100)},
    "stripe/balance_transactions": {"GET balance_transactions": Asked(rows=100)},
    # A hundred a list, fifty a question for details and for settlements.
    "shopee/orders": {
        "GET order/get_order_list": Asked(rows=100, days=FORTNIGHT),
        "GET order/get_order_detail": Asked(rows=50, days=FORTNIGHT),
        "POST payment/get_escrow_detail_batch": Asked(rows=50, days=FORTNIGHT),
    },
    "shopee/returns": {"GET returns/get_return_list": Asked(rows=100, days=FORTNIGHT)},
    # The newest thousand, whichever days are asked for.
    "shopee/product_reviews": {"GET product/get_comment": Asked(rows=100)},
    "tiktok_ads/campaigns": {"GET campaign/get": TIKTOK_LIST},
    "tiktok_ads/adgroups": {"GET adgroup/get": TIKTOK_LIST},
    "tiktok_ads/ads": {"GET ad/get": TIKTOK_LIST},
    "tiktok_ads/reports_advertiser": {"GET report/integrated/get": TIKTOK_REPORT},
    "tiktok_ads/reports_campaign": {"GET report/integrated/get": TIKTOK_REPORT},
    "tiktok_ads/reports_ad": {"GET report/integrated/get": TIKTOK_REPORT},
    "tiktok_ads/audience_age_gender": {"GET report/integrated/get": TIKTOK_REPORT},
    "tiktok_ads/audience_province": {"GET report/integrated/get": TIKTOK_REPORT},
    "tiktok/profile": {"GET user/info": ONCE},
    # Twenty a page.
    "tiktok/videos": {"POST video/list": Asked(rows=20)},
    "tiktok_shop/orders": {"POST order/orders/search": Asked(rows=50, days=FORTNIGHT)},
    "tiktok_shop/returns": {"POST return_refund/returns/search": Asked(rows=50, days=FORTNIGHT)},
    "tiktok_shop/cancellations": {
        "POST return_refund/cancellations/search": Asked(rows=50, days=FORTNIGHT)
    },
    # A hundred a page. Private counters of the last thirty days are asked for with the
    # account's own keys, after a question which of them are served; the public ones of older posts
    # are another list.
    "x/posts": {"GET users/tweets": Asked(rows=100)},
    "x/post_counters": {
        "GET users/tweets": (
            Asked(rows=100, of="x.post_counters where created_at >= date '2026-10-02'"),
            Asked(times=2),
        )
    },
    "x/accounts": {"GET users": ONCE},
    # Of mentions the newest 800 are listed: it is asked whether there are any before the days and,
    # of the one account that had none, how many after them.
    "x/mentions": {"GET users/mentions": (Asked(rows=100), ONCE, ONCE_IN_ALL)},
    "x/search": {"GET tweets/search/recent": Asked(rows=100)},
    "x/counts_daily": {"GET tweets/counts/recent": ONCE},
    "x_ads/campaigns": {"GET campaigns": X_ADS_LIST},
    "x_ads/line_items": {"GET line_items": X_ADS_LIST},
    # Promoted posts name neither their campaign nor where they lead to.
    "x_ads/promoted_tweets": {
        "GET promoted_tweets": X_ADS_LIST,
        "GET line_items": X_ADS_LIST,
        "GET tweets": Asked(rows=200),
    },
    "x_ads/stats_account": X_JOBS,
    # Twenty entities a question: which ones did something is asked first.
    "x_ads/stats_campaign": {**X_JOBS, "GET active_entities": ONCE},
    "x_ads/stats_promoted_tweet": {
        **X_JOBS,
        "GET active_entities": ONCE,
        "GET promoted_tweets": ONCE,
        "GET line_items": ONCE,
    },
    "ecb/rates": {"GET EXR": ONCE},
    # A year a question.
    "holidays/public_holidays": {"GET PublicHolidays": ONCE},
    "google_ads/customers": {"POST searchStream customer": GOOGLE_LIST},
    "google_ads/campaigns": {"POST searchStream campaign": GOOGLE_LIST},
    "google_ads/ad_groups": {"POST searchStream ad_group": GOOGLE_LIST},
    "google_ads/ads": {"POST searchStream ad_group_ad": GOOGLE_LIST},
    "google_ads/geo_targets": {"POST searchStream geo_target_constant": GOOGLE_LIST},
    "google_ads/account_daily": {"POST searchStream customer": GOOGLE_LIST},
    "google_ads/campaign_daily": {"POST searchStream campaign": GOOGLE_LIST},
    "google_ads/ad_group_daily": {"POST searchStream ad_group": GOOGLE_DAYS},
    "google_ads/ad_daily": {"POST searchStream ad_group_ad": GOOGLE_DAYS},
    "google_ads/age_daily": {"POST searchStream age_range_view": GOOGLE_DAYS},
    "google_ads/gender_daily": {"POST searchStream gender_view": GOOGLE_DAYS},
    "google_ads/region_daily": {"POST searchStream geographic_view": GOOGLE_DAYS},
    "linkedin_ads/campaign_groups": {"GET adAccounts/adCampaignGroups": LINKEDIN_LIST},
    "linkedin_ads/campaigns": {"GET adAccounts/adCampaigns": LINKEDIN_LIST},
    "linkedin_ads/creatives": {"GET adAccounts/creatives": Asked(rows=100)},
    # Told of one campaign at a time.
    "linkedin_ads/tracking_parameters": {
        "GET adAccounts/adCampaigns": LINKEDIN_LIST,
        "GET adTrackingParameters": Asked(rows=1, of="linkedin_ads.campaigns"),
    },
    "linkedin_ads/account_daily": LINKEDIN_DAYS,
    "linkedin_ads/campaign_group_daily": LINKEDIN_DAYS,
    "linkedin_ads/campaign_daily": LINKEDIN_DAYS,
    "linkedin_ads/creative_daily": LINKEDIN_DAYS,
    # Five fields by six pivots, each a call.
    "linkedin_ads/demographics_daily": {"GET adAnalytics": Asked(times=6)},
    "linkedin/posts": {"GET posts": Asked(rows=100)},
    # Shares and other posts are told apart.
    "linkedin/post_counters": {
        "GET posts": Asked(rows=100),
        "GET organizationalEntityShareStatistics": Asked(
            rows=1,
            of="(select distinct organization_id, split_part(id, ':', 3)"
            " from linkedin.post_counters)",
        ),
    },
    "linkedin/share_statistics": {"GET organizationalEntityShareStatistics": ONCE},
    "linkedin/follower_gains": {"GET organizationalEntityFollowerStatistics": ONCE},
    "linkedin/followers": {"GET networkSizes": ONCE},
    # No list of posts tells whether they have comments.
    "linkedin/comments": {
        "GET posts": Asked(rows=100),
        "GET socialActions/comments": Asked(
            rows=1,
            of="(select organization_id from linkedin.post_counters union all"
            " select organization_id from linkedin.comments where replies > 0)",
        ),
    },
    "youtube/channels": {"GET channels": ONCE},
    "youtube/videos": {**UPLOADS, "GET channels": ONCE, "GET videos": Asked(rows=50)},
    # A hundred threads a page, with a few replies each (here with all or none); the rest of them by
    # thread.
    "youtube/comments": {
        **UPLOADS,
        "GET channels": ONCE,
        "GET commentThreads": Asked(rows=1, of="youtube.videos"),
        "GET comments": Asked(
            rows=1,
            of="(select distinct channel_id, parent_id from world_comments"
            " join youtube.videos on id = post_id"
            " where kept_apart(parent_id) and not closed(post_id))",
        ),
    },
    # A report ends with the last day on which all that it is asked is known, so that revenue
    # is asked for apart; how far it has come is asked first.
    "youtube/channel_daily": {"GET reports": Asked(times=3)},
    # Days and videos are not told together: two reports a video, after one of which videos there
    # are, whose end only an empty page shows.
    "youtube/video_daily": {
        "GET reports": (
            Asked(
                rows=1,
                times=2,
                of="(select distinct channel_id, video_id from youtube.video_daily)",
            ),
            Asked(times=3),
        )
    },
    "instagram/accounts": {"GET user": ONCE},
    # A hundred a page; insights of one media at a time.
    "instagram/media": {
        "GET user/media": Asked(rows=100),
        "GET media/insights": Asked(rows=1, of="instagram.media"),
    },
    "instagram/stories": {
        "GET user/stories": Asked(rows=100),
        "GET media/insights": Asked(rows=1, of="instagram.stories"),
    },
    "instagram/comments": {
        "GET user/media": Asked(rows=100, of="instagram.media"),
        "GET media/comments": Asked(rows=1, of="instagram.media where comments_count > 0"),
    },
    "instagram/tags": {"GET user/tags": Asked(rows=100)},
    # Totals have no days: a question a day. Two other metrics come by day, for all days at once.
    "instagram/account_insights": {"GET user/insights": Asked(times=21 + 1)},
    "instagram/follower_demographics": {"GET user/insights": Asked(times=3)},
}


@dataclass(frozen=True)
class Read:
    """What one stream, or the description of a source's accounts, was asked for."""

    accounts: tuple[str, ...]
    requests: Counter[str]
    result: IngestResult


class Economy:
    """All streams read once, and the lake that holds what they gave."""

    def __init__(self, sandbox: Sandbox, home: Path) -> None:
        self._sandbox = sandbox
        self._lake = Lake(home / "lake")
        settings = Settings(_env_file=None, SMM_SANDBOX_URL=sandbox.url, SMM_HOME=home, SMM_NOW=NOW)
        sources = registry.build_sources(settings, clock=FakeTime(NOW).clock)
        self.described: dict[str, Read] = {}
        self.streams: dict[str, Read] = {}
        for name in ACCOUNTS:
            self.described[name] = self._described(sources[name])
            for stream in registry.STREAMS[name]:
                self.streams[f"{name}/{stream.name}"] = self._read(sources[name], stream)
        self._tables = duckdb.connect()
        self._tables.create_function("kept_apart", keeps_replies_apart)
        self._tables.create_function("closed", is_closed)
        self._tables.register("world_comments", sandbox.world.channel_comments)
        for name in ACCOUNTS:
            self._tables.execute(f"create schema {name}")
            for stream in registry.STREAMS[name]:
                files = self._lake.root / name / stream.name / "dt=*" / "*.parquet"
                self._tables.execute(f"create view {name}.{stream.name} as select * from '{files}'")

    def _described(self, source: Source) -> Read:
        self._sandbox.control.forget_requests()
        accounts = source.accounts()
        return Read(tuple(account.id for account in accounts), self._counted(), IngestResult())

    def _read(self, source: Source, stream: Stream) -> Read:
        accounts = tuple(account.id for account in source.accounts() if account.has(stream))
        self._sandbox.control.forget_requests()
        result = ingest(source, stream, self._lake, FIRST, LAST, run_id="test", now=NOW)
        return Read(accounts, self._counted(), result)

    def _counted(self) -> Counter[str]:
        told = self._sandbox.control.requests().values()
        return Counter(
            {
                endpoint: sum(statuses.values())
                for platform in told
                for endpoint, statuses in platform.items()
            }
        )

    def fewest(self, limits: Asked | tuple[Asked, ...], name: str, read: Read) -> int:
        """The least number of requests to one endpoint."""
        each = limits if isinstance(limits, tuple) else (limits,)
        return sum(self._fewest(asked, name, read) for asked in each)

    def _fewest(self, asked: Asked, name: str, read: Read) -> int:
        """Those for one thing, over all accounts and windows."""
        if asked.accounts is not None:
            return asked.times * asked.accounts
        windows = math.ceil(((LAST - FIRST).days + 1) / asked.days) if asked.days else 1
        if asked.rows is None:
            return asked.times * windows * len(read.accounts)
        held = self._held(asked, name)
        least = 0 if asked.of else 1
        return asked.times * sum(
            max(least, math.ceil(held[account, window] / asked.rows))
            for account in read.accounts
            for window in range(windows)
        )

    def _held(self, asked: Asked, name: str) -> Counter[tuple[str, int]]:
        """How many records the lake holds by account and window."""
        table = asked.of or name.replace("/", ".")
        window = f"(dt - date '{FIRST}') // {asked.days}" if asked.days else "0"
        rows = self._tables.execute(
            f"select account::varchar, {window}, count(*) from (from {table}) as asked(account)"
            " group by all"
        ).fetchall()
        return Counter({(account, window): count for account, window, count in rows})


@pytest.fixture(scope="module")
def economy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Economy]:
    with Sandbox(scene=Scene(CONFIG, NOW)) as sandbox:
        yield Economy(sandbox, tmp_path_factory.mktemp("home"))


def wasted(economy: Economy, name: str, read: Read, limits: Limits) -> list[str]:
    """A line for each endpoint that is asked too often, or that nothing says may be asked."""
    fewest = {
        endpoint: economy.fewest(asked, name, read) for endpoint, asked in limits[name].items()
    }
    return [
        f"{name}: {requests} of {endpoint}, {fewest.get(endpoint, 0)} are enough"
        for endpoint, requests in read.requests.items()
        if requests > MOST * fewest.get(endpoint, 0)
    ]


@pytest.mark.parametrize("name", ACCOUNTS)
def test_accounts_are_described_with_the_fewest_requests(economy: Economy, name: str) -> None:
    assert wasted(economy, name, economy.described[name], ACCOUNTS) == []


@pytest.mark.parametrize(
    "name",
    [
        f"{stream.source}/{stream.name}"
        for stream in registry.all_streams()
        if stream.source != "files"
    ],
)
def test_a_stream_is_read_with_the_fewest_requests(economy: Economy, name: str) -> None:
    assert wasted(economy, name, economy.streams[name], STREAMS) == []


@pytest.mark.parametrize("name", STREAMS)
def test_no_limit_is_taken_to_be_tighter_than_it_is(economy: Economy, name: str) -> None:
    """Else a stream could waste what the table allows it."""
    read = economy.streams[name]
    for endpoint, limits in STREAMS[name].items():
        assert read.requests[endpoint] >= economy.fewest(limits, name, read), endpoint
