"""The two Facebook pages: posts, comments, followers, and the crisis.

Belongs here: who wrote what, when, and how it was received in the end. Does not: how counters grow
(`restate.grown`).
"""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pyarrow as pa

from pipelines.sandbox.world import tables
from pipelines.sandbox.world.calendar import DAY, Calendar, midnights
from pipelines.sandbox.world.config import MARKETS, PAGE_ZONE, WorldConfig
from pipelines.sandbox.world.customers import (
    EMPLOYEE,
    PUBLIC,
    STAKEHOLDERS,
    Known,
    writer_names,
)
from pipelines.sandbox.world.draws import Array, Draws, Keys, expand, mix
from pipelines.sandbox.world.frame import Frame, arrow, concat, dates, instants, words
from pipelines.sandbox.world.restate import GROWTH
from pipelines.sandbox.world.texts import CRISIS_ECHOES, CRISIS_VIDEO, MENTIONS, SAYINGS, TOPICS
from pipelines.sandbox.world.traffic import theme_of

POSTS_PER_DAY = {"id": 1.1, "us": 0.6}
PAGE = 5
AUTHOR_KINDS = (*STAKEHOLDERS, "page")
AUTHOR_MIX = (0.09, 0.05, 0.05, 0.02, 0.05, 0.74)
STATUS = ("added_photos", "added_video", "shared_story", "mobile_status_update")
PHOTO, VIDEO, LINK, STATUS_UPDATE = range(4)
STATUS_MIX = (0.46, 0.24, 0.22, 0.08)
SENTIMENTS = ("positive", "neutral", "negative")
POSITIVE, NEUTRAL, NEGATIVE = range(3)
ECHO_DAYS = 10
# Per customer of the world's size: the video's audience, its comments, and posts that repeat it.
CRISIS_VIEWS, CRISIS_COMMENTS, CRISIS_POSTS = 95, 0.045, 0.002
FOLLOWERS_PER_CUSTOMER = 2.4
POST_NUMBER, COMMENT_NUMBER = 122_000_000_000_000, 7_400_000_000_000_000
COUNTERS = (
    "media_view",
    "media_view_unique",
    "clicks_link",
    "clicks_photo",
    "clicks_video",
    "clicks_other",
    "like",
    "love",
    "wow",
    "haha",
    "sorry",
    "anger",
    "shares",
    "video_views",
)
POST = ("key", "market", "at", "kind", "status", "sentiment", "crisis")


def social_tables(
    config: WorldConfig, draws: Draws, calendars: tuple[Calendar, ...], known: Known
) -> dict[str, pa.Table]:
    """`posts`, `comments` and `page_days` over the whole calendar."""
    names = np.array(writer_names(config, draws, known.writers), object)
    posts = _posts(config, draws, calendars)
    posts = posts.plus(writer=writers_of(draws, "post/writer", posts, known.writers))
    posts = posts.plus(kind=np.where(posts["writer"] < 0, PAGE, posts["kind"]))
    posts = _with_counters(config, draws, posts)
    comments = _comments(config, draws, calendars, posts)
    comments = comments.plus(writer=writers_of(draws, "comment/writer", comments, known.writers))
    comments = comments.plus(kind=np.where(comments["writer"] < 0, PAGE, comments["kind"]))
    return {
        "posts": _post_table(draws, posts, known.writers, names),
        "comments": _comment_table(draws, posts, comments, known.writers, names),
        "page_days": _page_days(config, draws, calendars, posts),
    }


def _posts(config: WorldConfig, draws: Draws, calendars: tuple[Calendar, ...]) -> Frame:
    parts = []
    for code, calendar in enumerate(calendars):
        day_keys = mix(code, np.arange(calendar.days) + calendar.ordinal, 19)
        mean = np.full(calendar.days, POSTS_PER_DAY[calendar.market.code])
        day, place = expand(draws.poisson("post/count", day_keys, mean))
        key = mix(day_keys[day], place)
        mood = draws.choice("post/sentiment", key, (0.62, 0.24, 0.14))
        kind = draws.choice("post/author", key, AUTHOR_MIX)
        friendly = (kind == PAGE) | (kind == EMPLOYEE)
        parts.append(
            Frame(
                key=key,
                market=np.full(len(key), code),
                at=calendar.instant(draws, "post", key, day),
                kind=kind,
                status=draws.choice("post/status", key, STATUS_MIX),
                sentiment=np.where(friendly, POSITIVE, mood),
                crisis=np.zeros(len(key), bool),
            )
        )
    if config.crisis:
        parts.append(_crisis_posts(config, draws, calendars[0]))
    return concat(parts, POST).sorted_by("market", "at", "key")


def _crisis_posts(config: WorldConfig, draws: Draws, calendar: Calendar) -> Frame:
    """The video itself, then posts that repeat it, fewer each day."""
    began = int(config.crisis_at.timestamp())
    echoes = max(int(config.size * CRISIS_POSTS), 2)
    key = mix(np.arange(echoes + 1), 23)
    wait = 3600 + np.minimum(draws.exponential("crisis/wait", key, 2.5 * DAY), ECHO_DAYS * DAY)
    began_at = np.full(echoes + 1, began)
    at = np.where(np.arange(echoes + 1) == 0, began_at, calendar.later(began_at, wait))
    echo_kind = draws.choice("crisis/kind", key, (0.3, 0.0, 0.15, 0.1, 0.45))
    first = np.arange(echoes + 1) == 0
    return Frame(
        key=key,
        market=np.zeros(echoes + 1, np.int64),
        at=at,
        kind=np.where(first, PUBLIC, echo_kind),
        status=np.where(first, VIDEO, STATUS_UPDATE),
        sentiment=np.full(echoes + 1, NEGATIVE),
        crisis=np.ones(echoes + 1, bool),
    )


def writers_of(draws: Draws, purpose: str, rows: Frame, writers: Frame) -> Array:
    """Someone of the row's market and kind who was known by then; −1 for the page itself."""
    found = np.full(len(rows), -1)
    for code in range(len(MARKETS)):
        for kind in range(len(STAKEHOLDERS)):
            place = writers["market"] * 10 + writers["kind"]
            first, end = np.searchsorted(place, [code * 10 + kind, code * 10 + kind + 1])
            mine = np.flatnonzero((rows["market"] == code) & (rows["kind"] == kind))
            before = np.searchsorted(writers["at"][first:end], rows["at"][mine])
            pick = draws.below(purpose, rows["key"][mine], before)
            found[mine] = np.where(before > 0, first + pick, -1)
    return found


def later(calendars: tuple[Calendar, ...], market: Array, at: Array, seconds: Array) -> Array:
    """Each instant so many seconds later, by the hours at which people of its market write."""
    found = np.zeros(len(at), np.int64)
    for code, calendar in enumerate(calendars):
        mine = market == code
        found[mine] = calendar.later(at[mine], seconds[mine])
    return found


def _with_counters(config: WorldConfig, draws: Draws, posts: Frame) -> Frame:
    key, by_page = posts["key"], posts["kind"] == PAGE
    fans = (
        config.size * FOLLOWERS_PER_CUSTOMER * np.array([m.share for m in MARKETS])[posts["market"]]
    )
    fame = np.array([0.05, 0.05, 0.5, 0.8, 0.04, 0.35])[posts["kind"]]
    views = 20 + fans * fame * draws.lognormal("post/views", key, 0.7) * np.where(
        posts["status"] == VIDEO, 1.6, 1
    )
    video = posts["crisis"] & (posts["status"] == VIDEO)
    views = np.where(
        video, config.size * CRISIS_VIEWS, views * np.where(posts["crisis"], 12, 1)
    ).astype(np.int64)
    luck = {name: draws.lognormal("post/" + name, key, 0.4) for name in COUNTERS}
    sad = posts["sentiment"] == NEGATIVE
    with_link, with_photo = posts["status"] == LINK, posts["status"] == PHOTO
    with_video = posts["status"] == VIDEO
    rates = {
        "media_view_unique": np.full(len(key), 0.7),
        "clicks_link": np.where(with_link & by_page, 0.012, 0.0),
        "clicks_photo": np.where(with_photo, 0.02, 0.0),
        "clicks_video": np.where(with_video, 0.06, 0.0),
        "clicks_other": np.full(len(key), 0.01),
        "like": np.where(sad, 0.004, 0.018),
        "love": np.where(sad, 0.0004, 0.005),
        "wow": np.where(sad, 0.003, 0.0008),
        "haha": np.where(sad, 0.001, 0.0006),
        "sorry": np.where(sad, 0.005, 0.0001),
        "anger": np.where(sad, 0.009, 0.0),
        "shares": np.where(video, 0.02, np.where(sad, 0.004, 0.002)),
        "video_views": np.where(with_video, 0.45, 0.0),
    }
    counted = {name: (views * rate * luck[name]).astype(np.int64) for name, rate in rates.items()}
    counted["media_view_unique"] = np.maximum(
        np.minimum(counted["media_view_unique"], views * 95 // 100), 1
    )
    gone = ~by_page & draws.chance("post/deleted", key, 0.03) & ~video
    deleted = np.where(gone, posts["at"] + DAY + draws.below("post/gone", key, 40 * DAY), -1)
    return posts.plus(media_view=views, deleted=deleted, **counted)


def _comments(
    config: WorldConfig, draws: Draws, calendars: tuple[Calendar, ...], posts: Frame
) -> Frame:
    """Comments over the four weeks after a post; some are answered by the page."""
    mean = 0.4 + np.minimum(posts["media_view"] / config.size * 6, 12.0)
    video = posts["crisis"] & (posts["status"] == VIDEO)
    mean = np.where(video, np.maximum(config.size * CRISIS_COMMENTS, 12), mean)
    post, place = expand(draws.poisson("comment/count", posts["key"], mean))
    key = mix(posts["key"][post], place, 29)
    pace = np.where(video[post], 2.2 * DAY, 0.7 * DAY)
    limit = np.where(video[post], ECHO_DAYS, 28) * DAY - 60
    wait = 60 + np.minimum(draws.exponential("comment/wait", key, pace), limit)
    mood = draws.choice("comment/sentiment", key, (0.5, 0.32, 0.18))
    angry = posts["crisis"][post] & draws.chance("comment/angry", key, 0.86)
    own = Frame(
        key=key,
        post=post,
        parent=np.full(len(key), -1),
        market=posts["market"][post],
        at=later(calendars, posts["market"][post], posts["at"][post], wait),
        kind=draws.choice("comment/author", key, (0.38, 0.05, 0.05, 0.02, 0.50)),
        sentiment=np.where(angry, NEGATIVE, mood),
        crisis=posts["crisis"][post],
    )
    answered = np.flatnonzero(draws.chance("comment/answered", key, 0.22))
    answer_key = mix(key[answered], 31)
    answers = own.take(answered).plus(
        key=answer_key,
        parent=answered,
        at=own["at"][answered] + 900 + draws.below("comment/answer", answer_key, DAY),
        kind=PAGE,
        sentiment=NEUTRAL,
    )
    columns = ("key", "post", "parent", "market", "at", "kind", "sentiment", "crisis")
    rows = concat([own, answers], columns)
    order = np.lexsort([rows["key"], rows["at"], rows["market"]])
    place_of = np.empty(len(rows), np.int64)
    place_of[order] = np.arange(len(rows))
    parent = np.where(rows["parent"] >= 0, place_of[rows["parent"]], -1)
    return rows.plus(parent=parent).take(order)


def _numbers(market: Array, base: int, step: int) -> Array:
    starts = np.searchsorted(market, np.arange(len(MARKETS)))
    serial = np.arange(len(market)) - starts[market]
    return np.asarray(base + market * 100_000_000_000 + serial * step)


def _author(rows: Frame, writers: Frame, names: Array) -> dict[str, pa.Array]:
    pages = [market.page_id for market in MARKETS]
    page_names = [market.page_name for market in MARKETS]
    ids = [*map(str, writers["facebook"].tolist()), *pages]
    code = np.where(rows["writer"] >= 0, rows["writer"], len(writers) + rows["market"])
    return {
        "author_id": words(ids, code),
        "author_name": words([*names.tolist(), *page_names], code),
        "author_kind": words(AUTHOR_KINDS, rows["kind"]),
    }


def _post_ids(posts: Frame) -> list[str]:
    numbers = _numbers(posts["market"], POST_NUMBER, 1_009)
    return [
        f"{MARKETS[m].page_id}_{n}"
        for m, n in zip(posts["market"].tolist(), numbers.tolist(), strict=True)
    ]


def _post_table(draws: Draws, posts: Frame, writers: Frame, names: Array) -> pa.Table:
    market = posts["market"]
    months = posts["at"].astype("datetime64[s]").astype("datetime64[D]").tolist()
    themes = [
        theme_of(day) if kind == PAGE and status == LINK else None
        for day, kind, status in zip(
            months, posts["kind"].tolist(), posts["status"].tolist(), strict=True
        )
    ]
    links = [
        None
        if theme is None
        else f"https://{MARKETS[m].hostname}/collections/all"
        f"?utm_source=facebook&utm_medium=social&utm_campaign={theme}"
        for theme, m in zip(themes, market.tolist(), strict=True)
    ]
    edited = draws.chance("post/edited", posts["key"], 0.05)
    return arrow(
        tables.POSTS,
        {
            "market": words([m.code for m in MARKETS], market),
            "page_id": words([m.page_id for m in MARKETS], market),
            "post_id": _post_ids(posts),
            **_author(posts, writers, names),
            "created_at": instants(posts["at"]),
            "updated_at": instants(posts["at"] + np.where(edited, 900, 0)),
            "message": _messages(posts),
            "status_type": words(STATUS, posts["status"]),
            "link": links,
            "utm_campaign": themes,
            "sentiment": words(SENTIMENTS, posts["sentiment"]),
            "is_crisis": posts["crisis"],
            "deleted_at": instants(posts["deleted"]),
        }
        | {name: posts[name] for name in COUNTERS},
    )


def _messages(posts: Frame) -> list[str]:
    def say(choices: tuple[str, ...], key: int) -> str:
        return choices[key % len(choices)]

    made = []
    columns = (
        posts[name].tolist() for name in ("key", "market", "kind", "status", "sentiment", "crisis")
    )
    for key, m, kind, status, mood, crisis in zip(*columns, strict=True):
        code = MARKETS[m].code
        if crisis:
            made.append(CRISIS_VIDEO if status == VIDEO else say(CRISIS_ECHOES, key))
        elif kind == PAGE:
            made.append(say(TOPICS[code], key))
        else:
            made.append(
                f"{say(MENTIONS[code], key)} {say(SAYINGS[code, SENTIMENTS[mood]], key >> 8)}"
            )
    return made


def _comment_table(
    draws: Draws, posts: Frame, comments: Frame, writers: Frame, names: Array
) -> pa.Table:
    market = comments["market"]
    numbers = _numbers(market, COMMENT_NUMBER, 1_013)
    post_ids = pa.array(_post_ids(posts))
    post_numbers = _numbers(posts["market"], POST_NUMBER, 1_009)[comments["post"]]
    ids = [f"{p}_{n}" for p, n in zip(post_numbers.tolist(), numbers.tolist(), strict=True)]
    likes = draws.exponential(
        "comment/likes", comments["key"], np.where(comments["crisis"], 9.0, 1.2)
    )
    hidden = (comments["sentiment"] == NEGATIVE) & draws.chance(
        "comment/hidden", comments["key"], 0.03
    )
    return arrow(
        tables.COMMENTS,
        {
            "market": words([m.code for m in MARKETS], market),
            "post_id": post_ids.take(pa.array(comments["post"])),
            "comment_id": ids,
            "parent_id": words(ids, comments["parent"]),
            **_author(comments, writers, names),
            "created_at": instants(comments["at"]),
            "message": sayings(comments),
            "sentiment": words(SENTIMENTS, comments["sentiment"]),
            "like_count": likes.astype(np.int64),
            "is_hidden": hidden,
        },
    )


def sayings(comments: Frame) -> pa.Array:
    """One of the sentences that fit each comment's market and mood."""
    moods = (*SENTIMENTS, "crisis", "answer")
    spoken: list[str] = []
    starts = np.zeros((len(MARKETS), len(moods)), np.int64)
    counts = np.ones_like(starts)
    for code, market in enumerate(MARKETS):
        for number, mood in enumerate(moods):
            choices = SAYINGS.get((market.code, mood), ())
            starts[code, number], counts[code, number] = len(spoken), max(len(choices), 1)
            spoken += choices
    upset = comments["crisis"] & (comments["sentiment"] == NEGATIVE)
    mood_of = np.select([comments["kind"] == PAGE, upset], [4, 3], comments["sentiment"])
    pick = (comments["key"] % np.uint64(10_007)).astype(np.int64) % counts[
        comments["market"], mood_of
    ]
    return words(spoken, starts[comments["market"], mood_of] + pick)


def _page_days(
    config: WorldConfig, draws: Draws, calendars: tuple[Calendar, ...], posts: Frame
) -> pa.Table:
    """What each page's content gathered on each Californian day."""
    parts = []
    for code, calendar in enumerate(calendars):
        mine = posts.take(posts["market"] == code)
        parts.append(_one_page(config, draws, calendar, code, mine))
    rows = concat(parts, ("market", "day", "views", "unique", "engaged", "new", "follows"))
    return arrow(
        tables.PAGE_DAYS,
        {
            "market": words([m.code for m in MARKETS], rows["market"]),
            "page_id": words([m.page_id for m in MARKETS], rows["market"]),
            "date_day": dates(rows["day"]),
            "media_view": rows["views"],
            "media_view_unique": rows["unique"],
            "post_engagements": rows["engaged"],
            "daily_follows": rows["new"],
            "follows": rows["follows"],
        },
    )


def _one_page(
    config: WorldConfig, draws: Draws, calendar: Calendar, code: int, posts: Frame
) -> Frame:
    days = calendar.days
    key: Keys = mix(code, np.arange(days) + calendar.ordinal, 37)
    # By whole days of age; the error against the hourly curve is what insights show as delay.
    daily = np.diff(GROWTH[::24])
    born = _pacific_days(calendar, posts["at"]) - calendar.ordinal
    views, engaged = np.zeros(days), np.zeros(days)
    acts = sum(
        (posts[name] for name in COUNTERS if name not in (*COUNTERS[:2], "video_views")),
        np.zeros(len(posts)),
    )
    for age, share in enumerate(daily.tolist()):
        on = born + age
        inside = (on >= 0) & (on < days)
        np.add.at(views, on[inside], posts["media_view"][inside] * share / 1e6)
        np.add.at(engaged, on[inside], acts[inside] * share / 1e6)
    fans = config.size * FOLLOWERS_PER_CUSTOMER * calendar.market.share
    new = draws.poisson("page/follows", key, fans * 0.0009 * calendar.demand)
    base = int(fans * 0.7) + 30
    return Frame(
        market=np.full(days, code),
        day=np.arange(days) + calendar.ordinal,
        views=views.astype(np.int64),
        unique=(views * 0.62).astype(np.int64),
        engaged=engaged.astype(np.int64),
        new=new,
        follows=base + np.cumsum(new * 9 // 10),
    )


def _pacific_days(calendar: Calendar, at: Array) -> Array:
    """The Californian day of each instant, as days since 1970."""
    first = calendar.first - timedelta(days=1)
    bounds = midnights(first, calendar.days + 1, PAGE_ZONE)
    return np.searchsorted(bounds, at, side="right") - 2 + calendar.ordinal
