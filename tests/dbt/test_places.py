"""Which country and province each source means, whatever it calls them."""

from __future__ import annotations

import duckdb
import pycountry
import pytest
from dbt_warehouse import Warehouse

CASES = {
    "ID": "ID",
    "id": "ID",
    "Indonesia": "ID",
    "IDN": "ID",
    "UK": "GB",
    "EIRE": "IE",
    "Türkiye": "TR",
    "Turkey": "TR",
    "Côte d’Ivoire": "CI",
    "Cote d'Ivoire": "CI",
    "Bosnia & Herzegovina": "BA",
    "Hong Kong": "HK",
    "Myanmar (Burma)": "MM",
    "(not set)": "(not set)",
    "European Community": "European Community",
    None: None,
}

# (country, province), by the name that it is told under.
PROVINCES = {
    ("ID", "Jawa Barat"): "West Java",  # Shopify
    ("ID", "JB"): "West Java",  # WooCommerce
    ("ID", "JAWA BARAT"): "West Java",  # marketplaces
    ("ID", "West Java"): "West Java",  # Google, Meta
    ("ID", "Special Region of Yogyakarta"): "Yogyakarta",
    ("US", "CA"): "California",
    ("ID", "Baden"): "Baden",
    ("DE", "JB"): "JB",
    ("ID", ""): None,
    (None, "West Java"): "West Java",
}


def codes(rules: Warehouse, told: list[str | None]) -> list[str | None]:
    """What the macro makes of these, in their order."""
    query = rules.compiled(
        "select {{ country_code('country') }} from"
        " (select unnest($told) as country, unnest(range($many)) as number) as told order by number"
    )
    found = duckdb.execute(query, {"told": told, "many": len(told)}).fetchall()
    return [row[0] for row in found]


def test_a_country_has_one_code_whatever_it_is_called(rules: Warehouse) -> None:
    assert dict(zip(CASES, codes(rules, list(CASES)), strict=True)) == CASES


@pytest.mark.parametrize("spelling", ["alpha_2", "alpha_3", "name"])
def test_every_country_is_known_as_iso_has_it(rules: Warehouse, spelling: str) -> None:
    iso = {getattr(country, spelling): country.alpha_2 for country in pycountry.countries}
    assert dict(zip(iso, codes(rules, list(iso)), strict=True)) == iso


def test_no_name_is_of_two_countries(rules: Warehouse) -> None:
    names = rules.compiled(
        "{% for code, names in countries().items() %}{% for name in [code | lower] + names %}"
        "{{ name }}\n{% endfor %}{% endfor %}"
    ).split("\n")
    assert len(names) > 500
    assert sorted(names) == sorted(set(names))


def test_a_province_has_one_name_whatever_it_is_called(rules: Warehouse) -> None:
    query = rules.compiled(
        "select {{ state_name('country', 'province') }}"
        " from (select $country::varchar as country, $province as province) as told"
    )
    found = [
        duckdb.execute(query, {"country": country, "province": province}).fetchall()[0][0]
        for country, province in PROVINCES
    ]
    assert dict(zip(PROVINCES, found, strict=True)) == PROVINCES
