"""What a shared link is: how it is passed on, its number, its address and its tags.

Belongs here: how shares are named. Does not: who shares, or whom it brings (`word_of_mouth`).
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from pipelines.sandbox.world.catalogue import PRODUCTS, handle
from pipelines.sandbox.world.config import MARKETS
from pipelines.sandbox.world.draws import Array
from pipelines.sandbox.world.frame import Frame, words

# GA4's `method` of a share, which is also utm_source of the link; all of them are social networks.
METHODS = ("whatsapp", "facebook", "instagram", "twitter")
METHOD_MIX = (0.62, 0.2, 0.12, 0.06)
# A link opened in WhatsApp's own window names no referrer.
REFERRERS = (None, "https://l.facebook.com/", "https://l.instagram.com/", "https://t.co/")
MEDIUM, CAMPAIGN = "share", "refer-a-friend"
CONTENT_TYPE = "product"
ITEMS = tuple(handle(title) for title, *_ in PRODUCTS)


def share_ids(shares: Frame) -> list[str]:
    """The number that each shared link carries as utm_content."""
    return [f"r{number:012x}" for number in (shares["key"] >> np.uint64(16)).tolist()]


def share_links(shares: Frame) -> list[str]:
    """The address that is passed on: the product's page, with the share's tags."""
    columns = (shares[name].tolist() for name in ("market", "item", "method"))
    return [
        f"https://{MARKETS[market].hostname}/products/{ITEMS[item]}?utm_source={METHODS[method]}"
        f"&utm_medium={MEDIUM}&utm_campaign={CAMPAIGN}&utm_content={number}"
        for market, item, method, number in zip(*columns, share_ids(shares), strict=True)
    ]


def methods(codes: Array) -> pa.Array:
    """The name of each method's code; a negative code is NULL."""
    return words(METHODS, codes)
