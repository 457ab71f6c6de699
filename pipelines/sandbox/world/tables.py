"""The tables of the world: one pyarrow schema each, with a description of every column.

Belongs here: what the simulation promises to those who serve it. Does not: how it is made, or how
a platform words it.

Conventions: money is int64 in minor units (1/100 of the market's currency, for both currencies);
instants are naive UTC; `date_day` is a local day on the basis that its description names; ids that
outgrow 2^53 are text. A column marked `truth` is on no platform's wire.
"""

from __future__ import annotations

import pyarrow as pa

INSTANT = pa.timestamp("us")
TEXT, WHOLE, FLAG, DAY = pa.string(), pa.int64(), pa.bool_(), pa.date32()

Column = tuple[str, pa.DataType, str]


def _table(description: str, *columns: Column) -> pa.Schema:
    return pa.schema(
        [pa.field(name, kind, metadata={"description": text}) for name, kind, text in columns],
        metadata={"description": description},
    )


MARKET: Column = ("market", TEXT, "Market: id or us.")
PERSON: Column = ("person_id", WHOLE, "truth: the simulated human being, over all platforms.")
NETWORK: Column = (
    "network",
    TEXT,
    "Network: meta_ads, google_ads, tiktok_ads, x_ads or linkedin_ads.",
)
ORDER: Column = ("order_id", WHOLE, "Order (Shopify's legacyResourceId).")

PRODUCTS = _table(
    "Products of each shop.",
    MARKET,
    ("product_id", WHOLE, "Product."),
    ("title", TEXT, "Title."),
    ("handle", TEXT, "Last part of the product page's path: /products/<handle>."),
    ("product_type", TEXT, "Product type."),
    ("created_at", INSTANT, "When it was listed."),
)

VARIANTS = _table(
    "What is sold: variants with price and cost.",
    MARKET,
    ("variant_id", WHOLE, "Variant."),
    ("product_id", WHOLE, "Its product."),
    ("inventory_item_id", WHOLE, "Its inventory item, which holds the cost."),
    ("sku", TEXT, "Stock keeping unit; the same in both markets."),
    ("title", TEXT, "Variant's title, such as '30 g'."),
    ("display_name", TEXT, "Product and variant."),
    ("price", WHOLE, "Price of one unit before tax, minor units."),
    ("unit_cost", WHOLE, "Cost of one unit, minor units of the same currency."),
)

CUSTOMERS = _table(
    "Persons with an order or an account, from the moment they are known to the shop.",
    MARKET,
    PERSON,
    ("customer_id", WHOLE, "Customer (Shopify's legacyResourceId)."),
    ("email", TEXT, "Address; sometimes with capitals, or with dots in a Gmail name."),
    ("phone", TEXT, "Phone in E.164, or NULL."),
    ("first_name", TEXT, "First name."),
    ("last_name", TEXT, "Last name."),
    ("gender", TEXT, "female or male if the person told; else NULL."),
    ("birth_date", DAY, "Date of birth if the person told; else NULL."),
    ("country_code", TEXT, "Country of the default address (ISO 3166)."),
    ("province", TEXT, "Province or state of the default address."),
    ("city", TEXT, "City of the default address."),
    ("created_at", INSTANT, "When the shop came to know the person."),
    ("updated_at_initial", INSTANT, "updated_at before any order; see state.current_customers."),
    ("facebook_user_id", TEXT, "Page-scoped Facebook id in the CRM, or NULL."),
    ("crm_member", FLAG, "In the CRM once crm_joined_at has passed."),
    ("crm_joined_at", INSTANT, "When the person joined the loyalty programme; NULL if never."),
    ("marketing_state", TEXT, "E-mail consent: SUBSCRIBED, NOT_SUBSCRIBED or UNSUBSCRIBED."),
    ("stakeholder", TEXT, "truth: customer, employee, creator or media."),
)

CAMPAIGNS = _table(
    "Campaigns as they stand at the world's `now`.",
    NETWORK,
    MARKET,
    ("campaign_id", TEXT, "Campaign."),
    ("name", TEXT, "Name."),
    ("objective", TEXT, "Objective, as Meta names it (OUTCOME_SALES…)."),
    ("status", TEXT, "ACTIVE, PAUSED (ended), ARCHIVED or DELETED."),
    ("created_at", INSTANT, "When it was made."),
    ("start_date", DAY, "First day of delivery, account-local."),
    ("stop_date", DAY, "Last day of delivery, account-local; NULL for always on."),
    ("removed_at", INSTANT, "When it was archived or deleted; NULL if not (yet)."),
    ("removed_as", TEXT, "ARCHIVED or DELETED; NULL if not (yet)."),
    ("utm_campaign", TEXT, "utm_campaign of its links."),
    ("daily_budget", WHOLE, "Daily budget, minor units."),
    ("kind", TEXT, "truth: prospecting, retargeting, retention, awareness, promotion, geo-test."),
)

EXPERIMENTS = _table(
    "Geo experiments as the brand's list has them: one row a province.",
    MARKET,
    ("experiment", TEXT, "Experiment."),
    ("country_code", TEXT, "Country (ISO 3166)."),
    ("province", TEXT, "Province."),
    ("group", TEXT, "treatment, where the campaign is shown, or control."),
    ("first_day", DAY, "First day of the experiment, account-local."),
    ("last_day", DAY, "Last day of the experiment, account-local."),
    ("utm_campaign", TEXT, "utm_campaign of the campaign that is tested."),
    ("declared_at", INSTANT, "When it was put on the list."),
)

ADSETS = _table(
    "Ad sets (ad groups, line items) as they stand at the world's `now`.",
    NETWORK,
    MARKET,
    ("adset_id", TEXT, "Ad set."),
    ("campaign_id", TEXT, "Its campaign."),
    ("name", TEXT, "Name."),
    ("status", TEXT, "ACTIVE, PAUSED, ARCHIVED or DELETED."),
    ("created_at", INSTANT, "When it was made."),
)

ADS = _table(
    "Ads as they stand at the world's `now`.",
    NETWORK,
    MARKET,
    ("ad_id", TEXT, "Ad."),
    ("adset_id", TEXT, "Its ad set."),
    ("campaign_id", TEXT, "Its campaign."),
    ("name", TEXT, "Name."),
    ("url_tags", TEXT, "URL parameters appended to its links."),
    ("status", TEXT, "ACTIVE, PAUSED, ARCHIVED or DELETED."),
    ("created_at", INSTANT, "When it was made."),
    ("removed_at", INSTANT, "When it was archived or deleted; NULL if not (yet)."),
    ("removed_as", TEXT, "ARCHIVED or DELETED; NULL if not (yet)."),
)

AD_CELLS = _table(
    "Advertising at its finest grain, FINAL values; `restate` gives what is served at a given age.",
    NETWORK,
    MARKET,
    ("campaign_id", TEXT, "Campaign."),
    ("adset_id", TEXT, "Ad set."),
    ("ad_id", TEXT, "Ad."),
    ("date_day", DAY, "Day, as the network closes it for the account."),
    ("age", TEXT, "Age band as Meta names it, or Unknown."),
    ("gender", TEXT, "male, female or unknown."),
    ("region", TEXT, "Region as Meta names it."),
    ("impressions", WHOLE, "Times on screen."),
    ("clicks", WHOLE, "All clicks."),
    ("link_clicks", WHOLE, "Clicks on links."),
    ("spend", WHOLE, "Money spent, minor units; whole rupiah for IDR."),
    ("purchases_claimed_7d_click", WHOLE, "Purchases claimed within 7 days of a click."),
    ("purchases_claimed_1d_view", WHOLE, "Purchases claimed within 1 day of a view."),
    ("value_claimed", WHOLE, "Value of both, minor units."),
)

ACCOUNT_EXTRA = _table(
    "What an account's day total holds beyond its listed ads, FINAL values.",
    NETWORK,
    MARKET,
    ("date_day", DAY, "Day, as the network closes it for the account."),
    ("impressions", WHOLE, "Times on screen."),
    ("clicks", WHOLE, "All clicks."),
    ("link_clicks", WHOLE, "Clicks on links."),
    ("spend", WHOLE, "Money spent, minor units."),
)

AD_REACH = _table(
    "Unique accounts reached, FINAL values; not additive.",
    NETWORK,
    MARKET,
    ("level", TEXT, "account, campaign, adset or ad."),
    ("object_id", TEXT, "Account, campaign, ad set or ad."),
    ("date_day", DAY, "Day, as the network closes it for the account."),
    ("reach", WHOLE, "Accounts that saw it at least once on that day."),
)

SESSIONS = _table(
    "Visits to the two sites.",
    MARKET,
    PERSON,
    ("session_id", WHOLE, "ga_session_id: epoch seconds of the start; unique per user_pseudo_id."),
    ("user_pseudo_id", TEXT, "Browser."),
    ("customer_id", WHOLE, "Customer, if signed in or buying during the visit; else NULL."),
    ("started_at", INSTANT, "Start."),
    ("session_number", WHOLE, "1 for the browser's first visit, and so on."),
    ("source", TEXT, "Source: facebook, google, tiktok, newsletter, a site…, or (direct)."),
    ("medium", TEXT, "Medium: paid_social, cpc, social, share, organic, email, referral, (none)."),
    ("campaign", TEXT, "utm_campaign, or (direct), (organic), (referral)."),
    ("content", TEXT, "utm_content: the ad, or the share whose link was followed; else NULL."),
    ("landing_page", TEXT, "Address of the first page, UTM parameters included."),
    ("referrer", TEXT, "Referring address, or NULL."),
    ("country", TEXT, "Country's name."),
    ("region", TEXT, "Region's name."),
    ("city", TEXT, "City."),
    ("device", TEXT, "mobile, desktop or tablet."),
    ("page_views", WHOLE, "Pages viewed."),
    ("engaged", FLAG, "An engaged session, as GA4 defines it."),
    ("engagement_msec", WHOLE, "Time in the foreground, milliseconds."),
    ("viewed_item", FLAG, "A product page was viewed."),
    ("added_to_cart", FLAG, "Something was put in the cart."),
    ("shares", WHOLE, "Links that were shared in it."),
    ("order_id", WHOLE, "Order that the visit placed, once placed; else NULL."),
)

SHARES = _table(
    "Links that customers shared with friends, each in a visit in which the site knew them.",
    MARKET,
    ("share_id", TEXT, "Share: the link's utm_content."),
    PERSON,
    ("customer_id", WHOLE, "Customer who shared."),
    ("user_pseudo_id", TEXT, "Browser in which it was shared."),
    ("session_id", WHOLE, "Visit in which it was shared."),
    ("shared_at", INSTANT, "When."),
    ("method", TEXT, "By what: whatsapp, facebook, instagram or twitter; the link's utm_source."),
    ("item_id", TEXT, "Handle of the product whose page was shared."),
    ("link", TEXT, "Address that was passed on, UTM parameters included."),
    ("depth", WHOLE, "truth: 0 for a customer whom no share won, else one more than that share's."),
    ("parent_share_id", TEXT, "truth: the share that won the customer, or NULL."),
)

ORDERS = _table(
    "Orders as first placed; state.current_orders adds edits, refunds and updated_at.",
    MARKET,
    ORDER,
    ("name", TEXT, "Name that the customer sees; unique over both shops."),
    ("customer_id", WHOLE, "Customer."),
    ("created_at", INSTANT, "When it was placed."),
    ("country_code", TEXT, "Country of the shipping address."),
    ("province", TEXT, "Province of the shipping address."),
    ("city", TEXT, "City of the shipping address."),
    ("currency", TEXT, "Currency (ISO 4217)."),
    ("discount_code", TEXT, "Code used, or NULL."),
    ("gross", WHOLE, "Unit price times quantity over all lines."),
    ("discount", WHOLE, "Discounts over all lines."),
    ("subtotal", WHOLE, "gross − discount."),
    ("tax", WHOLE, "Tax, on top of prices."),
    ("shipping", WHOLE, "Shipping."),
    ("total", WHOLE, "subtotal + tax + shipping."),
    ("source_name", TEXT, "web, pos or shopify_draft_order (by phone)."),
    ("user_pseudo_id", TEXT, "Browser that bought; NULL without a journey."),
    ("session_id", WHOLE, "Visit that bought; NULL without a journey."),
    ("is_test", FLAG, "A test order, not a sale."),
    ("fulfilled_at", INSTANT, "When it was sent, once sent; else NULL."),
    ("cancelled_at", INSTANT, "When it was cancelled, once cancelled; else NULL."),
)

ORDER_LINES = _table(
    "Lines as first placed or as added by an edit.",
    MARKET,
    ORDER,
    ("line_id", WHOLE, "Line."),
    ("variant_id", WHOLE, "Variant."),
    ("product_id", WHOLE, "Product."),
    ("sku", TEXT, "Stock keeping unit."),
    ("title", TEXT, "Product as sold."),
    ("quantity", WHOLE, "Units."),
    ("unit_price", WHOLE, "Price of one unit before discounts, minor units."),
    ("discount", WHOLE, "Discount on the line, minor units."),
    ("added_at", INSTANT, "When an edit added it; NULL if there from the start."),
)

ORDER_EDITS = _table(
    "Later changes of orders; amounts are differences in minor units.",
    MARKET,
    ORDER,
    ("edit_id", WHOLE, "Edit."),
    ("edited_at", INSTANT, "When the order was edited."),
    ("kind", TEXT, "add_line or discount."),
    ("line_id", WHOLE, "Line that was added, or that the discount is on."),
    ("gross", WHOLE, "Added to gross."),
    ("discount", WHOLE, "Added to discount."),
    ("subtotal", WHOLE, "Added to subtotal."),
    ("tax", WHOLE, "Added to tax."),
    ("total", WHOLE, "Added to total."),
)

REFUNDS = _table(
    "Refunds; the money is what successful transactions returned.",
    MARKET,
    ORDER,
    ("refund_id", WHOLE, "Refund."),
    ("created_at", INSTANT, "When it was made."),
    ("amount", WHOLE, "Money returned: the sum of its successful transactions."),
    ("note", TEXT, "Reason given, or NULL."),
)

REFUND_LINES = _table(
    "Units taken back by a refund; a goodwill refund has none.",
    MARKET,
    ORDER,
    ("refund_id", WHOLE, "Refund."),
    ("line_id", WHOLE, "Line."),
    ("quantity", WHOLE, "Units taken back."),
)

REFUND_TRANSACTIONS = _table(
    "Payments of refunds, failed attempts included.",
    MARKET,
    ORDER,
    ("refund_id", WHOLE, "Refund."),
    ("transaction_id", WHOLE, "Transaction."),
    ("kind", TEXT, "REFUND."),
    ("status", TEXT, "SUCCESS or FAILURE."),
    ("gateway", TEXT, "Payment provider."),
    ("amount", WHOLE, "Amount, minor units; returned only if SUCCESS."),
    ("processed_at", INSTANT, "When it went through or failed."),
)

JOURNEYS = _table(
    "Visits of the buying browser in the 30 days up to an order, the buying one last.",
    MARKET,
    ORDER,
    ("position", WHOLE, "1 for the earliest."),
    ("user_pseudo_id", TEXT, "Browser."),
    ("session_id", WHOLE, "Visit."),
    ("occurred_at", INSTANT, "Start of the visit."),
)

ORDER_CAUSES = _table(
    "truth: why each order happened.",
    MARKET,
    ORDER,
    PERSON,
    (
        "cause",
        TEXT,
        "baseline, campaign (its click made the order) or word_of_mouth (a friend's "
        "link did), or campaign_repeat or word_of_mouth_repeat for later orders of those won so.",
    ),
    ("campaign_id", TEXT, "Campaign without which the order would not exist, or NULL."),
    ("share_id", TEXT, "Share without which the order would not exist, or NULL."),
    ("user_pseudo_id", TEXT, "Browser of the first visit of the purchase; NULL without one."),
    ("session_id", WHOLE, "First visit of the purchase; the causing one if a click or link did."),
)

POSTS = _table(
    "Posts on the two pages, with FINAL lifetime counters; state.current_posts gives today's.",
    MARKET,
    ("page_id", TEXT, "Page."),
    ("post_id", TEXT, "Post: page, underscore, number."),
    ("author_id", TEXT, "The page, or a page-scoped person."),
    ("author_name", TEXT, "Name shown."),
    ("author_kind", TEXT, "truth: page, customer, employee, creator, media or public."),
    ("created_at", INSTANT, "Publication."),
    ("updated_at", INSTANT, "Last change of the text."),
    ("message", TEXT, "Text."),
    ("status_type", TEXT, "added_photos, added_video, shared_story or mobile_status_update."),
    ("link", TEXT, "Link that the post carries, UTM parameters included; or NULL."),
    ("utm_campaign", TEXT, "utm_campaign of that link, or NULL."),
    ("sentiment", TEXT, "truth: positive, neutral or negative."),
    ("is_crisis", FLAG, "truth: the video that starts the crisis, or its echo."),
    ("deleted_at", INSTANT, "When it disappeared, once gone; else NULL."),
    ("media_view", WHOLE, "Times on screen."),
    ("media_view_unique", WHOLE, "Accounts that saw it."),
    ("clicks_link", WHOLE, "Clicks by type: link clicks."),
    ("clicks_photo", WHOLE, "Clicks by type: photo view."),
    ("clicks_video", WHOLE, "Clicks by type: video play."),
    ("clicks_other", WHOLE, "Clicks by type: other clicks."),
    ("like", WHOLE, "Reactions by type."),
    ("love", WHOLE, "Reactions by type."),
    ("wow", WHOLE, "Reactions by type."),
    ("haha", WHOLE, "Reactions by type."),
    ("sorry", WHOLE, "Reactions by type (sad)."),
    ("anger", WHOLE, "Reactions by type."),
    ("shares", WHOLE, "Shares."),
    ("video_views", WHOLE, "Views of its video; 0 without one."),
)

COMMENTS = _table(
    "Comments under posts, replies included.",
    MARKET,
    ("post_id", TEXT, "Post."),
    ("comment_id", TEXT, "Comment: number of the post, underscore, number."),
    ("parent_id", TEXT, "Comment that it answers, or NULL."),
    ("author_id", TEXT, "The page, or a page-scoped person."),
    ("author_name", TEXT, "Name shown."),
    ("author_kind", TEXT, "truth: page, customer, employee, creator, media or public."),
    ("created_at", INSTANT, "When it was written."),
    ("message", TEXT, "Text."),
    ("sentiment", TEXT, "truth: positive, neutral or negative."),
    ("like_count", WHOLE, "Likes."),
    ("is_hidden", FLAG, "Hidden by the page."),
)

PAGE_DAYS = _table(
    "Daily insights of the two pages.",
    MARKET,
    ("page_id", TEXT, "Page."),
    ("date_day", DAY, "Day in America/Los_Angeles."),
    ("media_view", WHOLE, "Times that content was on screen."),
    ("media_view_unique", WHOLE, "Accounts that saw content; not additive."),
    ("post_engagements", WHOLE, "Engagements."),
    ("daily_follows", WHOLE, "Accounts that began to follow."),
    ("follows", WHOLE, "Followers at the end of the day."),
)

PLATFORM: Column = ("platform", TEXT, "Platform: instagram, linkedin, tiktok, x or youtube.")
CHANNEL: Column = ("account_id", TEXT, "The brand's account.")

CHANNEL_POSTS = _table(
    "Posts by the brand and about it, with FINAL lifetime counters; "
    "state.current_channel_posts gives today's.",
    PLATFORM,
    MARKET,
    CHANNEL,
    ("post_id", TEXT, "Post; of one platform, numbers grow with time except YouTube's."),
    ("author_id", TEXT, "The account, or a person's id on the platform."),
    ("author_name", TEXT, "Name shown."),
    ("author_handle", TEXT, "Name by which the author is addressed, without @."),
    ("author_kind", TEXT, "truth: brand, customer, employee, creator, media or public."),
    ("author_followers", WHOLE, "Followers of the author."),
    ("created_at", INSTANT, "Publication."),
    ("deleted_at", INSTANT, "When it disappeared, once gone; else NULL. A story lives for a day."),
    ("message", TEXT, "Text, with #hashtags; it has @handle where it addresses the brand."),
    ("media_type", TEXT, "text, photo, carousel, video, short, reel, story or link."),
    ("link", TEXT, "Link that the post carries, UTM parameters included; or NULL."),
    ("utm_campaign", TEXT, "utm_campaign of that link, or NULL."),
    ("duration_seconds", WHOLE, "Length of its video; NULL without one."),
    ("reply_to_id", TEXT, "Post that it answers (X only), or NULL."),
    ("is_mention", FLAG, "Written by others about the brand."),
    ("sentiment", TEXT, "truth: positive, neutral or negative."),
    ("is_crisis", FLAG, "truth: an echo of the crisis."),
    ("impressions", WHOLE, "Times on screen."),
    ("reach", WHOLE, "Accounts that saw it."),
    ("likes", WHOLE, "Likes."),
    ("comments", WHOLE, "Answers that it ever gets; on X, only those to itself."),
    ("shares", WHOLE, "Shares (on X: reposts)."),
    ("quotes", WHOLE, "Quotes (X only; else 0)."),
    ("saves", WHOLE, "Saves (on X: bookmarks); 0 where the platform has none."),
    ("link_clicks", WHOLE, "Clicks on its link."),
    ("profile_clicks", WHOLE, "Clicks on the author's profile; 0 for posts by others."),
    ("video_views", WHOLE, "Views of its video; 0 without one."),
    ("watch_seconds", WHOLE, "Time for which its video was watched."),
)

CHANNEL_COMMENTS = _table(
    "Comments under posts, replies included; none on X, where an answer is a post.",
    PLATFORM,
    MARKET,
    CHANNEL,
    ("post_id", TEXT, "Post."),
    ("comment_id", TEXT, "Comment."),
    ("parent_id", TEXT, "Comment that it answers, or NULL."),
    ("author_id", TEXT, "The account, or a person's id on the platform."),
    ("author_name", TEXT, "Name shown."),
    ("author_kind", TEXT, "truth: brand, customer, employee, creator, media or public."),
    ("created_at", INSTANT, "When it was written."),
    ("message", TEXT, "Text."),
    ("sentiment", TEXT, "truth: positive, neutral or negative."),
    ("like_count", WHOLE, "Likes."),
)

CHANNEL_DAYS = _table(
    "What each account gathered on each day; a day holds its final figures from its first moment.",
    PLATFORM,
    MARKET,
    CHANNEL,
    ("date_day", DAY, "Day in the platform's zone (channels.CHANNELS)."),
    ("followers", WHOLE, "Followers at the end of the day."),
    ("new_followers", WHOLE, "Accounts that began to follow."),
    ("profile_views", WHOLE, "Views of the profile."),
    ("impressions", WHOLE, "Times that own posts were on screen; what they gained on the day."),
    ("reach", WHOLE, "Accounts that saw own posts; not additive."),
)

FX = _table(
    "Euro reference rates on business days.",
    ("date", DAY, "Publication day (Frankfurt)."),
    ("currency", TEXT, "Currency (ISO 4217)."),
    ("rate", TEXT, "Units of the currency for one euro, as published."),
    ("published_at", INSTANT, "When it was published (16:00 in Frankfurt)."),
)

PEOPLE = _table(
    "truth: who is who on the platforms.",
    MARKET,
    PERSON,
    ("kind", TEXT, "customer, employee, creator, media or public."),
    ("facebook_user_id", TEXT, "Page-scoped id, or NULL."),
    ("customer_id", WHOLE, "Customer, or NULL."),
    ("name", TEXT, "Name."),
    ("email", TEXT, "Address, or NULL."),
    ("gender", TEXT, "True gender."),
    ("birth_date", DAY, "True date of birth."),
    ("followers", WHOLE, "Followers; NULL where it does not matter."),
    ("listed", FLAG, "On the declared list that lists/people.csv holds."),
    ("known_at", INSTANT, "From when the person is in the world."),
)

OUTLET: Column = ("outlet", TEXT, "Outlet: shopee, tiktok_shop or woocommerce.")
OUTLET_ORDER: Column = ("order_id", TEXT, "Order, as the outlet numbers it; unique over outlets.")

OUTLET_PRODUCTS = _table(
    "What each outlet sells: the Indonesian catalogue under its own numbers.",
    OUTLET,
    ("product_id", TEXT, "Product."),
    ("variant_id", TEXT, "Variant (Shopee: model, TikTok Shop: SKU)."),
    ("sku", TEXT, "Stock keeping unit; the same everywhere."),
    ("product_title", TEXT, "Product's title."),
    ("variant_title", TEXT, "Variant's title, such as '30 g'."),
    ("product_type", TEXT, "Product type."),
    ("price", WHOLE, "Price of one unit, minor units; before tax on the own site only."),
    ("created_at", INSTANT, "When it was listed."),
)

OUTLET_ORDERS = _table(
    "Orders at the outlets as first placed; state.current_outlet_orders adds what became of them.",
    OUTLET,
    ("shop_id", TEXT, "Shop at the outlet; the own site's host name."),
    OUTLET_ORDER,
    ("number", TEXT, "Number that the buyer sees."),
    ("buyer_id", TEXT, "Buyer as the outlet numbers them; NULL for a guest."),
    ("customer_id", TEXT, "Account on the own site; NULL for a guest and on marketplaces."),
    PERSON,
    ("email", TEXT, "Address as typed; NULL on marketplaces."),
    ("phone", TEXT, "Phone in E.164, or NULL; NULL on marketplaces."),
    ("first_name", TEXT, "First name (marketplaces mask it)."),
    ("last_name", TEXT, "Last name (marketplaces mask it)."),
    ("created_at", INSTANT, "When it was placed."),
    ("paid_at", INSTANT, "When it was paid, once paid; else NULL."),
    ("sent_at", INSTANT, "When it was sent, once sent; else NULL."),
    ("completed_at", INSTANT, "When it had arrived, once it had; else NULL."),
    ("cancelled_at", INSTANT, "When it was cancelled (unpaid ones after a day); else NULL."),
    ("trashed_at", INSTANT, "When the own site's staff put it in the trash; else NULL."),
    ("currency", TEXT, "Currency (ISO 4217)."),
    ("country_code", TEXT, "Country of the shipping address."),
    ("province", TEXT, "Province of the shipping address."),
    ("city", TEXT, "City of the shipping address."),
    ("payment_method", TEXT, "How it is paid; stripe for cards on the own site."),
    ("coupon", TEXT, "Seller's coupon, or NULL."),
    ("gross", WHOLE, "Unit price times quantity over all lines."),
    ("seller_discount", WHOLE, "Discounts that the seller pays."),
    ("platform_discount", WHOLE, "Discounts that the platform pays."),
    ("tax", WHOLE, "Tax, on top of prices; 0 on marketplaces."),
    ("shipping", WHOLE, "Shipping that the buyer pays."),
    ("total", WHOLE, "What the buyer pays: gross − both discounts + tax + shipping."),
    ("utm_source", TEXT, "utm_source of the visit that bought; NULL on marketplaces."),
    ("utm_medium", TEXT, "utm_medium of that visit."),
    ("utm_campaign", TEXT, "utm_campaign of that visit, or NULL."),
    ("is_test", FLAG, "A test order or a free sample, not a sale."),
)

OUTLET_LINES = _table(
    "Lines of the outlets' orders.",
    OUTLET,
    OUTLET_ORDER,
    ("line_id", TEXT, "Line."),
    ("product_id", TEXT, "Product."),
    ("variant_id", TEXT, "Variant."),
    ("sku", TEXT, "Stock keeping unit."),
    ("title", TEXT, "Product as sold."),
    ("quantity", WHOLE, "Units."),
    ("unit_price", WHOLE, "Price of one unit before discounts, minor units."),
    ("discount", WHOLE, "Seller's discount on the line, minor units."),
    ("platform_discount", WHOLE, "Platform's discount on the line, minor units."),
)

OUTLET_REFUNDS = _table(
    "Money asked back at the outlets; it is returned once the refund has succeeded.",
    OUTLET,
    OUTLET_ORDER,
    ("refund_id", TEXT, "Refund; unique within its outlet."),
    ("created_at", INSTANT, "When it was made."),
    ("settled_at", INSTANT, "When it succeeded or failed; NULL while pending."),
    ("amount", WHOLE, "Amount, minor units; returned only if succeeded."),
    ("reason", TEXT, "Reason given."),
    ("status", TEXT, "succeeded, failed or pending."),
    ("kind", TEXT, "order (all that was paid), line (its price and tax) or goodwill."),
    ("line_id", TEXT, "Line that it takes back, of kind line; else NULL."),
)

OUTLET_CUSTOMERS = _table(
    "Accounts on the own site.",
    OUTLET,
    ("shop_id", TEXT, "The site's host name."),
    ("customer_id", TEXT, "Account."),
    PERSON,
    ("email", TEXT, "Address as typed."),
    ("phone", TEXT, "Phone in E.164, or NULL."),
    ("first_name", TEXT, "First name."),
    ("last_name", TEXT, "Last name."),
    ("country_code", TEXT, "Country (ISO 3166)."),
    ("province", TEXT, "Province."),
    ("city", TEXT, "City."),
    ("created_at", INSTANT, "When it was opened."),
)

REVIEWS = _table(
    "Product reviews at the outlets.",
    OUTLET,
    ("review_id", TEXT, "Review; unique within its outlet."),
    ("product_id", TEXT, "Product."),
    ("order_id", TEXT, "Order that it is about; NULL if not verified."),
    ("author_name", TEXT, "Name (marketplaces mask it)."),
    ("email", TEXT, "Address; NULL on marketplaces."),
    ("rating", WHOLE, "Stars, 1 to 5."),
    ("text", TEXT, "Text."),
    ("created_at", INSTANT, "When it was written."),
    ("verified", FLAG, "By somebody who bought the product."),
    ("sentiment", TEXT, "truth: positive, neutral or negative."),
)

PAYMENTS = _table(
    "Card payments of the own site's orders, rejected attempts included.",
    ("payment_id", TEXT, "Payment, 16 hexadecimal digits."),
    ("order_id", TEXT, "Order on the own site (woocommerce)."),
    ("created_at", INSTANT, "When it was tried."),
    ("amount", WHOLE, "Amount, minor units."),
    ("currency", TEXT, "Currency that the buyer pays (ISO 4217)."),
    ("status", TEXT, "succeeded or failed."),
)

BALANCE = _table(
    "What payments and their refunds moved in the provider's account, in its settlement currency.",
    ("kind", TEXT, "charge, refund, or refund_failure (a refused refund comes back)."),
    ("source_id", TEXT, "Payment, or refund of the outlet woocommerce."),
    ("created_at", INSTANT, "When it was booked."),
    ("available_at", INSTANT, "When the money can be paid out."),
    ("currency", TEXT, "Settlement currency (ISO 4217)."),
    ("amount", WHOLE, "Amount, minor units; negative for a refund."),
    ("fee", WHOLE, "The provider's fee, minor units."),
    ("net", WHOLE, "amount − fee."),
    ("exchange_rate", TEXT, "Units of the settlement currency for one that the buyer paid."),
)

SCHEMAS: dict[str, pa.Schema] = {
    "products": PRODUCTS,
    "variants": VARIANTS,
    "customers": CUSTOMERS,
    "campaigns": CAMPAIGNS,
    "experiments": EXPERIMENTS,
    "adsets": ADSETS,
    "ads": ADS,
    "ad_cells": AD_CELLS,
    "account_extra": ACCOUNT_EXTRA,
    "ad_reach": AD_REACH,
    "sessions": SESSIONS,
    "orders": ORDERS,
    "order_lines": ORDER_LINES,
    "order_edits": ORDER_EDITS,
    "refunds": REFUNDS,
    "refund_lines": REFUND_LINES,
    "refund_transactions": REFUND_TRANSACTIONS,
    "journeys": JOURNEYS,
    "order_causes": ORDER_CAUSES,
    "shares": SHARES,
    "posts": POSTS,
    "comments": COMMENTS,
    "page_days": PAGE_DAYS,
    "channel_posts": CHANNEL_POSTS,
    "channel_comments": CHANNEL_COMMENTS,
    "channel_days": CHANNEL_DAYS,
    "fx": FX,
    "people": PEOPLE,
    "outlet_products": OUTLET_PRODUCTS,
    "outlet_orders": OUTLET_ORDERS,
    "outlet_lines": OUTLET_LINES,
    "outlet_refunds": OUTLET_REFUNDS,
    "outlet_customers": OUTLET_CUSTOMERS,
    "reviews": REVIEWS,
    "payments": PAYMENTS,
    "balance": BALANCE,
}

# The columns by which each table is sorted; ties stand in an order that is fixed as well.
SORTED_BY: dict[str, tuple[str, ...]] = {
    "products": ("market", "product_id"),
    "variants": ("market", "variant_id"),
    "customers": ("market", "customer_id"),
    "campaigns": ("network", "campaign_id"),
    "experiments": ("market", "experiment", "province"),
    "adsets": ("network", "adset_id"),
    "ads": ("network", "ad_id"),
    "ad_cells": ("network", "market", "date_day", "ad_id"),
    "account_extra": ("network", "market", "date_day"),
    "ad_reach": ("network", "market", "date_day", "level", "object_id"),
    "sessions": ("market", "started_at"),
    "orders": ("market", "order_id"),
    "order_lines": ("market", "order_id", "line_id"),
    "order_edits": ("market", "edit_id"),
    "refunds": ("market", "refund_id"),
    "refund_lines": ("market", "refund_id", "line_id"),
    "refund_transactions": ("market", "transaction_id"),
    "journeys": ("market", "order_id", "position"),
    "order_causes": ("market", "order_id"),
    "shares": ("market", "shared_at", "share_id"),
    "posts": ("market", "created_at", "post_id"),
    "comments": ("market", "created_at"),
    "page_days": ("market", "date_day"),
    "channel_posts": ("platform", "market", "created_at", "post_id"),
    "channel_comments": ("platform", "market", "created_at", "comment_id"),
    "channel_days": ("platform", "market", "date_day"),
    "fx": ("date", "currency"),
    "people": ("market", "person_id"),
    "outlet_products": ("outlet",),
    "outlet_orders": ("outlet", "created_at"),
    "outlet_lines": ("outlet",),
    "outlet_refunds": ("outlet",),
    "outlet_customers": ("outlet",),
    "reviews": ("outlet", "created_at"),
    "payments": ("created_at",),
    "balance": ("created_at",),
}
