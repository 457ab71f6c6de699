"""Metrics as a tool asks for them: MetricFlow writes the SQL, the published marts answer.

Belongs here: asking. Does not: what a metric is (`dbt_project/models/semantic`).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from dbt_warehouse import Warehouse
from metricflow.engine.metricflow_engine import MetricFlowEngine, MetricFlowQueryRequest
from metricflow.protocols.sql_client import SqlEngine
from metricflow.sql.render.duckdb_renderer import DuckDbSqlPlanRenderer
from metricflow_semantics.model.dbt_manifest_parser import (
    parse_manifest_from_dbt_generated_manifest,
)
from metricflow_semantics.model.semantic_manifest_lookup import SemanticManifestLookup


class Client:
    """What MetricFlow must know of the database to write SQL for it."""

    sql_engine_type = SqlEngine.DUCKDB
    sql_plan_renderer = DuckDbSqlPlanRenderer()

    def render_bind_parameter_key(self, key: str) -> str:
        return f"${key}"


class Metrics:
    """The metrics of a built warehouse."""

    def __init__(self, warehouse: Warehouse) -> None:
        path: Path = warehouse.target / "semantic_manifest.json"
        self.manifest = parse_manifest_from_dbt_generated_manifest(path.read_text())
        lookup = SemanticManifestLookup(self.manifest)
        self._engine = MetricFlowEngine(semantic_manifest_lookup=lookup, sql_client=Client())  # type: ignore[arg-type]
        self._warehouse = warehouse

    def ask(self, *metrics: str, by: tuple[str, ...] = ()) -> list[tuple[Any, ...]]:
        """Rows of these metrics by those dimensions, which come first."""
        return self._answer(
            MetricFlowQueryRequest.create(metric_names=metrics, group_by_names=by or None)
        )

    def saved(self, name: str) -> list[tuple[Any, ...]]:
        """Rows of a saved query."""
        return self._answer(MetricFlowQueryRequest.create(saved_query_name=name))

    def _answer(self, request: MetricFlowQueryRequest) -> list[tuple[Any, ...]]:
        explained = self._engine.explain(request)
        return self._warehouse.rows(explained.sql_statement.without_descriptions.sql)
