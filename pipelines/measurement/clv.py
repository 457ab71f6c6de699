"""What customers will be worth: how often they will buy again, times what they spend, discounted.

Belongs here: the value, its interval and the decile of each customer, and the account of both
models that they come from. Does not: the models (`bgnbd`, `gamma_gamma`), how orders become a
customer's figures (SQL), where the results are kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.measurement.bgnbd import BgNbd, fit_bgnbd
from pipelines.measurement.customers import Customers
from pipelines.measurement.fitting import Fit, Refused, deviations, log_slopes
from pipelines.measurement.gamma_gamma import GammaGamma, fit_gamma_gamma
from pipelines.measurement.numerics import Vector, distinct

__all__ = ["Customers", "Unit", "Valuation", "deciles", "fit_bgnbd", "fit_gamma_gamma", "value"]

Unit: TypeAlias = Literal["days", "weeks"]

# A month is a twelfth of the mean year of 365.25 days.
UNITS_PER_MONTH = {"days": 365.25 / 12, "weeks": 365.25 / 12 / 7}
MONEY = pa.decimal128(18, 4)
# The upper end of an interval that knows no bounds: what MONEY holds.
_MOST_MONEY = 1e13
# Of an interval's logarithm, to either side: a number still.
_WIDEST = 700.0

CUSTOMERS = pa.schema(
    [
        ("person_id", pa.string()),
        ("probability_alive", pa.float64()),
        ("expected_purchases", pa.float64()),
        ("expected_purchase_value", MONEY),
        ("clv", MONEY),
        ("clv_low", MONEY),
        ("clv_high", MONEY),
        ("decile", pa.int8()),
    ]
)
MODELS = pa.schema(
    [
        ("model", pa.string()),
        ("parameter", pa.string()),
        ("estimate", pa.float64()),
        ("low", pa.float64()),
        ("high", pa.float64()),
        ("customers", pa.int64()),
        ("log_likelihood", pa.float64()),
        ("refused", pa.string()),
    ]
)


@dataclass(frozen=True)
class Horizon:
    """So many months ahead, each month's purchases discounted to today from its end."""

    months: int
    monthly_discount: float
    unit: Unit

    def __post_init__(self) -> None:
        if self.unit not in UNITS_PER_MONTH:
            raise ValueError(f"unknown unit {self.unit!r}; known: {', '.join(UNITS_PER_MONTH)}")
        if self.months < 1:
            raise ValueError(f"months must be at least 1, not {self.months}")
        if self.monthly_discount < 0:
            raise ValueError(
                f"monthly_discount must not be below 0, but is {self.monthly_discount}"
            )

    @property
    def ends(self) -> Vector:
        """When each month ends, in the unit of time, from today."""
        return self._numbers * UNITS_PER_MONTH[self.unit]

    @property
    def weights(self) -> Vector:
        """What money at each month's end is worth today."""
        return np.asarray(np.exp(-self._numbers * np.log1p(self.monthly_discount)))

    @property
    def _numbers(self) -> Vector:
        return np.arange(1, self.months + 1).astype(np.float64)


@dataclass(frozen=True)
class Valuation:
    """What was found: `customers` as CUSTOMERS, in the order given, and `models` as MODELS.

    Where a model was refused, what depends on it is NULL and `models.refused` holds the reason.
    """

    customers: pa.Table
    models: pa.Table


def value(
    table: pa.Table,
    *,
    unit: Unit,
    months: int,
    monthly_discount: float,
    confidence: float = 0.9,
) -> Valuation:
    """The value of each customer of a table (see `Customers.of`) over the coming months.

    `unit` is that of recency and age. Values are what `monetary` is: pass contribution margins for
    the margin that customers will bring, net revenue for their revenue, in one currency.
    Contradictory figures raise ValueError; too little data is no error but a refusal, told in the
    result.
    """
    horizon = Horizon(months, monthly_discount, unit)
    customers = Customers.of(table)
    rates, spending = fit_bgnbd(customers), fit_gamma_gamma(customers)
    columns = {"person_id": customers.person_id}
    if isinstance(spending, Fit):
        columns["expected_purchase_value"] = _money(_spending(spending, customers))
    if isinstance(rates, Fit):
        ahead = _ahead(rates, customers, horizon)
        columns["probability_alive"] = pa.array(ahead.alive)
        columns["expected_purchases"] = pa.array(ahead.purchases)
        if isinstance(spending, Fit):
            columns |= _worth(ahead, spending, customers, confidence)
    return Valuation(
        pa.table([_column(columns, field, table.num_rows) for field in CUSTOMERS], CUSTOMERS),
        pa.Table.from_pylist(
            _account("bgnbd", BgNbd._fields, rates, confidence)
            + _account("gamma_gamma", GammaGamma._fields, spending, confidence),
            MODELS,
        ),
    )


class _Ahead(NamedTuple):
    """What is expected of each customer within the horizon.

    `discounted` weighs each month's purchases; `variance` is that of its logarithm.
    """

    alive: Vector
    purchases: Vector
    discounted: Vector
    variance: Vector


def _ahead(rates: Fit[BgNbd], customers: Customers, horizon: Horizon) -> _Ahead:
    (x, recency, age), place, _ = distinct(customers.history)

    def discounted(model: BgNbd) -> Vector:
        within = model.purchases(x, recency, age, horizon.ends)
        return horizon.weights @ np.diff(within, axis=0, prepend=0.0)

    model = rates.model
    purchases = model.purchases(x, recency, age, horizon.ends[-1:])[0]
    figures = _Ahead(
        model.alive(x, recency, age),
        purchases,
        discounted(model),
        rates.variance(log_slopes(discounted, model)),
    )
    return _Ahead(*(figure[place] for figure in figures))


def _spending(spending: Fit[GammaGamma], customers: Customers) -> Vector:
    return spending.model.value(customers.frequency, customers.monetary)


def _worth(
    ahead: _Ahead, spending: Fit[GammaGamma], customers: Customers, confidence: float
) -> dict[str, pa.Array]:
    """Value, interval and decile.

    Purchases and spending are fitted apart, so the variances of their logarithms add up.
    """
    slopes = spending.model.slopes(customers.frequency, customers.monetary)
    spread = np.sqrt(ahead.variance + spending.variance(slopes))
    wide = np.exp(np.minimum(deviations(confidence) * spread, _WIDEST))
    worth = ahead.discounted * _spending(spending, customers)
    clv = _money(worth)
    return {
        "clv": clv,
        "clv_low": _money(worth / wide),
        "clv_high": _money(np.minimum(worth * wide, _MOST_MONEY)),
        "decile": deciles(clv, customers.person_id),
    }


def deciles(values: pa.Array, person_id: pa.ChunkedArray) -> pa.Array:
    """1 … 10 by rising value, 10 the highest; of equal values the lower person_id comes first.

    As SQL's `ntile(10)`: what is over after division by ten goes to the lowest deciles.
    """
    order = pc.sort_indices(
        pa.table({"value": values, "person_id": person_id}),
        [("value", "ascending"), ("person_id", "ascending")],
    )
    tenths = np.array_split(np.asarray(order), 10)
    found = np.empty(len(values), np.int8)
    for decile, rows in enumerate(tenths, 1):
        found[rows] = decile
    return pa.array(found)


def _money(amounts: Vector) -> pa.Array:
    return pa.array(amounts).cast(MONEY)


def _column(columns: dict[str, Any], field: pa.Field, rows: int) -> Any:
    """The column in its declared type, NULL throughout if it was not found."""
    if field.name not in columns:
        return pa.nulls(rows, field.type)
    return columns[field.name].cast(field.type)


def _account(
    name: str, parameters: tuple[str, ...], fit: Fit[Any] | Refused, confidence: float
) -> list[dict[str, object]]:
    """A row for each parameter of a model."""
    rows: list[dict[str, object]] = [{"model": name, "parameter": each} for each in parameters]
    for row, parameter in zip(rows, parameters, strict=True):
        if isinstance(fit, Refused):
            row["refused"] = fit.reason
            continue
        low, high = fit.interval(parameter, confidence)
        row |= {"estimate": getattr(fit.model, parameter), "low": low}
        # Of a parameter that is known only together with another, the data say nothing.
        row["high"] = high if np.isfinite(high) else None
        row |= {"customers": fit.customers, "log_likelihood": fit.log_likelihood}
    return rows
