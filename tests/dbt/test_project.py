"""Rules of the dbt project that no build shows: what is described, and what SQL is portable."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from dbt_warehouse import PROJECT

from pipelines.defs.dbt import ASSERTIONS

MODELS = sorted((PROJECT / "models").rglob("*.sql"))
PYTHON_MODELS = sorted((PROJECT / "models").rglob("*.py"))
MARTS = [path for path in MODELS if path.parent.name == "marts"]
# What only one of DuckDB and Spark understands, or both understand differently.
ENGINE_SPECIFIC = {
    "distinct on": r"\bdistinct\s+on\b",
    "asof join": r"\basof\b",
    "union by name": r"\bby\s+name\b",
    "select * exclude/replace": r"\*\s*(exclude|replace)\b",
    "order by all": r"\border\s+by\s+all\b",
    "string_agg": r"\bstring_agg\b",
    "arg_max/arg_min": r"\barg_(max|min)\b",
    "quantile_cont": r"\bquantile_cont\b",
    "whole division": r"//",
    "ignore nulls": r"\bignore\s+nulls\b",
    "varchar": r"\bvarchar\b",
    "double-quoted identifier": r'"',
    "list literal": r"(?<![\w\])}])\[(?!\])",
    "unnest": r"\bunnest\b",
    "at time zone": r"\bat\s+time\s+zone\b",
    "qualify": r"\bqualify\b",
    "round": r"\bround\(",
    "division outside ratio": r"\s/\s",
}


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)
def test_models_keep_to_portable_sql(path: Path) -> None:
    sql = _sql_alone(path.read_text())
    found = [
        name for name, pattern in ENGINE_SPECIFIC.items() if re.search(pattern, sql, re.IGNORECASE)
    ]
    assert found == []


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)
def test_every_order_by_places_nulls(path: Path) -> None:
    sql = _sql_alone(path.read_text())
    keys = re.findall(
        r"\border\s+by\s+(.*?)(?=\n?\s*(?:rows\s+between|\)|$))", sql, re.DOTALL | re.IGNORECASE
    )
    unplaced = [key for keys_ in keys for key in _split(keys_) if "nulls" not in key.lower()]
    assert unplaced == []


def test_every_model_is_described() -> None:
    described = {model["name"] for model in _declared() if model.get("description")}
    assert {path.stem for path in (*MODELS, *PYTHON_MODELS)} == described


def test_a_fact_is_built_anew_under_any_other_setting() -> None:
    settings = (PROJECT / "macros" / "build" / "settings.sql").read_text()
    listed = set(re.findall(r"'(\w+)'", settings[settings.index("macro variables") :]))
    assert listed == set(yaml.safe_load((PROJECT / "dbt_project.yml").read_text())["vars"])


def test_every_column_of_a_mart_has_a_type_and_a_description() -> None:
    marts = {path.stem for path in MARTS}
    bare = [
        (model["name"], column["name"])
        for model in _declared()
        if model["name"] in marts
        for column in model["columns"]
        if not column.get("data_type") or not column.get("description")
    ]
    assert bare == []


def test_every_mart_has_a_unique_key() -> None:
    marts = {path.stem for path in MARTS}
    keyed = {
        model["name"]
        for model in _declared()
        for column in model.get("columns", [])
        if "unique" in column.get("data_tests", [])
    }
    assert marts <= keyed


def test_readme_lists_every_mart() -> None:
    readme = (PROJECT.parent / "README.md").read_text()
    assert [path.stem for path in MARTS if f"`{path.stem}`" not in readme] == []


def test_every_test_says_what_it_asserts() -> None:
    tests = sorted((PROJECT / "tests").glob("*.sql"))
    assert [path.stem for path in tests if not path.read_text().startswith("--")] == []
    generic = {
        test if isinstance(test, str) else next(iter(test))
        for model in _declared()
        for holder in (model, *model.get("columns", []))
        for test in holder.get("data_tests", [])
    }
    assert generic <= ASSERTIONS.keys()


def _declared() -> list[dict[str, Any]]:
    found = []
    for path in (PROJECT / "models").rglob("*.yml"):
        found += yaml.safe_load(path.read_text()).get("models", [])
    return found


def _sql_alone(text: str) -> str:
    """A model without comments, templates and texts: what the engine would read of it."""
    text = re.sub(r"\{#.*?#\}|\{%.*?%\}", " ", text, flags=re.DOTALL)
    text = re.sub(r"^\{\{ config\(.*?^\) \}\}", " ", text, flags=re.DOTALL | re.MULTILINE)
    text = re.sub(r"\{\{.*?\}\}", "x", text, flags=re.DOTALL)
    text = re.sub(r"--[^\n]*", "", text)
    return re.sub(r"'[^']*'", "''", text)


def _split(keys: str) -> list[str]:
    """The keys of an order by, parted at commas outside parentheses."""
    parts, depth, current = [], 0, ""
    for letter in keys:
        depth += (letter == "(") - (letter == ")")
        if letter == "," and depth == 0:
            parts.append(current.strip())
            current = ""
        else:
            current += letter
    return [*parts, current.strip()]
