"""Instagram: media by kind with their insights, stories that vanish, threads, account days."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow.parquet as pq
import pytest
from recorded import recorded
from scripted import Asked, FakeTime, Reply, Scripted

from pipelines.connectors.errors import Decision, Permanent, decide
from pipelines.connectors.http import Answer
from pipelines.connectors.instagram import (
    MEDIA_METRICS,
    RULES,
    STREAMS,
    TOTALS,
    Instagram,
    broken_down,
    instagram,
    value_of,
)
from pipelines.connectors.meta_graph import graph_signal
from pipelines.connectors.stream import Account, Batch, Window
from pipelines.ingest import ingest
from pipelines.lake.convert import convert_records
from pipelines.lake.store import Lake

BY_NAME = {stream.name: stream for stream in STREAMS}
ACCOUNT = Account("178", "UTC", name="sarilaut")
WEEK = Window(date(2026, 5, 4), date(2026, 5, 10), "UTC")
LAST = Window(date(2026, 5, 10), date(2026, 5, 10), "UTC")
CALIFORNIA = "America/Los_Angeles"


@pytest.fixture
def source(server: Scripted, time: FakeTime) -> Instagram:
    return instagram(
        "token-of-the-test", ["178"], base_url=server.url, version="v25.0", clock=time.clock
    )


def read(source: Instagram, stream: str, window: Window = WEEK) -> list[Batch]:
    return list(source.read(BY_NAME[stream], ACCOUNT, window))


def rows(batches: list[Batch]) -> list[dict[str, Any]]:
    assert all(batch.rejected == () for batch in batches)
    return [row for batch in batches for row in batch.rows.to_pylist()]


def refusal(code: int, message: str = "", **more: Any) -> Answer:
    return Answer(400, {}, {"error": {"code": code, "message": message, **more}})


NOT_FOR_THIS_KIND = refusal(
    100, "(#100) The Media Insights API does not support the views metric for this media type."
)
BEFORE_CONVERSION = refusal(
    100, "The media was posted before the account was converted.", error_subcode=2108006
)
GONE = refusal(100, "Object does not exist", error_subcode=33)
TOO_FEW = refusal(10, "(#10) Not enough viewers for the media to show insights")
NO_PERMISSION = refusal(10, "(#10) Application does not have permission for this action")


# --- recorded payloads


def test_recorded_media_become_rows() -> None:
    """The link to the next page embeds a token; the request for it is built by ourselves."""
    body = recorded("instagram/users__medias_p1.json")
    plain = [{k: v for k, v in media.items() if k != "media_url"} for media in body["data"]]

    batch = convert_records(BY_NAME["media"].schema, plain, {"account_id": "178"}, place="page 1")

    assert batch.rejected == ()
    first, second = batch.rows.to_pylist()
    assert first["id"] == "17895731045244887"
    assert first["timestamp"] == datetime.fromisoformat("2021-08-13T08:25:28")
    assert (first["like_count"], first["comments_count"]) == (0, 0)
    assert (second["like_count"], second["comments_count"]) == (2, 6)
    assert (first["caption"], first["media_product_type"]) == (None, None)
    assert first["permalink"] == "https://www.instagram.com/p/CSgf9BChwVq/"


def test_recorded_media_by_id_keep_what_an_album_holds() -> None:
    album = recorded("instagram/medias__medias_fields.json")["17896129349106152"]

    batch = convert_records(BY_NAME["media"].schema, [album], {"account_id": "178"}, place="x")

    (row,) = batch.rows.to_pylist()
    assert (row["media_type"], row["caption"], row["like_count"]) == ("CAROUSEL_ALBUM", "ALBUM", 1)
    assert [child["media_type"] for child in json.loads(row["children"])] == [
        "IMAGE",
        "IMAGE",
        "VIDEO",
    ]


def test_recorded_insights_tell_one_value_in_either_shape() -> None:
    (activity,) = recorded("instagram/medias__insights_new.json")["data"]
    (reach,) = recorded("instagram/users__user_insights_new.json")["data"]

    assert value_of(activity) == 11
    assert value_of({**activity, "values": []}) == 11
    assert value_of(reach) == 14_516_883
    assert value_of({"name": "reach"}) is None


def test_recorded_insights_become_typed_rows(source: Instagram, server: Scripted) -> None:
    """What is broken down is landed as the whole that stands beside the breakdown."""
    of_media = recorded("instagram/medias__insights_new.json")
    of_account = recorded("instagram/users__user_insights_new.json")
    server.answer = holding(media(18035507131611621), insights=lambda _: Reply(of_media))

    (gathered,) = rows(read(source, "media", LAST))
    server.answer = lambda asked: Reply(
        of_account if asked.query["metric_type"] == "total_value" else {"data": []}
    )
    (reach,) = rows(read(source, "account_insights", LAST))

    assert gathered["id"] == "18035507131611621"
    assert json.loads(gathered["insights"]) == {"profile_activity": 11}
    assert (gathered["like_count"], gathered["_extra"]) == (None, None)
    assert (reach["metric"], reach["date"]) == ("reach", date(2026, 5, 10))
    assert (int(reach["value"]), reach["_extra"]) == (14_516_883, None)


def test_a_recorded_breakdown_becomes_a_typed_row_a_combination(
    source: Instagram, server: Scripted
) -> None:
    body = recorded("instagram/users__user_insights_new.json")
    server.answer = lambda asked: Reply(
        body if asked.query["breakdown"] == "age,gender" else {"data": []}
    )
    found = rows(read(source, "follower_demographics", LAST))
    assert {row["breakdown"] for row in found} == {"age,gender"}
    by_dimension = {row["dimension"]: row["followers"] for row in found}
    assert len(by_dimension) == 14
    assert by_dimension["AD,NON_FOLLOWER"] == 14_357_147
    assert by_dimension["AR_EFFECT_PREVIEW,FOLLOWER"] == 6
    assert sum(by_dimension.values()) == 14_646_174


def test_recorded_breakdowns_are_one_value_a_combination() -> None:
    (reach,) = recorded("instagram/users__user_insights_new.json")["data"]

    found = list(broken_down(reach))

    assert len(found) == 14
    assert (["REEL", "FOLLOWER"], 58_345) in found


# --- what refusals mean


@pytest.mark.parametrize(
    ("answer", "decision"),
    [
        (NOT_FOR_THIS_KIND, Decision.DROP),
        (refusal(100, "(#100) The value must be a valid insights metric"), Decision.DROP),
        (
            refusal(100, "(#100) (follower_count) only supports querying the last 30 days"),
            Decision.SKIP,
        ),
        (TOO_FEW, Decision.SKIP),
        (NO_PERMISSION, Decision.SKIP),
        (BEFORE_CONVERSION, Decision.SKIP),
        (GONE, Decision.SKIP),
        (refusal(190, "Session has expired"), Decision.ABORT),
        (refusal(200, "Requires instagram_basic"), Decision.STOP),
        (refusal(4), Decision.WAIT),
        (refusal(80002), Decision.WAIT),
        (refusal(2), Decision.RETRY),
        (refusal(100, "Tried accessing nonexisting field (x)"), Decision.STOP),
    ],
)
def test_each_error_leads_to_its_decision(answer: Answer, decision: Decision) -> None:
    signal = graph_signal(answer)

    assert signal is not None
    assert decide(RULES, signal).decision is decision


# --- media


def media(number: int, product: str = "FEED", kind: str = "IMAGE", **more: Any) -> dict[str, Any]:
    return {
        "id": str(number),
        "media_product_type": product,
        "media_type": kind,
        "timestamp": "2026-05-05T10:00:00+0000",
        **more,
    }


def told(metrics: str, value: int = 5) -> Reply:
    """Every other metric in the one shape, and the rest in the other."""
    found = []
    for place, name in enumerate(metrics.split(",")):
        shape = {"total_value": {"value": value}} if place % 2 else {"values": [{"value": value}]}
        found.append({"name": name, "period": "lifetime", "title": "T", **shape})
    return Reply({"data": found, "paging": {"next": "https://x?access_token=T"}})


def holding(
    *found: dict[str, Any],
    edge: str = "media",
    insights: Callable[[Asked], Reply] = lambda asked: told(asked.query["metric"]),
) -> Callable[[Asked], Reply]:
    def answer(asked: Asked) -> Reply:
        if asked.path.endswith("/insights"):
            return insights(asked)
        return Reply({"data": list(found) if asked.path.endswith(f"/178/{edge}") else []})

    return answer


def refused(answer: Answer) -> Reply:
    return Reply(answer.body, answer.status)


def test_each_kind_of_media_is_asked_for_its_own_metrics(
    source: Instagram, server: Scripted
) -> None:
    server.answer = holding(
        media(1),
        media(2, kind="CAROUSEL_ALBUM"),
        media(3, kind="VIDEO"),
        media(4, "REELS", "VIDEO"),
    )

    found = rows(read(source, "media", LAST))

    asked = {each.path: each.query["metric"] for each in server.asked if "metric" in each.query}
    assert asked == {
        f"/v25.0/{number}/insights": ",".join(MEDIA_METRICS[kind])
        for number, kind in ((1, "IMAGE"), (2, "CAROUSEL_ALBUM"), (3, "VIDEO"), (4, "REELS"))
    }
    assert json.loads(found[2]["insights"]) == {"reach": 5, "saved": 5}
    assert all(row["_extra"] is None for row in found)


def test_likes_that_an_account_hides_are_unknown_and_not_zero(
    source: Instagram, server: Scripted
) -> None:
    server.answer = holding(media(1, comments_count=0), media(2, like_count=0, comments_count=3))

    hidden, shown = rows(read(source, "media", LAST))

    assert (hidden["like_count"], hidden["comments_count"]) == (None, 0)
    assert (shown["like_count"], shown["comments_count"]) == (0, 3)


def test_a_metric_that_one_kind_does_not_have_is_named_and_asked_for_once(
    source: Instagram, server: Scripted
) -> None:
    def insights(asked: Asked) -> Reply:
        names = asked.query["metric"].split(",")
        return refused(NOT_FOR_THIS_KIND) if "views" in names else told(asked.query["metric"])

    every = (media(1, "REELS", "VIDEO"), media(2, "REELS", "VIDEO"), media(3))

    def answer(asked: Asked) -> Reply:
        reels = asked.path.endswith(("/1/insights", "/2/insights"))
        return insights(asked) if reels else holding(*every)(asked)

    server.answer = answer

    batch, _ = read(source, "media", LAST)

    first, second, image = rows([batch])
    expected = set(MEDIA_METRICS["REELS"]) - {"views"}
    assert set(json.loads(first["insights"])) == set(json.loads(second["insights"])) == expected
    assert "views" in json.loads(image["insights"])
    assert batch.missing == ("metric views: the platform no longer serves it",)
    assert len([each for each in server.asked if each.path == "/v25.0/2/insights"]) == 1


@pytest.mark.parametrize("answer", [BEFORE_CONVERSION, TOO_FEW, GONE, NO_PERMISSION])
def test_a_media_without_insights_lands_without_them_beside_the_others(
    source: Instagram, server: Scripted, answer: Answer
) -> None:
    def insights(asked: Asked) -> Reply:
        return refused(answer) if "/1/" in asked.path else told(asked.query["metric"])

    server.answer = holding(media(1), media(2), insights=insights)

    batches = read(source, "media", LAST)

    first, second = rows(batches)
    assert first["insights"] is None
    assert json.loads(second["insights"])["reach"] == 5
    assert [batch.missing for batch in batches] == [(), ()]


def test_where_no_media_tells_insights_the_reason_is_named(
    source: Instagram, server: Scripted
) -> None:
    server.answer = holding(media(1), media(2), insights=lambda _: refused(NO_PERMISSION))

    batches = read(source, "media", LAST)

    assert [row["id"] for row in rows(batches)] == ["1", "2"]
    (note,) = batches[-1].missing
    assert note.startswith("insights of all media: the token may not read it")


def test_old_media_keep_their_counters_and_cost_no_request_each(
    source: Instagram, server: Scripted
) -> None:
    server.answer = holding(media(1, timestamp="2025-05-10T23:59:59+0000", like_count=9))

    (row,) = rows(read(source, "media", LAST))

    assert (row["like_count"], row["insights"]) == (9, None)
    assert len(server.asked) == 1


def test_a_media_of_the_day_that_has_not_closed_is_left_to_its_own_snapshot(
    source: Instagram, server: Scripted
) -> None:
    server.answer = holding(
        media(2, timestamp="2026-05-11T00:00:00+0000"),
        media(1, timestamp="2026-05-10T23:59:59+0000"),
    )

    assert [row["id"] for row in rows(read(source, "media", LAST))] == ["1"]


# --- stories


def test_every_story_that_lives_is_kept_whichever_day_it_is_of(
    source: Instagram, server: Scripted
) -> None:
    story = {"product": "STORY", "kind": "VIDEO"}
    server.answer = holding(
        media(1, **story, timestamp="2026-05-10T20:00:00+0000"),
        media(2, **story, timestamp="2026-05-11T08:00:00+0000"),
        edge="stories",
    )

    found = rows(read(source, "stories", LAST))

    assert [row["id"] for row in found] == ["1", "2"]
    assert set(json.loads(found[0]["insights"])) == set(MEDIA_METRICS["STORY"])


def test_stories_are_read_several_times_a_day_and_never_dropped() -> None:
    stories = BY_NAME["stories"]

    assert stories.reads_per_day > 1
    assert (stories.mode, stories.snapshot) == ("merge", True)


def test_a_story_that_is_gone_stays_and_one_that_lives_is_kept_as_last_seen(
    server: Scripted, time: FakeTime, source: Instagram, tmp_path: Path
) -> None:
    """Twice on the eleventh: both readings land under the tenth, the last day that has closed."""
    lake = Lake(tmp_path)

    def read_at(hour: int, *stories: tuple[int, int]) -> None:
        found = [media(number, "STORY", like_count=likes) for number, likes in stories]
        server.answer = holding(*found, edge="stories")
        now = datetime(2026, 5, 11, hour, tzinfo=UTC)
        stream, days = BY_NAME["stories"], (date(2026, 5, 9), date(2026, 5, 11))
        result = ingest(source, stream, lake, *days, run_id="test", now=now)
        assert [landed.day for landed in result.landed] == [date(2026, 5, 10)]

    read_at(4, (1, 5), (2, 6))
    read_at(8, (2, 7), (3, 0))

    (path,) = tmp_path.rglob("dt=2026-05-10/178.parquet")
    kept = pq.read_table(path, columns=["id", "like_count"], partitioning=None).to_pylist()
    assert [(row["id"], row["like_count"]) for row in kept] == [("1", 5), ("2", 7), ("3", 0)]


# --- comments


def comment(number: int, written: str = "2026-05-05T00:00:00+0000", **more: Any) -> dict[str, Any]:
    return {"id": str(number), "timestamp": written, "username": f"u{number}", **more}


def threads(*comments: dict[str, Any], **edges: Reply) -> Callable[[Asked], Reply]:
    """One media with comments, and one that has none."""

    def answer(asked: Asked) -> Reply:
        edge = asked.path.rpartition("/")[2]
        if edge == "media":
            return Reply({"data": [media(1, comments_count=2), media(2, comments_count=0)]})
        return edges.get(edge) or Reply({"data": [dict(each) for each in comments]})

    return answer


def test_replies_come_with_their_comment_and_from_their_own_edge_where_there_are_more(
    source: Instagram, server: Scripted
) -> None:
    few = {"data": [comment(11)]}
    many = {"data": [comment(21)], "paging": {"next": "https://x?after=a&access_token=T"}}
    server.answer = threads(
        comment(10, replies=few),
        comment(20, replies=many, **{"from": {"id": "77"}}),
        replies=Reply({"data": [comment(21), comment(22)]}),
    )

    found = rows(read(source, "comments"))

    assert [(row["id"], row["parent_id"]) for row in found] == [
        ("10", None),
        ("11", "10"),
        ("20", None),
        ("21", "20"),
        ("22", "20"),
    ]
    assert {row["media_id"] for row in found} == {"1"}
    assert [row["author_id"] for row in found[:3]] == [None, None, "77"]
    assert found[0]["_extra"] is None
    asked = [each.path for each in server.asked]
    assert asked == ["/v25.0/178/media", "/v25.0/1/comments", "/v25.0/20/replies"]


def test_only_the_windows_comments_come(source: Instagram, server: Scripted) -> None:
    server.answer = threads(
        comment(1, "2026-05-03T23:59:59+0000"),
        comment(2, "2026-05-04T00:00:00+0000"),
        comment(3, "2026-05-10T23:59:59+0000"),
        comment(4, "2026-05-11T00:00:00+0000"),
    )

    assert [row["id"] for row in rows(read(source, "comments"))] == ["2", "3"]


def test_a_media_that_vanishes_while_it_is_read_is_skipped_and_named(
    source: Instagram, server: Scripted
) -> None:
    server.answer = threads(comments=refused(GONE))

    (batch,) = read(source, "comments")

    assert batch.rows.num_rows == 0
    assert "media 1" in batch.missing[0]


# --- media of others


def test_tagged_media_come_with_their_author_and_without_what_is_older(
    source: Instagram, server: Scripted
) -> None:
    """The list goes on to older media, which are not asked for."""

    def media(number: int, day: str) -> dict[str, Any]:
        return {
            "id": str(number),
            "username": "nadia.gunawan",
            "caption": "@sarilaut enak!",
            "media_type": "IMAGE",
            "permalink": f"https://www.instagram.com/p/{number}/",
            "timestamp": f"2026-{day}T10:00:00+0000",
            "like_count": 7,
        }

    def answer(asked: Asked) -> Reply:
        assert asked.path == "/v25.0/178/tags"
        pages = {
            "": ([media(4, "05-11"), media(3, "05-10")], "a"),
            "a": ([media(2, "05-04"), media(1, "05-03")], "b"),
            "b": ([media(0, "05-02")], "c"),
        }
        found, after = pages[asked.query.get("after", "")]
        following = f"{server.url}/v25.0/178/tags?after={after}&limit=100&fields=id"
        return Reply({"data": found, "paging": {"next": following}})

    server.answer = answer
    found = rows(read(source, "tags"))
    assert [row["id"] for row in found] == ["3", "2"]
    assert found[0] == {
        "account_id": "178",
        "id": "3",
        "username": "nadia.gunawan",
        "caption": "@sarilaut enak!",
        "media_type": "IMAGE",
        "permalink": "https://www.instagram.com/p/3/",
        "timestamp": datetime.fromisoformat("2026-05-10T10:00:00"),
        "like_count": 7,
        "comments_count": None,
        "_extra": None,
    }
    assert len(server.asked) == 3


# --- the account


def account_day(asked: Asked, end: str = "2026-05-05T07:00:00+0000") -> Reply:
    names = asked.query["metric"].split(",")
    if asked.query["metric_type"] == "total_value":
        values: dict[str, Any] = {"total_value": {"value": 8}}
    else:
        values = {"values": [{"value": 7, "end_time": end}]}
    return Reply({"data": [{"name": name, "period": "day", **values} for name in names]})


def test_series_and_totals_become_one_row_a_metric_and_californian_day(
    source: Instagram, server: Scripted
) -> None:
    server.answer = account_day
    two_days = Window(date(2026, 5, 4), date(2026, 5, 5), CALIFORNIA)

    found = rows(read(source, "account_insights", two_days))

    days = {(row["metric"], row["date"].day): row["value"] for row in found}
    assert days == {
        ("reach", 4): "7",
        ("follower_count", 4): "7",
        **{(metric, day): "8" for metric in TOTALS for day in (4, 5)},
    }
    totals = [each.query for each in server.asked if each.query["metric_type"] == "total_value"]
    midnight = datetime(2026, 5, 4, tzinfo=ZoneInfo(CALIFORNIA))
    assert totals[0]["since"] == str(int(midnight.timestamp()))
    assert [int(query["until"]) - int(query["since"]) for query in totals] == [86400, 86400]


@pytest.mark.parametrize(("day", "hours"), [(date(2026, 3, 8), 23), (date(2026, 11, 1), 25)])
def test_a_day_on_which_californias_clocks_change_is_asked_for_whole(
    source: Instagram, server: Scripted, day: date, hours: int
) -> None:
    server.answer = account_day

    read(source, "account_insights", Window(day, day, CALIFORNIA))

    query = server.asked[-1].query
    assert int(query["until"]) - int(query["since"]) == hours * 3600


def test_windows_hold_no_more_than_the_thirty_days_that_instagram_tells() -> None:
    assert BY_NAME["account_insights"].slice_days == 30


def test_follower_counts_older_than_thirty_days_are_unknown_and_come_for_newer_ones(
    source: Instagram, server: Scripted
) -> None:
    """The refusal is about the days, not about the metric: it must not be taken for retired."""
    too_old = refused(refusal(100, "(#100) (follower_count) only supports the last 30 days"))

    def answer(asked: Asked) -> Reply:
        old = int(asked.query["since"]) < datetime(2026, 4, 1, tzinfo=ZoneInfo("UTC")).timestamp()
        return too_old if old and asked.query["metric"] == "follower_count" else account_day(asked)

    server.answer = answer

    (old,) = read(
        source, "account_insights", Window(date(2026, 3, 1), date(2026, 3, 1), CALIFORNIA)
    )
    (new,) = read(
        source, "account_insights", Window(date(2026, 5, 4), date(2026, 5, 4), CALIFORNIA)
    )

    assert "follower_count" not in old.rows["metric"].to_pylist()
    assert "follower_count" in new.rows["metric"].to_pylist()
    assert (old.missing, new.missing) == ((), ())


def test_a_window_that_begins_too_early_has_the_follower_counts_of_its_newer_days(
    source: Instagram, server: Scripted
) -> None:
    """One day too many fails the whole answer, and the others would not be asked for again."""
    told_since = datetime(2026, 5, 7, tzinfo=ZoneInfo(CALIFORNIA))
    asked_for: list[Asked] = []

    def answer(asked: Asked) -> Reply:
        if asked.query["metric"] != "follower_count":
            return account_day(asked)
        asked_for.append(asked)
        first = datetime.fromtimestamp(int(asked.query["since"]), UTC)
        if first < told_since:
            return refused(refusal(100, "(#100) only supports querying the last 30 days"))
        days = [first + timedelta(days=n + 1) for n in range(10)]
        ends = [day for day in days if day.timestamp() <= int(asked.query["until"])]
        values = [{"value": 3, "end_time": f"{end:%Y-%m-%dT%H:%M:%S}+0000"} for end in ends]
        return Reply({"data": [{"name": "follower_count", "period": "day", "values": values}]})

    server.answer = answer
    found = rows(
        read(source, "account_insights", Window(date(2026, 5, 1), date(2026, 5, 10), CALIFORNIA))
    )
    told = [row["date"] for row in found if row["metric"] == "follower_count"]
    assert told == [date(2026, 5, day) for day in (7, 8, 9, 10)]
    assert len(asked_for) == 4


def test_a_retired_metric_of_the_account_is_named_and_the_others_come(
    source: Instagram, server: Scripted
) -> None:
    def answer(asked: Asked) -> Reply:
        if TOTALS[0] in asked.query["metric"].split(","):
            return refused(refusal(100, "(#100) The value must be a valid insights metric"))
        return account_day(asked)

    server.answer = answer

    (batch,) = read(source, "account_insights", Window(WEEK.first, WEEK.first, CALIFORNIA))

    assert set(batch.rows["metric"].to_pylist()) == {"reach", "follower_count", *TOTALS[1:]}
    assert batch.missing == (f"metric {TOTALS[0]}: the platform no longer serves it",)


def test_followers_come_by_city_country_and_age_with_gender(
    source: Instagram, server: Scripted
) -> None:
    groups = {"city": ["Jakarta, Jakarta"], "country": ["ID"], "age,gender": ["25-34", "F"]}

    def answer(asked: Asked) -> Reply:
        keys = asked.query["breakdown"].split(",")
        results = [{"dimension_values": groups[asked.query["breakdown"]], "value": 9}]
        breakdowns = [{"dimension_keys": keys, "results": results}]
        insight = {"name": "follower_demographics", "total_value": {"breakdowns": breakdowns}}
        return Reply({"data": [insight]})

    server.answer = answer

    found = rows(read(source, "follower_demographics", LAST))

    assert [(row["breakdown"], row["dimension"], row["followers"]) for row in found] == [
        ("city", "Jakarta, Jakarta", 9),
        ("country", "ID", 9),
        ("age,gender", "25-34,F", 9),
    ]


def test_an_account_with_few_followers_is_told_nothing_of_them(
    source: Instagram, server: Scripted
) -> None:
    server.says(Reply({"data": []}))

    assert rows(read(source, "follower_demographics", LAST)) == []


def test_a_missing_permission_says_which_ones_are_needed(
    source: Instagram, server: Scripted
) -> None:
    server.says(refused(refusal(200, "(#200) Requires permission")))

    with pytest.raises(Permanent, match="permission"):
        read(source, "accounts", LAST)
