"""What a step returns, under a name that both Dagster and the type checker accept.

Belongs here: that name. Dagster tells a step with checks by the bare class in its annotation, and
does not know the class with its parameter; the type checker wants the parameter.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import dagster as dg

if TYPE_CHECKING:
    Materialized: TypeAlias = dg.MaterializeResult[Any]
else:
    Materialized = dg.MaterializeResult
