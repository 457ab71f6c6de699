"""What goes wrong goes wrong exactly when a rule says so, and as the platform would word it."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
import requests

from pipelines.sandbox.credentials import GA4_TOKEN, META_TOKEN, SHOPIFY_TOKENS, page_token
from pipelines.sandbox.faults import bad_day
from pipelines.sandbox.serve import Control, Sandbox
from pipelines.sandbox.world import INDONESIA, served_cells

ACT = f"act_{INDONESIA.ad_account}"


class Caller:
    """The calls of these tests, one per platform."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.url = sandbox.url
        self.control: Control = sandbox.control

    def ads(self, path: str = ACT, **query: str) -> requests.Response:
        query = {"access_token": META_TOKEN, **query}
        return requests.get(f"{self.url}/graph.facebook.com/v25.0/{path}", query, timeout=10)

    def page(self, path: str = "/feed", **query: str) -> requests.Response:
        query = {"access_token": page_token(INDONESIA.page_id), **query}
        url = f"{self.url}/graph.facebook.com/v25.0/{INDONESIA.page_id}{path}"
        return requests.get(url, query, timeout=10)

    def orders(self, **query: str) -> requests.Response:
        url = f"{self.url}/{INDONESIA.shop}.myshopify.com/admin/api/2026-07/orders.json"
        headers = {"X-Shopify-Access-Token": SHOPIFY_TOKENS[INDONESIA.shop]}
        return requests.get(url, query, headers=headers, timeout=10)

    def graphql(self, query: str = "{ shop { name } }") -> requests.Response:
        url = f"{self.url}/{INDONESIA.shop}.myshopify.com/admin/api/2026-07/graphql.json"
        headers = {"X-Shopify-Access-Token": SHOPIFY_TOKENS[INDONESIA.shop]}
        return requests.post(url, json={"query": query}, headers=headers, timeout=10)

    def report(self) -> requests.Response:
        path = f"v1beta/properties/{INDONESIA.ga4_property}:runReport"
        return requests.post(
            f"{self.url}/analyticsdata.googleapis.com/{path}",
            json={
                "dateRanges": [{"startDate": "7daysAgo", "endDate": "yesterday"}],
                "metrics": [{"name": "sessions"}],
            },
            headers={"Authorization": f"Bearer {GA4_TOKEN}"},
            timeout=10,
        )

    def rates(self) -> requests.Response:
        path = "data-api.ecb.europa.eu/service/data/EXR/D.USD.EUR.SP00.A"
        return requests.get(f"{self.url}/{path}?format=csvdata", timeout=10)


@pytest.fixture
def caller(sandbox: Sandbox) -> Iterator[Caller]:
    sandbox.control.forget_requests()
    yield Caller(sandbox)
    sandbox.control.release()


def test_a_rule_fires_after_so_many_calls_and_so_many_times(caller: Caller) -> None:
    caller.control.faults({"kind": "server_error", "platform": "ecb", "after": 1, "times": 2})
    assert [caller.rates().status_code for _ in range(5)] == [200, 500, 500, 200, 200]
    assert caller.control.fired()[0]["fired"] == 2


def test_a_rule_fires_on_every_so_many_th_call_and_on_its_endpoint_only(caller: Caller) -> None:
    caller.control.faults({"kind": "unavailable", "endpoint": "GET page/*", "every": 2})
    assert [caller.page().status_code for _ in range(4)] == [200, 503, 200, 503]
    assert caller.ads().status_code == 200


def test_a_seeded_coin_falls_the_same_way_again(caller: Caller) -> None:
    rule = {"kind": "server_error", "platform": "ecb", "chance": 0.5, "seed": 4}
    runs = []
    for _ in range(2):
        caller.control.faults(rule)
        runs.append([caller.rates().status_code for _ in range(12)])
    assert runs[0] == runs[1]
    assert set(runs[0]) == {200, 500}


def test_an_unknown_kind_or_name_is_refused(caller: Caller) -> None:
    for rule in ({"kind": "gremlin"}, {"kind": "slow", "secnods": 1}):
        with pytest.raises(ValueError, match="faults"):
            caller.control.faults(rule)


def test_too_many_requests_come_with_or_without_retry_after(caller: Caller) -> None:
    caller.control.faults(
        {"kind": "too_many_requests", "retry_after": 2.0, "times": 1},
        {"kind": "too_many_requests", "after": 1, "times": 1},
    )
    first, second = caller.orders(), caller.orders()
    assert (first.status_code, first.headers["retry-after"]) == (429, "2.0")
    assert (second.status_code, "retry-after" in second.headers) == (429, False)


def test_each_platform_has_its_own_words_for_its_limit(caller: Caller) -> None:
    caller.control.faults({"kind": "throttled", "retry_after": 90.0})
    ads, graphql, report = caller.ads(), caller.graphql(), caller.report()
    assert (ads.status_code, ads.json()["error"]["code"]) == (400, 80000)
    usage = ads.headers["x-business-use-case-usage"]
    assert '"estimated_time_to_regain_access":2' in usage
    assert graphql.status_code == 200
    assert graphql.json()["errors"][0]["extensions"]["code"] == "THROTTLED"
    assert graphql.json()["extensions"]["cost"]["throttleStatus"]["currentlyAvailable"] < 1000
    assert (report.status_code, report.json()["error"]["status"]) == (429, "RESOURCE_EXHAUSTED")


def test_each_platform_has_its_own_words_for_a_dead_token(caller: Caller) -> None:
    caller.control.faults({"kind": "dead_token"})
    assert caller.ads().json()["error"]["code"] == 190
    assert caller.graphql().status_code == 401
    assert caller.report().json()["error"]["status"] == "UNAUTHENTICATED"


def test_each_platform_has_its_own_words_for_a_missing_permission(caller: Caller) -> None:
    caller.control.faults({"kind": "access_denied"})
    assert caller.ads().json()["error"]["code"] == 200
    assert caller.graphql().json()["errors"][0]["extensions"]["code"] == "ACCESS_DENIED"
    assert caller.report().json()["error"]["status"] == "PERMISSION_DENIED"


def test_a_body_that_is_not_json_comes_with_503(caller: Caller) -> None:
    caller.control.faults({"kind": "unavailable"})
    for answer in (caller.ads(), caller.orders(), caller.report()):
        assert answer.status_code == 503
        assert answer.text.startswith("<!DOCTYPE html>")


@pytest.mark.parametrize("mode", ["length", "chunk"])
def test_a_truncated_body_breaks_the_connection(caller: Caller, mode: str) -> None:
    caller.control.faults({"kind": "truncated", "mode": mode, "times": 1})
    with pytest.raises(requests.exceptions.RequestException):
        caller.orders(status="any", limit="250")
    assert caller.orders(status="any", limit="250").json()["orders"]


def test_an_expired_cursor_hits_only_calls_that_continue(caller: Caller) -> None:
    caller.control.faults({"kind": "expired_cursor"})
    first = caller.orders(status="any", limit="2")
    assert first.status_code == 200
    url = first.links["next"]["url"]
    token = {"X-Shopify-Access-Token": SHOPIFY_TOKENS[INDONESIA.shop]}
    assert requests.get(url, headers=token, timeout=10).status_code == 400
    posts = caller.page("/posts", limit="2")
    assert requests.get(posts.json()["paging"]["next"], timeout=10).json()["error"]["code"] == 100


def test_a_field_is_added_dropped_or_changed_in_so_many_objects(caller: Caller) -> None:
    def fields(**rule: Any) -> list[dict[str, Any]]:
        caller.control.faults({"kind": "mutate", "platform": "shopify", **rule})
        orders = caller.orders(status="any", limit="3", fields="id,name").json()["orders"]
        return list(orders)

    added = fields(op="add", key="mood", value="good", beside="name", rows=2)
    assert [order.get("mood") for order in added] == ["good", "good", None]
    assert [order for order in fields(op="drop", key="name") if "name" in order] == []
    changed = fields(op="type", key="id", rows=1)
    assert [type(order["id"]) for order in changed] == [str, int, int]


def test_a_retired_metric_fails_reports_that_name_it(caller: Caller) -> None:
    caller.control.faults({"kind": "retired_metric", "metric": "sessions"})
    assert "not a valid metric" in caller.report().json()["error"]["message"]


def test_a_held_request_waits_until_it_is_released(caller: Caller) -> None:
    caller.control.faults({"kind": "hold", "name": "gate", "platform": "ecb", "times": 1})
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(caller.rates)
        assert caller.control.held("gate") == 1
        assert not waiting.done()
        assert caller.ads().status_code == 200
        caller.control.release("gate")
        assert waiting.result(timeout=10).status_code == 200
    assert caller.control.held("gate", wait=0) == 0


def test_a_request_can_be_held_with_half_of_its_body_sent(caller: Caller) -> None:
    caller.control.faults({"kind": "hold", "at": "body", "platform": "ecb", "times": 1})
    path = "data-api.ecb.europa.eu/service/data/EXR/D.USD.EUR.SP00.A"
    with requests.get(f"{caller.url}/{path}", stream=True, timeout=10) as answer:
        assert caller.control.held() == 1
        head = next(answer.iter_content(64))
        assert head.startswith(b"KEY,FREQ")
        caller.control.release()
        rest = b"".join(answer.iter_content(65536))
    assert head + rest == caller.rates().content


def test_a_caller_that_hangs_up_is_held_no_longer(caller: Caller) -> None:
    caller.control.faults({"kind": "hold", "name": "gone", "at": "body", "platform": "ecb"})
    path = "data-api.ecb.europa.eu/service/data/EXR/D.USD.EUR.SP00.A"
    with requests.get(f"{caller.url}/{path}", stream=True, timeout=10):
        assert caller.control.held("gone") == 1
    caller.control.faults({"kind": "hold", "name": "next", "platform": "ecb", "times": 1})
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(caller.rates)
        assert caller.control.held("next") == 1
        caller.control.release("next")
        assert waiting.result(timeout=10).ok


def test_a_restated_day_changes_by_what_the_rule_says(caller: Caller, sandbox: Sandbox) -> None:
    cells = served_cells(sandbox.world, INDONESIA.code)
    live = {ad["ad_id"] for ad in sandbox.world.ads.to_pylist() if ad["status"] == "ACTIVE"}
    old = (sandbox.scene.now - timedelta(days=40)).date()
    cell = next(row for row in cells.to_pylist() if row["date_day"] >= old and row["ad_id"] in live)
    day = cell["date_day"].isoformat()
    query = {
        "fields": "spend,impressions",
        "time_range": f'{{"since":"{day}","until":"{day}"}}',
        "level": "account",
    }

    def impressions() -> int:
        return int(caller.ads(f"{ACT}/insights", **query).json()["data"][0]["impressions"])

    before = impressions()
    caller.control.faults(
        {
            "kind": "restate",
            "platform": "meta_ads",
            "ad_id": cell["ad_id"],
            "date": day,
            "changes": {"impressions": 13},
        }
    )
    assert impressions() == before + 13


def test_a_deleted_post_vanishes_without_a_trace(caller: Caller) -> None:
    before = [post["id"] for post in caller.page(limit="3").json()["data"]]
    caller.control.faults({"kind": "delete", "platform": "facebook_pages", "id": before[1]})
    after = [post["id"] for post in caller.page(limit="3").json()["data"]]
    assert before[1] not in after
    url = f"{caller.url}/graph.facebook.com/v25.0/{before[1]}"
    token = {"access_token": page_token(INDONESIA.page_id)}
    assert requests.get(url, token, timeout=10).json()["error"]["error_subcode"] == 33


def test_requests_are_counted_by_platform_endpoint_and_status(caller: Caller) -> None:
    caller.ads()
    caller.ads(f"{ACT}/campaigns")
    caller.page()
    caller.orders()
    caller.control.faults({"kind": "server_error", "platform": "ecb"})
    caller.rates()
    assert caller.control.requests() == {
        "ecb": {"GET EXR": {"500": 1}},
        "facebook_pages": {"GET page/feed": {"200": 1}},
        "meta_ads": {"GET act": {"200": 1}, "GET act/campaigns": {"200": 1}},
        "shopify": {"GET orders.json": {"200": 1}},
    }


def test_an_unknown_host_is_told_so(sandbox: Sandbox) -> None:
    answer = requests.get(f"{sandbox.url}/api.example.com/v1/things", timeout=10)
    assert answer.status_code == 404
    assert "no platform" in answer.json()["error"]


def test_a_page_may_be_shorter_than_asked_and_still_lead_on(caller: Caller) -> None:
    whole = caller.orders(status="any", limit="50").json()["orders"]
    caller.control.faults({"kind": "short_page", "rows": 3})
    short = caller.orders(status="any", limit="50")
    assert [order["id"] for order in short.json()["orders"]] == [order["id"] for order in whole[:3]]
    assert "next" in short.links


def test_a_bad_day_is_the_same_for_the_same_seed() -> None:
    assert bad_day(3) == bad_day(3)
    assert [rule.seed for rule in bad_day(3)] != [rule.seed for rule in bad_day(4)]
