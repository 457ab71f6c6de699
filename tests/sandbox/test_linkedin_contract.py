"""LinkedIn's own client finds, pages and batches through the sandbox, long queries tunnelled."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from linkedin_api.clients.auth.client import AuthClient
from linkedin_api.clients.restli.client import RestliClient
from linkedin_api.common import constants

from pipelines.sandbox import credentials
from pipelines.sandbox.linkedin_ads import TRAITS
from pipelines.sandbox.serve import Sandbox
from pipelines.sandbox.world import (
    CHANNEL_ACCOUNTS,
    INDONESIA,
    MARKETS,
    NETWORK_BY_NAME,
    Market,
    channel_gains,
    current_channel_posts,
    served_cells,
    served_extra,
)

NETWORK = NETWORK_BY_NAME["linkedin_ads"]
ORGANISATIONS = CHANNEL_ACCOUNTS["linkedin"]
ALL = ["ACTIVE", "ARCHIVED", "CANCELED", "DRAFT", "PAUSED", "PENDING_DELETION", "REMOVED"]
METRICS = ["impressions", "clicks", "costInLocalCurrency", "externalWebsiteConversions"]


@pytest.fixture(params=MARKETS, ids=lambda market: market.code)
def market(request: pytest.FixtureRequest) -> Market:
    found: Market = request.param
    return found


@pytest.fixture
def client(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[RestliClient]:
    base = f"{sandbox.url}/api.linkedin.com/rest"
    monkeypatch.setattr(constants, "VERSIONED_BASE_URL", base)
    monkeypatch.setattr(constants, "OAUTH_BASE_URL", f"{sandbox.url}/www.linkedin.com/oauth/v2")
    yield RestliClient()


TOKEN = {"access_token": credentials.LINKEDIN_TOKEN, "version_string": "202608"}


def finder(client: RestliClient, path: str, name: str, **params: Any) -> Any:
    found = client.finder(resource_path=path, finder_name=name, query_params=params, **TOKEN)
    assert found.status_code == 200, found.response.text
    return found


def analytics(
    client: RestliClient, market: Market, pivot: str, first: date, last: date, *names: str
) -> list[dict[str, Any]]:
    def parts(day: date) -> dict[str, int]:
        return {"year": day.year, "month": day.month, "day": day.day}

    found: list[dict[str, Any]] = finder(
        client,
        "/adAnalytics",
        "analytics",
        pivot={"value": pivot},
        timeGranularity={"value": "DAILY"},
        dateRange={"start": parts(first), "end": parts(last)},
        accounts=[f"urn:li:sponsoredAccount:{NETWORK.accounts[market.code]}"],
        fields=",".join(["dateRange", "pivotValues", *(names or METRICS)]),
    ).elements
    return found


def week(sandbox: Sandbox) -> tuple[date, date]:
    last = sandbox.scene.today("UTC") - timedelta(days=1)
    return last - timedelta(days=6), last


def within(table: pa.Table, first: date, last: date) -> pa.Table:
    days = table["date_day"]
    return table.filter(pc.and_(pc.greater_equal(days, first), pc.less_equal(days, last)))


def total(column: str, *tables: pa.Table) -> int:
    return sum(pc.sum(table[column]).as_py() or 0 for table in tables)


def test_a_refresh_token_is_exchanged(client: RestliClient) -> None:
    login = AuthClient(client_id="app", client_secret="secret")

    granted = login.exchange_refresh_token_for_access_token(credentials.LINKEDIN_REFRESH_TOKEN)

    assert granted.access_token == credentials.LINKEDIN_TOKEN
    assert granted.expires_in == 5_183_999
    assert granted.refresh_token_expires_in == 31_535_999
    assert login.exchange_refresh_token_for_access_token("another").status_code == 400


def test_an_account_tells_its_currency(client: RestliClient, market: Market) -> None:
    number = NETWORK.accounts[market.code]
    found = client.get(resource_path="/adAccounts/{id}", path_keys={"id": number}, **TOKEN)

    assert (found.entity["id"], found.entity["currency"]) == (int(number), market.currency)


@pytest.mark.parametrize(
    ("collection", "table", "key", "name", "criteria"),
    [
        ("adCampaignGroups", "campaigns", "campaign_id", "search", {"status": {"values": ALL}}),
        ("adCampaigns", "adsets", "adset_id", "search", {"status": {"values": ALL}}),
        ("creatives", "ads", "ad_id", "criteria", ALL),
    ],
)
def test_structure_pages_by_token_through_all_that_there_is(
    sandbox: Sandbox,
    client: RestliClient,
    market: Market,
    collection: str,
    table: str,
    key: str,
    name: str,
    criteria: Any,
) -> None:
    given = {"intendedStatuses" if name == "criteria" else "search": criteria, "pageSize": 2}
    path = f"/adAccounts/{NETWORK.accounts[market.code]}/{collection}"
    found: list[str] = []
    while True:
        page = finder(client, path, name, **given)
        found += [str(each["id"]).rpartition(":")[2] for each in page.elements]
        token = page.response.json()["metadata"].get("nextPageToken")
        if token is None:
            break
        assert len(page.elements) == 2
        given["pageToken"] = token

    rows = getattr(sandbox.world, table)
    mine = pc.and_(pc.equal(rows["market"], market.code), pc.equal(rows["network"], NETWORK.name))
    assert sorted(found) == sorted(rows.filter(mine)[key].to_pylist())


def test_a_batch_tells_what_it_found_and_what_it_did_not(
    sandbox: Sandbox, client: RestliClient
) -> None:
    path = f"/adAccounts/{NETWORK.accounts['id']}/adCampaigns"
    some = finder(client, path, "search", search={"status": {"values": ALL}}).elements
    known = [str(each["id"]) for each in some]

    found = client.batch_get(resource_path=path, ids=[*known, "1"], **TOKEN)

    assert set(found.results) == set(known)
    assert set(found.errors) == {"1"}
    assert found.results[known[0]] == some[0]


def test_a_batch_too_long_for_an_address_is_tunnelled(client: RestliClient) -> None:
    path = f"/adAccounts/{NETWORK.accounts['id']}/creatives"
    ids = [f"urn:li:sponsoredCreative:{number:012d}" for number in range(150)]

    found = client.batch_get(resource_path=path, ids=ids, **TOKEN)

    assert found.response.request.method == "POST"
    assert set(found.errors) == set(ids)


@pytest.mark.parametrize("pivot", ["ACCOUNT", "CAMPAIGN_GROUP", "CAMPAIGN", "CREATIVE"])
def test_figures_are_the_worlds_at_every_level(
    sandbox: Sandbox, client: RestliClient, market: Market, pivot: str
) -> None:
    first, last = week(sandbox)
    found = analytics(client, market, pivot, first, last)

    cells = within(served_cells(sandbox.world, market.code, NETWORK.name), first, last)
    extra = within(served_extra(sandbox.world, market.code, NETWORK.name), first, last)
    tables = (cells, extra) if pivot == "ACCOUNT" else (cells,)
    spent = sum(round(Decimal(each["costInLocalCurrency"]), 6) for each in found)
    assert spent * 100 == total("spend", *tables)
    assert sum(each["impressions"] for each in found) == total("impressions", *tables)
    assert sum(each["externalWebsiteConversions"] for each in found) == total(
        "purchases_claimed_7d_click", cells
    ) + total("purchases_claimed_1d_view", cells)
    keys = [(str(each["dateRange"]), *each["pivotValues"]) for each in found]
    assert len(set(keys)) == len(keys)


def test_what_is_zero_in_all_that_was_asked_is_not_told(
    sandbox: Sandbox, client: RestliClient
) -> None:
    first, last = week(sandbox)

    assert analytics(client, INDONESIA, "ACCOUNT", first, last, "sends", "opens") == []
    (zero, *_) = [
        each["costInLocalCurrency"]
        for each in analytics(client, INDONESIA, "CREATIVE", first, last)
        if Decimal(each["costInLocalCurrency"]) < Decimal("0.001")
    ] or ["-2E-18"]
    assert zero == "-2E-18"


@pytest.mark.parametrize("pivot", ["MEMBER_REGION_V2", "MEMBER_COUNTRY_V2", *TRAITS])
def test_members_traits_never_tell_more_than_there_was(
    sandbox: Sandbox, client: RestliClient, market: Market, pivot: str
) -> None:
    first, last = week(sandbox)
    whole = sum(e["impressions"] for e in analytics(client, market, "ACCOUNT", first, last))

    found = analytics(client, market, pivot, first, last)

    assert 0 < sum(each["impressions"] for each in found) <= whole


def test_campaigns_tell_what_their_creatives_put_after_links(
    sandbox: Sandbox, client: RestliClient
) -> None:
    (creative, *_) = [
        row
        for row in sandbox.world.ads.to_pylist()
        if (row["network"], row["market"]) == (NETWORK.name, "id")
    ]
    urn = f"urn:li:sponsoredCampaign:{creative['adset_id']}"

    found = client.get(
        resource_path="/adTrackingParameters/{id}",
        path_keys={"id": {"adEntity": {"sponsoredCampaign": urn}}},
        **TOKEN,
    ).entity

    tags = dict(pair.split("=") for pair in creative["url_tags"].split("&"))
    assert found["dynamicValueParameters"] == {"utm_content": "CREATIVE_ID"}
    assert tags.pop("utm_content") == creative["ad_id"]
    assert found["customValueParameters"] == tags


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("q=analytics&pivot=(value:ACCOUNT)&accounts=List(urn:li:sponsoredAccount:1)", 400),
        ("q=analytics&pivot=%28value%3AACCOUNT%29", 400),
        ("q=search&dateRange=(start", 400),
    ],
)
def test_what_breaks_the_grammar_is_refused(
    sandbox: Sandbox, client: RestliClient, query: str, status: int
) -> None:
    url = f"{sandbox.url}/api.linkedin.com/rest/adAnalytics?{query}"
    headers = {
        "Authorization": f"Bearer {credentials.LINKEDIN_TOKEN}",
        "LinkedIn-Version": "202608",
        "X-Restli-Protocol-Version": "2.0.0",
    }
    assert client.session.get(url, headers=headers, timeout=30).status_code == status


def test_more_than_twenty_fields_an_old_version_and_another_token_are_refused(
    sandbox: Sandbox, client: RestliClient
) -> None:
    first, last = week(sandbox)
    with pytest.raises(AssertionError, match="At most 20"):
        analytics(client, INDONESIA, "ACCOUNT", first, last, *(["clicks"] * 19))
    other = client.get(resource_path="/adAccounts/1", access_token="x", version_string="202608")
    assert other.status_code == 401
    old = client.get(resource_path="/adAccounts/1", **{**TOKEN, "version_string": "202301"})
    assert (old.status_code, old.entity["code"]) == (426, "NONEXISTENT_VERSION")


def organisation(market: Market) -> str:
    return f"urn:li:organization:{ORGANISATIONS[market.code]}"


def posts(sandbox: Sandbox, market: Market) -> list[dict[str, Any]]:
    return [
        row
        for row in current_channel_posts(sandbox.world).to_pylist()
        if (row["platform"], row["market"]) == ("linkedin", market.code) and not row["is_mention"]
    ]


def listed(client: RestliClient, market: Market) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    while True:
        page = finder(
            client, "/posts", "author", author=organisation(market), start=len(found), count=7
        )
        found += page.elements
        if not page.elements:
            return found


def test_posts_page_newest_first_through_all_that_are_there(
    sandbox: Sandbox, client: RestliClient, market: Market
) -> None:
    found = listed(client, market)

    assert {each["id"].rpartition(":")[2]: each["commentary"] for each in found} == {
        row["post_id"]: row["message"] for row in posts(sandbox, market)
    }
    published = [each["publishedAt"] for each in found]
    assert published == sorted(published, reverse=True)
    assert {each["id"].split(":")[2] for each in found} == {"share", "ugcPost"}


def test_lifetime_statistics_of_posts_are_the_worlds(
    sandbox: Sandbox, client: RestliClient, market: Market
) -> None:
    shares = [each["id"] for each in listed(client, market) if ":share:" in each["id"]]

    found = finder(
        client,
        "/organizationalEntityShareStatistics",
        "organizationalEntity",
        organizationalEntity=organisation(market),
        shares=shares,
    ).elements

    rows = {row["post_id"]: row for row in posts(sandbox, market)}
    assert [each["share"] for each in found] == shares
    for each in found:
        row, told = rows[each["share"].rpartition(":")[2]], each["totalShareStatistics"]
        assert (told["impressionCount"], told["likeCount"], told["commentCount"]) == (
            row["impressions"],
            row["likes"],
            row["comments"],
        )


def test_statistics_by_day_end_before_their_end_and_add_up_to_the_worlds(
    sandbox: Sandbox, client: RestliClient, market: Market
) -> None:
    first, last = week(sandbox)

    def at(day: date) -> int:
        return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * 1000

    span = {"start": at(first), "end": at(last + timedelta(days=1))}
    given = {
        "organizationalEntity": organisation(market),
        "timeIntervals": {"timeRange": span, "timeGranularityType": "DAY"},
    }
    found = finder(
        client, "/organizationalEntityShareStatistics", "organizationalEntity", **given
    ).elements
    gained = channel_gains(sandbox.world, "linkedin", NETWORK.zone(market))
    gained = within(gained.filter(pc.equal(gained["market"], market.code)), first, last)

    assert len(found) == 7
    assert found[-1]["timeRange"]["end"] == span["end"]
    told = [each["totalShareStatistics"] for each in found]
    assert sum(each["impressionCount"] for each in told) == total("impressions", gained)
    assert sum(each["likeCount"] for each in told) == total("likes", gained)
    followers = finder(
        client, "/organizationalEntityFollowerStatistics", "organizationalEntity", **given
    ).elements
    assert len(followers) == 7


def test_followers_and_comments_are_told(sandbox: Sandbox, client: RestliClient) -> None:
    size = client.get(
        resource_path="/networkSizes/{urn}",
        path_keys={"urn": organisation(INDONESIA)},
        query_params={"edgeType": "COMPANY_FOLLOWED_BY_MEMBER"},
        **TOKEN,
    )
    assert size.entity["firstDegreeSize"] > 0
    (row, *_) = [
        row
        for row in sandbox.world.channel_comments.to_pylist()
        if (row["platform"], row["market"], row["parent_id"]) == ("linkedin", "id", None)
    ]
    (urn,) = [
        each["id"] for each in listed(client, INDONESIA) if each["id"].endswith(row["post_id"])
    ]
    found = client.get_all(
        resource_path="/socialActions/{urn}/comments",
        path_keys={"urn": urn},
        query_params={"start": 0, "count": 100},
        **TOKEN,
    )
    comments = {each["id"]: each for each in found.elements}
    assert comments[row["comment_id"]]["message"] == {"text": row["message"]}
