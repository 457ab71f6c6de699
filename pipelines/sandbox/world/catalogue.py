"""What the brand sells: products and variants with price and cost in both markets."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from pipelines.sandbox.world import tables
from pipelines.sandbox.world.config import MARKETS
from pipelines.sandbox.world.draws import Array
from pipelines.sandbox.world.frame import arrow, instants

# Ids as large as Shopify's; a market's begin a hundred thousand million apart.
PRODUCT_BASE, VARIANT_BASE, INVENTORY_BASE = (
    8_200_000_000_000,
    44_100_000_000_000,
    46_300_000_000_000,
)
MARKET_STEP, ID_STEP = 100_000_000_000, 32_768

# title, type, then (size, SKU, rupiah, cents, cost in per cent of the price, popularity).
Size = tuple[str, str, int, int, int, float]
PRODUCTS: tuple[tuple[str, str, tuple[Size, ...]], ...] = (
    (
        "Seaweed Crisps Original",
        "Snack",
        (
            ("30 g", "SL-CRO-030", 18_000, 349, 38, 9.0),
            ("90 g", "SL-CRO-090", 45_000, 899, 35, 5.0),
            ("Box of 10", "SL-CRO-B10", 165_000, 3190, 36, 3.0),
        ),
    ),
    (
        "Seaweed Crisps Balado",
        "Snack",
        (
            ("30 g", "SL-CRB-030", 19_000, 369, 39, 8.0),
            ("90 g", "SL-CRB-090", 48_000, 949, 36, 4.5),
        ),
    ),
    (
        "Seaweed Crisps Jeruk Purut",
        "Snack",
        (
            ("30 g", "SL-CRJ-030", 19_000, 369, 39, 4.5),
            ("90 g", "SL-CRJ-090", 48_000, 949, 36, 2.5),
        ),
    ),
    (
        "Anchovy Peanut Brittle",
        "Snack",
        (
            ("100 g", "SL-APB-100", 32_000, 649, 44, 4.0),
            ("250 g", "SL-APB-250", 72_000, 1399, 42, 2.0),
        ),
    ),
    (
        "Kelp Noodles",
        "Pantry",
        (
            ("Pack of 3", "SL-KNO-003", 54_000, 1099, 46, 2.5),
            ("Pack of 12", "SL-KNO-012", 195_000, 3890, 45, 1.2),
        ),
    ),
    (
        "Sea Salt Sambal",
        "Pantry",
        (
            ("150 g", "SL-SSS-150", 39_000, 799, 41, 4.0),
            ("Gift set of 3", "SL-SSS-G03", 119_000, 2390, 43, 1.5),
        ),
    ),
    (
        "Collagen Drink Lychee",
        "Drink",
        (
            ("Single", "SL-CDL-001", 29_000, 499, 33, 4.5),
            ("Box of 14", "SL-CDL-B14", 349_000, 5990, 30, 3.0),
        ),
    ),
    (
        "Collagen Drink Mango",
        "Drink",
        (
            ("Single", "SL-CDM-001", 29_000, 499, 33, 3.5),
            ("Box of 14", "SL-CDM-B14", 349_000, 5990, 30, 2.4),
        ),
    ),
    (
        "Sea Moss Tonic Ginger",
        "Drink",
        (
            ("330 ml", "SL-SMG-330", 42_000, 699, 37, 3.0),
            ("Case of 12", "SL-SMG-C12", 449_000, 7490, 36, 1.3),
        ),
    ),
    (
        "Spirulina Sachets",
        "Supplement",
        (
            ("15 sachets", "SL-SPI-015", 135_000, 2290, 28, 2.2),
            ("60 sachets", "SL-SPI-060", 459_000, 7990, 26, 1.0),
        ),
    ),
    (
        "Ramadan Hamper",
        "Gift",
        (
            ("Small", "SL-HAM-S", 225_000, 4290, 47, 1.0),
            ("Large", "SL-HAM-L", 525_000, 9890, 46, 0.5),
        ),
    ),
)


@dataclass(frozen=True)
class Catalogue:
    """The variants of both markets as arrays: `[market, variant]`, or `[variant]` where equal."""

    sku: tuple[str, ...]
    title: tuple[str, ...]
    display: tuple[str, ...]
    product: Array
    price: Array
    cost: Array
    weight: Array

    def variant_id(self, market: Array, variant: Array) -> Array:
        """Shopify's number of a variant."""
        return np.asarray(VARIANT_BASE + market * MARKET_STEP + variant * ID_STEP)

    def product_id(self, market: Array, variant: Array) -> Array:
        """Shopify's number of the variant's product."""
        return np.asarray(PRODUCT_BASE + market * MARKET_STEP + self.product[variant] * ID_STEP)


def _catalogue() -> Catalogue:
    rows = [
        (number, title, size) for number, (title, _, sizes) in enumerate(PRODUCTS) for size in sizes
    ]
    price = np.array(
        [[size[2] * 100 for *_, size in rows], [size[3] for *_, size in rows]], np.int64
    )
    percent = np.array([size[4] for *_, size in rows], np.int64)
    units = np.array([[market.unit] for market in MARKETS], np.int64)
    return Catalogue(
        sku=tuple(size[1] for *_, size in rows),
        title=tuple(size[0] for *_, size in rows),
        display=tuple(f"{title} - {size[0]}" for _, title, size in rows),
        product=np.array([number for number, *_ in rows]),
        price=price,
        cost=price * percent // 100 // units * units,
        weight=np.array([size[5] for *_, size in rows]),
    )


CATALOGUE = _catalogue()


def handle(title: str) -> str:
    """The last part of a product page's path."""
    return title.lower().replace(" ", "-")


def product_tables(start: int) -> dict[str, pa.Table]:
    """`products` and `variants`, listed since the world's first instant (epoch seconds)."""
    n_products, n_variants = len(PRODUCTS), len(CATALOGUE.sku)
    codes = [market.code for market in MARKETS]
    product_place = np.tile(np.arange(n_products), 2)
    variant_place = np.tile(np.arange(n_variants), 2)
    product_market = np.repeat([0, 1], n_products)
    variant_market = np.repeat([0, 1], n_variants)
    products = {
        "market": [codes[m] for m in product_market],
        "product_id": PRODUCT_BASE + product_market * MARKET_STEP + product_place * ID_STEP,
        "title": [PRODUCTS[p][0] for p in product_place],
        "handle": [handle(PRODUCTS[p][0]) for p in product_place],
        "product_type": [PRODUCTS[p][1] for p in product_place],
        "created_at": instants(np.full(2 * n_products, start)),
    }
    variants = {
        "market": [codes[m] for m in variant_market],
        "variant_id": CATALOGUE.variant_id(variant_market, variant_place),
        "product_id": CATALOGUE.product_id(variant_market, variant_place),
        "inventory_item_id": INVENTORY_BASE
        + variant_market * MARKET_STEP
        + variant_place * ID_STEP,
        "sku": [CATALOGUE.sku[v] for v in variant_place],
        "title": [CATALOGUE.title[v] for v in variant_place],
        "display_name": [CATALOGUE.display[v] for v in variant_place],
        "price": CATALOGUE.price.ravel(),
        "unit_cost": CATALOGUE.cost.ravel(),
    }
    return {
        "products": arrow(tables.PRODUCTS, products),
        "variants": arrow(tables.VARIANTS, variants),
    }
