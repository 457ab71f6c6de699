"""Graph's shared rules: its errors, its paging, its usage headers, its furniture."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from recorded import recorded
from scripted import Asked, FakeTime, Reply, Scripted

from pipelines.connectors.errors import Decision, decide
from pipelines.connectors.health import Finding, State
from pipelines.connectors.http import Answer, Client, Token
from pipelines.connectors.meta_graph import (
    REST,
    RULES,
    Graph,
    account_health,
    graph_pace,
    graph_platform,
    graph_signal,
    tidy,
)

TOKEN = "graph-token-of-the-test"


@pytest.fixture
def graph(server: Scripted, time: FakeTime) -> Graph:
    client = Client(graph_platform("test", "TEST_TOKEN"), Token.fixed(TOKEN), clock=time.clock)
    return Graph(client, server.url + "/v25.0")


def error(code: int, message: str = "", status: int = 400, **more: Any) -> Answer:
    return Answer(status, {}, {"error": {"code": code, "message": message, **more}})


@pytest.mark.parametrize(
    ("answer", "decision"),
    [
        (error(190, "Session has expired", 401), Decision.ABORT),
        (error(4), Decision.WAIT),
        (error(17), Decision.WAIT),
        (error(32), Decision.WAIT),
        (error(613), Decision.WAIT),
        (error(80000), Decision.WAIT),
        (error(80006), Decision.WAIT),
        (error(80008), Decision.WAIT),
        (error(1, "Please reduce the amount of data you're asking for", 500), Decision.SPLIT),
        (error(100, error_subcode=1487534), Decision.SPLIT),
        (error(100, "Cannot include x in summary param as it was not in report run"), "restart"),
        (error(100, "(#100) The value must be a valid insights metric"), Decision.DROP),
        (error(100, "Unsupported get request", error_subcode=33), Decision.SKIP),
        (error(100, error_subcode=2108006), Decision.SKIP),
        (error(2, "An unexpected error", 500), Decision.RETRY),
        (error(104), Decision.RETRY),
        (error(960), Decision.RETRY),
        (error(1, "An unknown error occurred", 500), Decision.RETRY),
        (error(999, error_subcode=1504018), Decision.RETRY),
        (error(999, error_subcode=99), Decision.RETRY),
        (error(999, is_transient=True), Decision.RETRY),
        (error(10, status=403), Decision.STOP),
        (error(200, status=403), Decision.STOP),
        (error(100, "Tried accessing nonexisting field (x)"), Decision.STOP),
        (Answer(503, {}, "<html>"), Decision.RETRY),
    ],
)
def test_each_error_leads_to_its_decision(answer: Answer, decision: Decision | str) -> None:
    signal = graph_signal(answer)

    assert signal is not None
    assert decide(RULES, signal).decision == decision


@pytest.mark.parametrize(
    "name", ["facebook_pages/error.json", "facebook_pages/base__error_data.json"]
)
def test_recorded_refusals_are_missing_permissions(name: str) -> None:
    signal = graph_signal(Answer(400, {}, recorded(name)))

    assert signal is not None
    rule = decide(RULES, signal)
    assert rule.decision is Decision.STOP
    assert "pages_read_engagement" in rule.remedy


def test_recorded_time_based_paging_is_followed_to_its_end_without_the_links_token(
    graph: Graph, server: Scripted
) -> None:
    """The link says `until` and a paging token; our own `since` and limit stay."""
    first = recorded("facebook_pages/posts__feed_fields_p1.json")
    last = recorded("facebook_pages/posts__feed_fields_p2.json")
    server.says(Reply(first), Reply(last))

    pages = list(graph.lists("4/posts", fields="id", since=1600000000, limit=5))

    assert [len(page) for page in pages] == [len(first["data"]), len(last["data"])]
    query = server.asked[1].query
    assert query["until"] == "1624385168"
    assert query["__paging_token"] == "__paging_token"
    assert query["since"] == "1600000000"
    assert "access_token" not in query
    assert server.asked[1].headers["Authorization"] == f"Bearer {TOKEN}"
    assert server.asked[1].path == "/v25.0/4/posts"


def test_a_cursor_without_next_is_the_last_page(graph: Graph, server: Scripted) -> None:
    more = {"cursors": {"after": "MQZDZD"}, "next": "https://x/y?after=MQZDZD&access_token=other"}
    server.says(
        Reply({"data": [{"id": "1"}], "paging": more}),
        Reply({"data": [], "paging": {**more, "next": "https://x/y?after=Mg"}}),
        Reply({"data": [{"id": "2"}], "paging": {"cursors": {"after": "MAZDZD"}}}),
    )

    assert list(graph.lists("x")) == [[{"id": "1"}], [], [{"id": "2"}]]
    assert [asked.query.get("after") for asked in server.asked] == [None, "MQZDZD", "Mg"]


def test_too_much_data_halves_the_page_and_stays_there(graph: Graph, server: Scripted) -> None:
    too_much = {"error": {"code": 1, "message": "Please reduce the amount of data"}}

    def answer(asked: Asked) -> Reply:
        if int(asked.query["limit"]) > 30:
            return Reply(too_much, 500)
        if "after" in asked.query:
            return Reply({"data": []})
        return Reply({"data": [], "paging": {"next": f"https://x?after=a&{'limit=25'}"}})

    server.answer = answer
    list(graph.lists("x", limit=100))

    assert [asked.query["limit"] for asked in server.asked] == ["100", "50", "25", "25"]


def test_the_wait_of_a_rate_limit_is_the_one_that_the_header_names(
    graph: Graph, server: Scripted, time: FakeTime
) -> None:
    usage = {"301": [{"type": "ads_insights", "estimated_time_to_regain_access": 3}]}
    refused = Reply(
        {"error": {"code": 80000, "message": "too many calls"}},
        400,
        {"X-Business-Use-Case-Usage": json.dumps(usage)},
    )
    server.says(refused, Reply({"id": "1"}))

    graph.get("1")

    assert time.slept == [180]


@pytest.mark.parametrize(
    ("header", "value", "pause"),
    [
        ("X-App-Usage", {"call_count": 20, "total_time": 74}, 0),
        ("X-App-Usage", {"call_count": 20, "total_time": 85}, REST / 2),
        ("X-FB-Ads-Insights-Throttle", {"app_id_util_pct": 0, "acc_id_util_pct": 99.5}, REST),
        ("X-Ad-Account-Usage", {"acc_id_util_pct": 95}, REST),
        ("X-Business-Use-Case-Usage", {"3": [{"call_count": 96, "total_cputime": 1}]}, REST),
        ("X-Business-Use-Case-Usage", {"3": [{"estimated_time_to_regain_access": 2}]}, 120),
    ],
)
def test_usage_headers_slow_us_down_before_meta_refuses(
    header: str, value: dict[str, Any], pause: float
) -> None:
    assert graph_pace(Answer(200, {header: json.dumps(value)}, {})) == pause


def test_an_unreadable_usage_header_is_no_reason_to_fail() -> None:
    assert graph_pace(Answer(200, {"X-App-Usage": "n/a"}, {})) == 0


def test_links_and_empty_summary_lists_are_no_data_of_a_record() -> None:
    record = {
        "id": "1",
        "comments": {"data": [], "summary": {"total_count": 2, "order": "ranked"}, "paging": {}},
        "insights": {"data": [{"name": "a"}], "paging": {"next": "https://x?access_token=T"}},
        "attachments": {"data": []},
    }

    assert tidy(record) == {
        "id": "1",
        "comments": {"summary": {"total_count": 2}},
        "insights": {"data": [{"name": "a"}]},
        "attachments": {"data": []},
    }


def tells(**more: Any) -> Callable[[Asked], Reply]:
    """A Graph that answers any object with its id, and debug_token with that."""
    token = {"is_valid": True, "expires_at": 0, "scopes": ["ads_read"], **more}

    def answer(asked: Asked) -> Reply:
        return Reply({"data": token} if asked.path.endswith("/debug_token") else {"id": "1"})

    return answer


def health_of(graph: Graph) -> dict[str, Finding]:
    found = account_health(graph, "act_1", TOKEN, ["ads_read"], "TEST_TOKEN")
    return {finding.what: finding for finding in found}


def test_a_token_is_asked_about_itself_and_never_told(graph: Graph, server: Scripted) -> None:
    server.answer = tells()
    found = health_of(graph)
    (asked,) = [each for each in server.asked if each.path.endswith("/debug_token")]
    assert asked.query["input_token"] == TOKEN
    assert found["token"].detail == "does not expire"
    assert TOKEN not in str(found)


def test_the_end_of_a_person_s_consent_is_told_beside_the_token_s(
    graph: Graph, server: Scripted
) -> None:
    # Today is 2026-05-10.
    server.answer = tells(expires_at=1_783_000_000, data_access_expires_at=1_778_900_000)
    found = health_of(graph)
    assert found["token"].state is State.OK
    assert found["access to data"].state is State.WARN
    assert found["access to data"].detail == "expires at 2026-05-16 02:53 UTC, in 6 days"
    assert "TEST_TOKEN" in found["access to data"].remedy


def test_a_token_that_graph_calls_invalid_is_bad(graph: Graph, server: Scripted) -> None:
    error = {"code": 190, "message": f"The session of {TOKEN} was invalidated"}
    server.answer = tells(is_valid=False, error=error)
    found = health_of(graph)["token"]
    assert found.state is State.BAD
    assert found.detail == "The session of [hidden] was invalidated"


def test_a_token_of_which_graph_does_not_tell_still_works(graph: Graph, server: Scripted) -> None:
    message = "(#100) You must provide an app access token, or a user access token of a developer"

    def answer(asked: Asked) -> Reply:
        if asked.path.endswith("/debug_token"):
            return Reply({"error": {"code": 100, "message": message}}, status=400)
        return Reply({"id": "1"})

    server.answer = answer
    found = health_of(graph)["token"]
    assert found.state is State.WARN
    assert "You must provide an app access token" in found.detail


def test_the_largest_share_of_the_limits_is_what_counts(graph: Graph, server: Scripted) -> None:
    usage = {"x-app-usage": json.dumps({"call_count": 96, "total_time": 3})}
    answer = tells()
    server.answer = lambda asked: replace(answer(asked), headers=usage)
    found = health_of(graph)["quota, %"]
    assert (found.state, found.detail) == (State.WARN, "4 of 100 left")
