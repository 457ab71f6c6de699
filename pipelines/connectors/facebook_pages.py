"""Facebook Pages: what a page and its visitors posted, how it was received, and what was answered."""

from __future__ import annotations

from pipelines.connectors.stream import Stream
from pipelines.lake.schema import boolean, integer, json, schema, text, timestamp

DOCS = "https://developers.facebook.com/docs/graph-api/reference/page/"
# Page insights close their days at midnight in California, wherever the page is.
INSIGHTS_ZONE = "America/Los_Angeles"
LOOKBACK_DAYS = 28

PAGE = (text("page_id", "Page.", "@account_id", required=True),)

POST_METRICS = (
    "post_media_view",
    "post_total_media_view_unique",
    "post_clicks_by_type",
    "post_reactions_by_type_total",
    "post_video_views",
)
PAGE_METRICS = (
    "page_media_view",
    "page_total_media_view_unique",
    "page_post_engagements",
    "page_daily_follows_unique",
    "page_follows",
)

INSIGHT = (
    text("metric", "Name of the metric.", required=True),
    text("period", "Period that the value covers: day or lifetime."),
    json("value", "The value: a number, or an object of numbers by type."),
)

STREAMS = (
    Stream(
        source="facebook_pages",
        name="posts",
        group="social",
        description="Posts on the page's feed, by the page and by visitors.",
        schema=schema(
            *PAGE,
            text("id", "Post: page id, underscore, post id.", required=True),
            text("from_id", "Author: the page itself or a page-scoped person.", "from.id"),
            text("message", "Text."),
            text("status_type", "Kind of post, as Facebook names it."),
            timestamp("created_time", "Publication (UTC).", required=True),
            timestamp("updated_time", "Last change (UTC)."),
            text("permalink_url", "Address of the post."),
            json("attachments", "Attached media and links.", "attachments.data"),
            integer("shares", "Shares so far.", "shares.count"),
            integer("reactions", "Reactions so far.", "reactions.summary.total_count"),
            integer("comments", "Comments so far.", "comments.summary.total_count"),
        ),
        key=("id",),
        mode="replace",
        day="created_time",
        lookback_days=LOOKBACK_DAYS,
        slice_days=30,
        url=DOCS + "feed/",
    ),
    Stream(
        source="facebook_pages",
        name="post_counters",
        group="social",
        description="What every post of the last year had gathered when the day closed.",
        schema=schema(
            *PAGE,
            text("id", "Post.", required=True),
            timestamp("created_time", "Publication (UTC).", required=True),
            integer("shares", "Shares so far.", "shares.count"),
            integer("reactions", "Reactions so far.", "reactions.summary.total_count"),
            integer("comments", "Comments so far.", "comments.summary.total_count"),
            json("insights", "Lifetime insights of the post, as Facebook lists them.", "insights.data"),
        ),
        key=("id",),
        mode="replace",
        snapshot=True,
        url=DOCS + "insights/",
    ),
    Stream(
        source="facebook_pages",
        name="page_insights",
        group="social",
        description="Daily insights of the page.",
        schema=schema(
            *PAGE,
            *INSIGHT,
            timestamp("end_time", "End of the day that the value covers (UTC).", required=True),
        ),
        key=("metric", "end_time"),
        mode="replace",
        # `end_time` closes the day: the reader moves it to the day's start before the day is taken.
        day="end_time",
        zone=INSIGHTS_ZONE,
        lookback_days=7,
        slice_days=30,
        url=DOCS + "insights/",
    ),
    Stream(
        source="facebook_pages",
        name="comments",
        group="social",
        description="Comments under the page's posts, replies included.",
        schema=schema(
            *PAGE,
            text("id", "Comment.", required=True),
            text("post_id", "Post under which it stands.", required=True),
            text("parent_id", "Comment that it answers.", "parent.id"),
            text("from_id", "Author, page-scoped.", "from.id"),
            text("message", "Text."),
            timestamp("created_time", "When it was written (UTC).", required=True),
            integer("like_count", "Likes so far."),
            integer("comment_count", "Replies so far."),
            boolean("is_hidden", "Hidden by the page."),
        ),
        key=("id",),
        mode="replace",
        day="created_time",
        lookback_days=LOOKBACK_DAYS,
        slice_days=30,
        url="https://developers.facebook.com/docs/graph-api/reference/object/comments/",
    ),
)
