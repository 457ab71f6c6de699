"""The brand's channels on X, YouTube, Instagram, TikTok and LinkedIn, and what is said of it there.

Belongs here: the accounts, who wrote what and when, how it was received in the end, followers. Does
not: Facebook pages (`social`), how counters grow (`restate`), how a platform words any of it.

On X an answer is a post of its own, with `reply_to_id`; elsewhere it is a comment.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa

from pipelines.sandbox.world import tables
from pipelines.sandbox.world.calendar import DAY, EPOCH, Calendar, midnights
from pipelines.sandbox.world.config import INDONESIA, MARKETS, PAGE_ZONE, UNITED_STATES, WorldConfig
from pipelines.sandbox.world.customers import (
    EMPLOYEE,
    STAKEHOLDERS,
    Known,
    writer_names,
)
from pipelines.sandbox.world.draws import Array, Draws, expand, mix
from pipelines.sandbox.world.frame import Frame, arrow, concat, dates, instants, whole, words
from pipelines.sandbox.world.networks import X as X_NETWORK
from pipelines.sandbox.world.restate import gains
from pipelines.sandbox.world.social import (
    ECHO_DAYS,
    NEGATIVE,
    NEUTRAL,
    PAGE,
    POSITIVE,
    SENTIMENTS,
    later,
    sayings,
    writers_of,
)
from pipelines.sandbox.world.texts import CRISIS_ECHOES, HASHTAGS, MENTIONS, SAYINGS, TOPICS

AUTHOR_KINDS = (*STAKEHOLDERS, "brand")
OWN = PAGE
MENTION_MIX = (0.52, 0.05, 0.07, 0.03, 0.33)
ECHO_MIX = (0.25, 0.0, 0.15, 0.12, 0.48)
ANSWER_MIX = (0.4, 0.04, 0.04, 0.02, 0.5)
MEDIA_TYPES = ("text", "photo", "carousel", "video", "short", "reel", "story", "link")
TEXT, PHOTO, CAROUSEL, VIDEO, SHORT, REEL, STORY, LINK = range(8)
MOVING = (VIDEO, SHORT, REEL)
HANDLES = {INDONESIA.code: "sarilaut", UNITED_STATES.code: "sarilautusa"}
# Usual followers of each kind of author; the brand's own are counted by channel.
FOLLOWERS = (180, 400, 40_000, 250_000, 300)
ANSWER_DAYS = 28
# Impressions of what repeats the crisis: of a post by its author's, of a video by customers.
CRISIS_FAME, CRISIS_VIEWS = 12, 9
# An answer is seen by few of its author's followers.
ANSWER_FAME = 0.05
# Where the numbers of posts begin in time: milliseconds, seconds.
X_EPOCH, INSTAGRAM_EPOCH = 1_288_834_974_657, 1_600_000_000
COUNTERS = (
    "impressions",
    "reach",
    "likes",
    "shares",
    "quotes",
    "saves",
    "link_clicks",
    "profile_clicks",
    "video_views",
    "watch_seconds",
)
UTC = ZoneInfo("UTC")


@dataclass(frozen=True)
class Channel:
    """One platform on which the brand has an account in each market.

    - `accounts`: the account's id, by the market's code.
    - `own`: own posts a day, by market.
    - `mentions`: posts by others about the brand a day, for a thousand customers of the market.
    - `fans`: followers by customer of the market.
    - `media`: how often posts are of which of `MEDIA_TYPES`.
    - `attention`: impressions of an own post by follower; `plays`: video views by impression.
    - `talk`: answers to a usual own post.
    - `echoes`: posts that repeat the crisis, by customer.
    - `zone`: where the platform closes its days.
    """

    name: str
    accounts: Mapping[str, str]
    own: tuple[float, float]
    mentions: float
    fans: float
    media: Mapping[int, float]
    attention: float
    plays: float
    talk: float
    echoes: float = 0.0
    zone: ZoneInfo = UTC

    @property
    def utm_source(self) -> str:
        """utm_source of the links in its posts."""
        return X_NETWORK.utm_source if self.name == "x" else self.name


def _accounts(indonesia: str, united_states: str) -> dict[str, str]:
    return {INDONESIA.code: indonesia, UNITED_STATES.code: united_states}


# A channel's place is its code in the simulation's arrays; like the tables, sorted by name.
CHANNELS: tuple[Channel, ...] = (
    Channel(
        name="instagram",
        accounts=_accounts("17841400000000101", "17841400000000102"),
        own=(1.3, 0.7),
        mentions=0.3,
        fans=1.8,
        media={PHOTO: 0.3, CAROUSEL: 0.2, REEL: 0.25, STORY: 0.25},
        attention=0.45,
        plays=0.9,
        talk=5.0,
        zone=PAGE_ZONE,
    ),
    Channel(
        name="linkedin",
        accounts=_accounts("20100001", "20100002"),
        own=(0.25, 0.2),
        mentions=0.05,
        fans=0.15,
        media={TEXT: 0.2, PHOTO: 0.35, VIDEO: 0.15, LINK: 0.3},
        attention=0.6,
        plays=0.3,
        talk=2.0,
    ),
    Channel(
        name="tiktok",
        accounts=_accounts("_000SariLautIndonesia0001", "_000SariLautUnitedStates02"),
        own=(0.7, 0.4),
        mentions=0.3,
        fans=1.4,
        media={VIDEO: 1.0},
        attention=1.2,
        plays=1.0,
        talk=6.0,
        echoes=0.0006,
    ),
    Channel(
        name="x",
        # Above 2^53, as X's are.
        accounts=_accounts("1501000000000000001", "1501000000000000002"),
        own=(1.6, 0.9),
        mentions=2.5,
        fans=0.5,
        media={TEXT: 0.35, PHOTO: 0.3, VIDEO: 0.12, LINK: 0.23},
        attention=0.5,
        plays=0.35,
        talk=2.5,
        echoes=0.012,
    ),
    Channel(
        name="youtube",
        accounts=_accounts("UCsariLautIndonesia00001", "UCsariLautUnitedStates02"),
        own=(0.22, 0.12),
        mentions=0.06,
        fans=0.4,
        media={VIDEO: 0.5, SHORT: 0.5},
        attention=3.0,
        plays=0.3,
        talk=7.0,
        echoes=0.0003,
        zone=PAGE_ZONE,
    ),
)
CHANNEL_BY_NAME = {channel.name: channel for channel in CHANNELS}
CHANNEL_ACCOUNTS: dict[str, Mapping[str, str]] = {
    channel.name: channel.accounts for channel in CHANNELS
}
INSTAGRAM, LINKEDIN, TIKTOK, X, YOUTUBE = range(len(CHANNELS))
POST = ("key", "channel", "market", "at", "kind", "media", "sentiment", "crisis")
ANSWER = ("key", "post", "parent", "channel", "market", "at", "kind", "sentiment", "crisis")
WRITTEN = (
    *POST,
    "writer",
    "followers",
    "deleted",
    "id",
    "reply_to",
    "message",
    "duration",
    *COUNTERS,
)


def channel_tables(
    config: WorldConfig, draws: Draws, calendars: tuple[Calendar, ...], known: Known
) -> dict[str, pa.Table]:
    """`channel_posts`, `channel_comments` and `channel_days` over the whole calendar."""
    writers = known.writers
    posts = _written(draws, "channel/writer", _posts(config, draws, calendars), writers)
    posts = _with_counters(config, draws, posts, writers)
    posts = posts.plus(id=_post_ids(posts), reply_to=None, message=_messages(draws, posts))
    answers = _written(
        draws, "channel/answerer", _answers(config, draws, calendars, posts), writers
    )
    answers = answers.plus(id=_answer_ids(answers), message=_said(answers))
    on_x = answers["channel"] == X
    replies = answers.take(on_x).plus(reply_to=_replied_to(posts, answers)[on_x], media=TEXT)
    replies = _with_counters(config, draws, replies, writers, fame=ANSWER_FAME)
    every = concat([posts, replies], WRITTEN)
    author = _Authors(config, draws, writers)
    return {
        "channel_posts": _post_table(every, posts, answers, author),
        "channel_comments": _comment_table(draws, posts, answers, author),
        "channel_days": _days(config, draws, calendars, every.take(every["kind"] == OWN)),
    }


def _posts(config: WorldConfig, draws: Draws, calendars: tuple[Calendar, ...]) -> Frame:
    parts = []
    for place, channel in enumerate(CHANNELS):
        for code, calendar in enumerate(calendars):
            thousands = config.size * calendar.market.share / 1000
            # A brand twice as large is not talked of twice as often.
            mentions = channel.mentions * np.sqrt(thousands) * calendar.demand
            own = np.full(calendar.days, channel.own[code])
            parts += [
                _of_days(draws, calendar, channel, place, code, own, None),
                _of_days(draws, calendar, channel, place, code, mentions, MENTION_MIX),
            ]
        if config.crisis:
            parts.append(_echoes(config, draws, calendars[0], channel, place))
    return concat(parts, POST).sorted_by("channel", "market", "at", "key")


def _of_days(
    draws: Draws,
    calendar: Calendar,
    channel: Channel,
    place: int,
    code: int,
    mean: Array,
    kinds: tuple[float, ...] | None,
) -> Frame:
    """One market's posts of one channel: its own, or those of so many kinds of others."""
    purpose = f"channel/{channel.name}/{'own' if kinds is None else 'mention'}"
    day_keys = mix(code, np.arange(calendar.days) + calendar.ordinal, 41)
    day, number = expand(draws.poisson(purpose, day_keys, mean))
    key = draws.bits(purpose, mix(day_keys[day], number))
    mood = draws.choice("channel/sentiment", key, (0.56, 0.26, 0.18))
    kind = np.full(len(key), OWN) if kinds is None else draws.choice(f"{purpose}/by", key, kinds)
    return Frame(
        key=key,
        channel=np.full(len(key), place),
        market=np.full(len(key), code),
        at=calendar.instant(draws, purpose, key, day),
        kind=kind,
        media=_media(draws, channel, key),
        sentiment=np.where((kind == OWN) | (kind == EMPLOYEE), POSITIVE, mood),
        crisis=np.zeros(len(key), bool),
    )


def _media(draws: Draws, channel: Channel, key: Array) -> Array:
    picked = draws.choice("channel/media", key, tuple(channel.media.values()))
    return np.array(list(channel.media))[picked]


def _echoes(
    config: WorldConfig, draws: Draws, calendar: Calendar, channel: Channel, place: int
) -> Frame:
    """Posts that repeat the crisis, fewer each day."""
    count = max(int(config.size * channel.echoes), 2) if channel.echoes else 0
    key = mix(np.arange(count), place, 43)
    wait = 3600 + np.minimum(draws.exponential("echo/wait", key, 2.5 * DAY), ECHO_DAYS * DAY)
    return Frame(
        key=key,
        channel=np.full(count, place),
        market=np.zeros(count, np.int64),
        at=calendar.later(np.full(count, int(config.crisis_at.timestamp())), wait),
        kind=draws.choice("echo/by", key, ECHO_MIX),
        media=_media(draws, channel, key),
        sentiment=np.full(count, NEGATIVE),
        crisis=np.ones(count, bool),
    )


def _written(draws: Draws, purpose: str, rows: Frame, writers: Frame) -> Frame:
    """The rows with who wrote them; before anyone is known, the brand speaks alone."""
    writer = writers_of(draws, purpose, rows, writers)
    return rows.plus(writer=writer, kind=np.where(writer < 0, OWN, rows["kind"]))


def _of_channels(name: str, channel: Array) -> Array:
    return np.array([getattr(one, name) for one in CHANNELS])[channel]


def _fans(config: WorldConfig, channel: Array, market: Array) -> Array:
    share = np.array([m.share for m in MARKETS])[market]
    return 30 + config.size * share * _of_channels("fans", channel)


def _followers(config: WorldConfig, draws: Draws, rows: Frame, writers: Frame) -> Array:
    """Followers of each row's author."""
    theirs = np.array(FOLLOWERS)[writers["kind"]]
    theirs = theirs * draws.lognormal("person/fame", writers["key"], 0.8)
    own = rows["kind"] == OWN
    fans = _fans(config, rows["channel"], rows["market"])
    return np.where(own, fans, theirs[rows["writer"]]).astype(np.int64)


def _with_counters(
    config: WorldConfig, draws: Draws, posts: Frame, writers: Frame, fame: float = 1.0
) -> Frame:
    key, channel, media, own = posts["key"], posts["channel"], posts["media"], posts["kind"] == OWN
    followers = _followers(config, draws, posts, writers)
    moving, sad, crisis = np.isin(media, MOVING), posts["sentiment"] == NEGATIVE, posts["crisis"]
    luck = {name: draws.lognormal("channel/" + name, key, 0.4) for name in COUNTERS}
    seen = followers * np.where(own, _of_channels("attention", channel), 0.3)
    seen = seen * fame * draws.lognormal("channel/seen", key, 0.7)
    viral = config.size * CRISIS_VIEWS * luck["impressions"]
    seen = np.where(crisis, np.where(moving, viral, seen * CRISIS_FAME), seen)
    impressions = (15 + seen).astype(np.int64)
    plays = np.where(moving, _of_channels("plays", channel), 0.0)
    story = media == STORY
    rates = {
        "reach": np.full(len(key), 0.7),
        "likes": np.where(story, 0.0, np.where(sad, 0.008, 0.025)),
        "shares": np.where(sad, 0.006, 0.003),
        "quotes": np.where(channel == X, 0.0008, 0.0),
        "saves": np.where(np.isin(channel, (INSTAGRAM, TIKTOK, X)) & ~story, 0.002, 0.0),
        "link_clicks": np.where(own & (media == LINK), 0.012, 0.0),
        "profile_clicks": np.where(own, 0.004, 0.0),
        "video_views": plays,
    }
    counted = {
        name: (impressions * rate * luck[name]).astype(np.int64) for name, rate in rates.items()
    }
    counted["reach"] = np.maximum(np.minimum(counted["reach"], impressions * 95 // 100), 1)
    duration = _durations(draws, posts)
    watched = counted["video_views"] * duration * (0.15 + 0.4 * draws.uniform("channel/watch", key))
    gone = draws.chance("channel/deleted", key, np.where(own, 0.01, 0.03)) & ~(crisis & moving)
    deleted = np.where(gone, posts["at"] + DAY + draws.below("channel/gone", key, 40 * DAY), -1)
    return posts.plus(
        impressions=impressions,
        followers=followers,
        duration=duration,
        watch_seconds=watched.astype(np.int64),
        deleted=np.where(story, posts["at"] + DAY, deleted),
        **counted,
    )


def _durations(draws: Draws, posts: Frame) -> Array:
    """Seconds of each video; −1 for what does not move."""
    media, long = posts["media"], (posts["channel"] == YOUTUBE) & (posts["media"] == VIDEO)
    spread = draws.uniform("channel/duration", posts["key"])
    seconds = np.where(
        long, 120 + spread * 780, np.where(media == VIDEO, 20 + spread * 160, 8 + spread * 50)
    )
    return np.where(np.isin(media, MOVING), seconds, -1).astype(np.int64)


def _answers(
    config: WorldConfig, draws: Draws, calendars: tuple[Calendar, ...], posts: Frame
) -> Frame:
    """What people answer in the four weeks after a post, and what the brand answers to them."""
    channel, market = posts["channel"], posts["market"]
    usual = _fans(config, channel, market) * _of_channels("attention", channel)
    talk = _of_channels("talk", channel) * np.minimum(posts["impressions"] / usual, 4.0)
    post, number = expand(
        draws.poisson("channel/answers", posts["key"], np.where(posts["media"] == STORY, 0.0, talk))
    )
    key = mix(posts["key"][post], number, 47)
    wait = 60 + np.minimum(
        draws.exponential("channel/answer/wait", key, 0.8 * DAY), ANSWER_DAYS * DAY - 60
    )
    at = later(calendars, market[post], posts["at"][post], wait)
    passed = at - int(config.crisis_at.timestamp())
    scandal = config.crisis & (market[post] == 0) & (passed > 0) & (passed < ECHO_DAYS * DAY)
    upset = posts["crisis"][post] | scandal
    upset &= draws.chance("channel/answer/upset", key, 0.7)
    people = Frame(
        key=key,
        post=post,
        parent=np.full(len(key), -1),
        channel=channel[post],
        market=market[post],
        at=at,
        kind=draws.choice("channel/answer/by", key, ANSWER_MIX),
        sentiment=np.where(
            upset, NEGATIVE, draws.choice("channel/answer/mood", key, (0.5, 0.32, 0.18))
        ),
        crisis=upset,
    )
    # The brand answers under its own posts only.
    heard = (posts["kind"][post] == OWN) & draws.chance("channel/answered", key, 0.22)
    answered = np.flatnonzero(heard)
    own_key = mix(key[answered], 53)
    brand = people.take(answered).plus(
        key=own_key,
        parent=answered,
        at=at[answered] + 900 + draws.below("channel/answer/own", own_key, DAY),
        kind=OWN,
        sentiment=NEUTRAL,
        crisis=False,
    )
    return concat([people, brand], ANSWER)


def _post_ids(posts: Frame) -> Array:
    """Ids that grow with time, as the platforms' do, except YouTube's."""
    return _ids(posts, 18_000_000_000_000_000, _letters(posts["key"], 11))


def _answer_ids(answers: Frame) -> Array:
    own = [f"Ug{letters}" for letters in _letters(answers["key"], 24)]
    parent = answers["parent"].tolist()
    last = _letters(answers["key"], 22)
    threaded = [own[n] if p < 0 else f"{own[p]}.{last[n]}" for n, p in enumerate(parent)]
    return _ids(answers, 17_900_000_000_000_000, threaded)


def _ids(rows: Frame, instagram: int, youtube: list[str]) -> Array:
    at, bits = rows["at"], rows["key"]

    def low(count: int) -> Array:
        return (bits & np.uint64(2**count - 1)).astype(np.int64)

    numbers = np.select(
        [rows["channel"] == place for place in (INSTAGRAM, LINKEDIN, TIKTOK, X)],
        [
            instagram + ((at - INSTAGRAM_EPOCH) << 16) + low(16),
            (at * 1000 << 22) + low(22),
            (at << 32) + low(32),
            (at * 1000 - X_EPOCH << 22) + low(22),
        ],
    )
    ids = numbers.astype(str).astype(object)
    on_youtube = rows["channel"] == YOUTUBE
    ids[on_youtube] = np.array(youtube, object)[on_youtube]
    return ids


def _letters(keys: Array, count: int) -> list[str]:
    """As many letters and digits as asked for, at most 32, of each key."""
    raw = np.stack([mix(keys, part) for part in range(3)], axis=1).tobytes()
    text = urlsafe_b64encode(raw).decode()
    return [text[first : first + count] for first in range(0, len(text), 32)]


def _replied_to(posts: Frame, answers: Frame) -> Array:
    """The id of what each answer answers: a post, or an earlier answer."""
    parent = answers["parent"]
    return np.where(parent >= 0, answers["id"][parent], posts["id"][answers["post"]])


def _messages(draws: Draws, posts: Frame) -> Array:
    """What each post says: a sentence, the brand's handle where it is addressed, hashtags."""
    addressed = draws.chance("channel/addressed", posts["key"], 0.65)
    columns = (posts[name].tolist() for name in ("key", "market", "kind", "sentiment", "crisis"))
    said = [_message(*row) for row in zip(*columns, addressed.tolist(), strict=True)]
    return np.array(said, object)


def _message(key: int, market: int, kind: int, mood: int, crisis: bool, addressed: bool) -> str:
    def one_of(choices: tuple[str, ...], at: int) -> str:
        return choices[(key >> at) % len(choices)]

    code = MARKETS[market].code
    tags = f"{HASHTAGS[code][0]} {one_of(HASHTAGS[code][1:], 16)}"
    if kind == OWN:
        return f"{one_of(TOPICS[code], 0)} {tags}"
    if crisis:
        said = one_of(CRISIS_ECHOES, 0)
    else:
        said = f"{one_of(MENTIONS[code], 0)} {one_of(SAYINGS[code, SENTIMENTS[mood]], 8)}"
    return f"@{HANDLES[code]} {said} {tags}" if addressed else f"{said} {HASHTAGS[code][0]}"


def _said(answers: Frame) -> Array:
    """The sentence of each answer; on X people address the brand."""
    spoken = sayings(answers).to_pylist()
    handles = [f"@{HANDLES[market.code]} " for market in MARKETS]
    addressed = ((answers["channel"] == X) & (answers["kind"] != OWN)).tolist()
    return np.array(
        [
            handles[market] + text if to_brand else text
            for text, market, to_brand in zip(
                spoken, answers["market"].tolist(), addressed, strict=True
            )
        ],
        object,
    )


class _Authors:
    """Who wrote a row, as the row's channel shows it."""

    def __init__(self, config: WorldConfig, draws: Draws, writers: Frame) -> None:
        keys = writers["key"]
        names = writer_names(config, draws, writers)
        self._names = [*names, *(market.page_name for market in MARKETS)]
        self._handles = [*map(_handle, names, (keys % np.uint64(1000)).tolist())]
        self._handles += [HANDLES[market.code] for market in MARKETS]
        number = mix(keys, 59)
        theirs = {
            INSTAGRAM: _digits(number, 17_841_400_000_000_000, 10**11),
            LINKEDIN: _letters(number, 10),
            TIKTOK: [f"_000{letters}" for letters in _letters(number, 20)],
            X: _digits(number, 1_502_000_000_000_000_000, 10**17),
            YOUTUBE: [f"UC{letters}" for letters in _letters(number, 22)],
        }
        self._ids: list[str] = []
        for place, channel in enumerate(CHANNELS):
            self._ids += [*theirs[place], *(channel.accounts[m.code] for m in MARKETS)]

    def columns(self, rows: Frame) -> dict[str, pa.Array]:
        """`author_id`, `author_name`, `author_handle` and `author_kind`."""
        people = len(self._names) - len(MARKETS)
        code = np.where(rows["writer"] >= 0, rows["writer"], people + rows["market"])
        return {
            "author_id": words(self._ids, rows["channel"] * len(self._names) + code),
            "author_name": words(self._names, code),
            "author_handle": words(self._handles, code),
            "author_kind": words(AUTHOR_KINDS, rows["kind"]),
        }


def _handle(name: str, number: int) -> str:
    return f"{''.join(filter(str.isalnum, name)).lower()}{number:03d}"[-15:]


def _digits(keys: Array, base: int, span: int) -> list[str]:
    return list(map(str, (base + (keys % np.uint64(span)).astype(np.int64)).tolist()))


def _where(rows: Frame) -> dict[str, pa.Array]:
    """`platform`, `market` and `account_id` of the brand."""
    accounts = [channel.accounts[market.code] for channel in CHANNELS for market in MARKETS]
    return {
        "platform": words([channel.name for channel in CHANNELS], rows["channel"]),
        "market": words([market.code for market in MARKETS], rows["market"]),
        "account_id": words(accounts, rows["channel"] * len(MARKETS) + rows["market"]),
    }


def _post_table(rows: Frame, posts: Frame, answers: Frame, author: _Authors) -> pa.Table:
    made = {
        **_where(rows),
        "post_id": rows["id"],
        **author.columns(rows),
        "author_followers": rows["followers"],
        "created_at": instants(rows["at"]),
        "deleted_at": instants(rows["deleted"]),
        "message": rows["message"],
        "media_type": words(MEDIA_TYPES, rows["media"]),
        **_links(rows),
        "duration_seconds": whole(rows["duration"]),
        "reply_to_id": rows["reply_to"],
        "is_mention": rows["kind"] != OWN,
        "sentiment": words(SENTIMENTS, rows["sentiment"]),
        "is_crisis": rows["crisis"],
        "comments": _answers_ever(posts, answers),
    }
    table = arrow(tables.CHANNEL_POSTS, made | {name: rows[name] for name in COUNTERS})
    return _sorted(table, "channel_posts")


def _answers_ever(posts: Frame, answers: Frame) -> Array:
    """How many answers each post gets in the end, those posts that are answers included."""
    on_x, threaded = answers["channel"] == X, answers["parent"] >= 0
    under = np.bincount(answers["post"][~(on_x & threaded)], minlength=len(posts))
    to_answers = np.bincount(answers["parent"][on_x & threaded], minlength=len(answers))
    return np.concatenate([under, to_answers[on_x]])


def _links(rows: Frame) -> dict[str, list[str | None]]:
    """`link` and `utm_campaign` of own posts that carry a link."""
    linked = ((rows["media"] == LINK) & (rows["kind"] == OWN)).tolist()
    months = rows["at"].astype("datetime64[s]").astype("datetime64[M]").astype(str).tolist()
    places = zip(rows["channel"].tolist(), rows["market"].tolist(), strict=True)
    tags, links = [], []
    for has, month, (channel, market) in zip(linked, months, places, strict=True):
        tag = f"{CHANNELS[channel].name}-{month}" if has else None
        tags.append(tag)
        links.append(
            tag
            and f"https://{MARKETS[market].hostname}/collections/all"
            f"?utm_source={CHANNELS[channel].utm_source}&utm_medium=social&utm_campaign={tag}"
        )
    return {"link": links, "utm_campaign": tags}


def _comment_table(draws: Draws, posts: Frame, answers: Frame, author: _Authors) -> pa.Table:
    rows = answers.take(answers["channel"] != X)
    ids = answers["id"].tolist()
    likes = draws.exponential("channel/answer/likes", rows["key"], np.where(rows["crisis"], 9, 1.2))
    shown = author.columns(rows)
    del shown["author_handle"]
    table = arrow(
        tables.CHANNEL_COMMENTS,
        {
            **_where(rows),
            "post_id": posts["id"][rows["post"]],
            "comment_id": rows["id"],
            "parent_id": words(ids, rows["parent"]),
            **shown,
            "created_at": instants(rows["at"]),
            "message": rows["message"],
            "sentiment": words(SENTIMENTS, rows["sentiment"]),
            "like_count": likes.astype(np.int64),
        },
    )
    return _sorted(table, "channel_comments")


def _sorted(table: pa.Table, name: str) -> pa.Table:
    return table.sort_by([(column, "ascending") for column in tables.SORTED_BY[name]])


def _days(
    config: WorldConfig, draws: Draws, calendars: tuple[Calendar, ...], posts: Frame
) -> pa.Table:
    """What each account gathered on each of its platform's days."""
    parts = [
        _of_account(config, draws, calendar, code, place, posts)
        for place in range(len(CHANNELS))
        for code, calendar in enumerate(calendars)
    ]
    names = ("channel", "market", "day", "followers", "new", "visits", "impressions", "reach")
    rows = concat(parts, names)
    return arrow(
        tables.CHANNEL_DAYS,
        {
            **_where(rows),
            "date_day": dates(rows["day"]),
            "followers": rows["followers"],
            "new_followers": rows["new"],
            "profile_views": rows["visits"],
            "impressions": rows["impressions"],
            "reach": rows["reach"],
        },
    )


def _of_account(
    config: WorldConfig, draws: Draws, calendar: Calendar, code: int, place: int, posts: Frame
) -> Frame:
    # A day earlier than the market's first: west of it, that day has not ended yet.
    first, days = calendar.first - timedelta(days=1), calendar.days + 1
    own = posts.take((posts["channel"] == place) & (posts["market"] == code))
    _, day, gained = gains(own["at"], own["deleted"], midnights(first, days, CHANNELS[place].zone))
    impressions = np.bincount(day, gained(own["impressions"]), days).astype(np.int64)
    key = mix(code, np.arange(days) + (first - EPOCH).days, place, 61)
    fans = int(_fans(config, np.array([place]), np.array([code]))[0])
    new = draws.poisson("channel/follows", key, np.full(days, fans * 0.001))
    return Frame(
        channel=np.full(days, place),
        market=np.full(days, code),
        day=np.arange(days) + (first - EPOCH).days,
        followers=fans * 7 // 10 + np.cumsum(new * 9 // 10),
        new=new,
        visits=impressions * 7 // 1000 + new * 3,
        impressions=impressions,
        reach=impressions * 62 // 100,
    )
