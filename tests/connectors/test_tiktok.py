"""TikTok videos: counters as they stand, cursors in milliseconds, tokens that renew themselves."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from scripted import Asked, FakeTime, Reply, Scripted

from pipelines.connectors.errors import DeadToken, Permanent, Transient, decide
from pipelines.connectors.health import State
from pipelines.connectors.http import Answer
from pipelines.connectors.oauth import TokenFile
from pipelines.connectors.stream import Account, Window
from pipelines.connectors.tiktok import (
    PLATFORM,
    RULES,
    STREAMS,
    TOKEN_RULES,
    TOKENS,
    TikTok,
    tiktok,
    tiktok_signal,
    token_signal,
)

BY_NAME = {stream.name: stream for stream in STREAMS}
ACCOUNT = Account("_000abc")
DAY = date(2026, 5, 9)
WINDOW = Window(DAY, DAY, "UTC")
OK = {"code": "ok", "message": "", "log_id": "1"}
# 2022-04-08 06:00:59 UTC, from the documented example.
VIDEO = {
    "id": "7084117582483279150",
    "create_time": 1649397659,
    "title": "",
    "video_description": "Segar #sarilaut",
    "share_url": "https://www.tiktok.com/@sari/video/7084117582483279150",
    "duration": 15,
    "view_count": 0,
    "like_count": 2,
    "comment_count": 1,
    "share_count": 0,
}


class Api:
    """The token's endpoint, and whatever else a test lets the API say."""

    def __init__(self, *replies: Reply) -> None:
        self.replies = list(replies)
        self.refreshed: list[str] = []
        self.bearers: list[str] = []

    def __call__(self, asked: Asked) -> Reply:
        if asked.path == "/v2/oauth/token/":
            self.refreshed.append(asked.form["refresh_token"])
            number = len(self.refreshed)
            return Reply(
                {
                    "access_token": f"act.secret-number-{number}",
                    "expires_in": 7200,
                    "open_id": ACCOUNT.id,
                    "refresh_token": f"rft.secret-number-{number}",
                    "refresh_expires_in": 15_552_000,
                    "token_type": "Bearer",
                }
            )
        self.bearers.append(asked.headers["Authorization"])
        return self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]


def videos(*found: dict[str, Any], cursor: int = 0, more: bool = False, error: Any = OK) -> Reply:
    data = {"videos": list(found), "cursor": cursor, "has_more": more}
    return Reply({"data": data, "error": error})


def refused(status: int, code: str, message: str = "no") -> Reply:
    return Reply({"data": {}, "error": {**OK, "code": code, "message": message}}, status)


@pytest.fixture
def source(server: Scripted, time: FakeTime) -> TikTok:
    return build(server, time)


def build(server: Scripted, time: FakeTime, **options: Any) -> TikTok:
    return tiktok(
        "key",
        "the-apps-secret",
        {ACCOUNT.id: "rft.the-first-one"},
        base_url=server.url,
        version="v2",
        clock=time.clock,
        **options,
    )


def rows(source: TikTok, stream: str, window: Window = WINDOW) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for batch in source.read(BY_NAME[stream], ACCOUNT, window):
        assert batch.rejected == ()
        found += batch.rows.to_pylist()
    return found


def test_a_video_becomes_typed_columns(source: TikTok, server: Scripted) -> None:
    server.answer = Api(videos(VIDEO))
    (row,) = rows(source, "videos")
    assert row["account_id"] == ACCOUNT.id
    assert row["id"] == "7084117582483279150"
    assert row["create_time"] == datetime.fromisoformat("2022-04-08T06:00:59"), "seconds, UTC"
    assert (row["view_count"], row["like_count"]) == (0, 2)
    assert row["_extra"] is None
    asked = server.asked[-1]
    assert (asked.method, asked.path) == ("POST", "/v2/video/list/")
    assert asked.query["fields"].split(",")[:2] == ["id", "create_time"]
    assert asked.json == {"cursor": 0, "max_count": 20}


def test_the_cursor_is_given_back_as_it_came_while_there_is_more(
    source: TikTok, server: Scripted
) -> None:
    older = {**VIDEO, "id": "1", "create_time": 1649390000}
    # The last page has a cursor too; only has_more says whether there is another.
    server.answer = Api(
        videos(VIDEO, cursor=1649397659000, more=True), videos(older, cursor=1649390000000)
    )
    assert [row["id"] for row in rows(source, "videos")] == [VIDEO["id"], "1"]
    asked = [each for each in server.asked if each.path == "/v2/video/list/"]
    assert [each.json["cursor"] for each in asked] == [0, 1649397659000]


@pytest.mark.parametrize("error", [{"code": 0, "message": ""}, {"code": "ok"}, None])
def test_success_is_told_in_either_form(source: TikTok, server: Scripted, error: Any) -> None:
    server.answer = Api(videos(VIDEO, error=error))
    assert len(rows(source, "videos")) == 1


def test_a_video_of_today_is_not_in_yesterdays_snapshot(source: TikTok, server: Scripted) -> None:
    today = int(datetime(2026, 5, 10, tzinfo=UTC).timestamp())
    last_second = {**VIDEO, "id": "1", "create_time": today - 1}
    server.answer = Api(videos({**VIDEO, "create_time": today}, last_second, VIDEO))
    assert [row["id"] for row in rows(source, "videos")] == ["1", VIDEO["id"]]


def test_a_video_whose_time_cannot_be_read_is_seen_in_quarantine(
    source: TikTok, server: Scripted
) -> None:
    server.answer = Api(videos({**VIDEO, "create_time": "yesterday"}))
    (batch,) = source.read(BY_NAME["videos"], ACCOUNT, WINDOW)
    assert [rejected.field for rejected in batch.rejected] == ["create_time"]


def test_the_profile_is_one_row(source: TikTok, server: Scripted) -> None:
    user = {"open_id": ACCOUNT.id, "display_name": "Sari", "follower_count": 0, "likes_count": 9}
    server.answer = Api(Reply({"data": {"user": user}, "error": OK}))
    (row,) = rows(source, "profile")
    assert (row["display_name"], row["follower_count"]) == ("Sari", 0)
    assert row["video_count"] is None, "not told is not none"
    assert source.accounts() == [Account(ACCOUNT.id, name="Sari")]


def test_a_token_is_renewed_before_it_ends_and_each_refresh_token_is_used_once(
    source: TikTok, server: Scripted, time: FakeTime
) -> None:
    api = server.answer = Api(videos(VIDEO))
    rows(source, "videos")
    rows(source, "videos")
    time.now += timedelta(hours=2)
    rows(source, "videos")
    assert api.refreshed == ["rft.the-first-one", "rft.secret-number-1"]
    assert api.bearers == ["Bearer act.secret-number-1"] * 2 + ["Bearer act.secret-number-2"]


def test_another_process_goes_on_with_the_newest_token(
    server: Scripted, time: FakeTime, tmp_path: Path
) -> None:
    api = server.answer = Api(videos(VIDEO))
    stores = {ACCOUNT.id: TokenFile(tmp_path / "tiktok.json")}
    rows(build(server, time, stores=stores), "videos")
    time.now += timedelta(days=1)
    rows(build(server, time, stores=stores), "videos")
    assert api.refreshed == ["rft.the-first-one", "rft.secret-number-1"]


def test_a_refused_refresh_token_says_what_to_do_and_shows_nothing(
    source: TikTok, server: Scripted
) -> None:
    said = "rft.the-first-one with the-apps-secret is invalid"
    server.says(Reply({"error": "invalid_grant", "error_description": said}))
    for _ in range(2):
        for stream in STREAMS:
            with pytest.raises(DeadToken, match="TIKTOK_REFRESH_TOKEN") as caught:
                rows(source, stream.name)
            assert "the-first-one" not in str(caught.value)
            assert "the-apps-secret" not in str(caught.value)
    assert len(server.asked) == 1


def test_a_wrong_app_names_its_settings(source: TikTok, server: Scripted) -> None:
    server.says(Reply({"error": "invalid_client", "error_description": "wrong"}, 401))
    with pytest.raises(DeadToken, match="TIKTOK_CLIENT_KEY and TIKTOK_CLIENT_SECRET"):
        rows(source, "videos")


def test_one_accounts_dead_token_silences_no_other(server: Scripted, time: FakeTime) -> None:
    api = Api(videos(VIDEO))

    def answer(asked: Asked) -> Reply:
        if asked.path == "/v2/oauth/token/" and asked.form["refresh_token"] == "dead-token":
            return Reply({"error": "invalid_grant", "error_description": "no"})
        return api(asked)

    server.answer = answer
    tokens = {"dead": "dead-token", ACCOUNT.id: "rft.the-first-one"}
    source = tiktok("k", "s", tokens, base_url=server.url, version="v2", clock=time.clock)
    with pytest.raises(DeadToken):
        list(source.read(BY_NAME["videos"], Account("dead"), WINDOW))
    assert len(rows(source, "videos")) == 1


def test_a_rate_limit_is_waited_out(source: TikTok, server: Scripted, time: FakeTime) -> None:
    server.answer = Api(refused(429, "rate_limit_exceeded"), videos(VIDEO))
    assert len(rows(source, "videos")) == 1
    assert source.stats.waits == 1
    assert sum(time.slept) >= 5


@pytest.mark.parametrize("code", ["scope_not_authorized", "scope_permission_missed"])
def test_a_lacking_scope_is_named(source: TikTok, server: Scripted, code: str) -> None:
    server.answer = Api(refused(401, code))
    with pytest.raises(Permanent, match=r"lacks a scope.*video\.list"):
        rows(source, "videos")


def test_trouble_is_passing(source: TikTok, server: Scripted) -> None:
    server.answer = Api(refused(500, "internal_error"), videos(VIDEO))
    assert len(rows(source, "videos")) == 1
    server.answer = Api(refused(500, "internal_error"))
    with pytest.raises(Transient):
        rows(source, "videos")


def test_a_refused_cursor_begins_again_from_the_first_page(
    source: TikTok, server: Scripted
) -> None:
    server.answer = Api(
        videos(VIDEO, cursor=5, more=True),
        refused(400, "invalid_params", "The cursor is invalid."),
        videos(VIDEO),
    )
    # What comes twice is one row once it has landed, by its key.
    assert [row["id"] for row in rows(source, "videos")] == [VIDEO["id"]] * 2


def test_a_refused_request_names_the_version(source: TikTok, server: Scripted) -> None:
    server.answer = Api(refused(400, "invalid_params", "Fields is invalid"))
    with pytest.raises(Permanent, match="TIKTOK_API_VERSION"):
        rows(source, "videos")


@pytest.mark.parametrize(
    ("platform", "rules", "signal", "body"),
    [
        (PLATFORM, RULES, tiktok_signal, lambda c, m: {"error": {"code": c, "message": m}}),
        (TOKENS, TOKEN_RULES, token_signal, lambda c, m: {"error": c, "error_description": m}),
    ],
    ids=["api", "tokens"],
)
def test_every_row_of_the_tables_can_decide(
    platform: Any, rules: Any, signal: Any, body: Any
) -> None:
    for rule in rules:
        for code in rule.code:
            told = signal(Answer(200, {}, body(code, rule.says)))
            assert decide(platform.rules, told) is rule


def test_health_tells_until_when_the_refresh_token_is_good(
    source: TikTok, server: Scripted
) -> None:
    server.answer = Api(Reply({"data": {"user": {"open_id": ACCOUNT.id}}, "error": OK}))
    found = {finding.what: finding for finding in source.health(ACCOUNT)}
    assert found["access token"].state is State.OK
    assert found["refresh token"].detail == "expires at 2026-11-06 09:00 UTC, in 180 days"
    assert "clock" in found
