"""Figures that move after their day: how advertising matures and how posts gather attention.

Belongs here: exact integer rules from a final figure and an age to what is shown. Does not: clocks.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa


def restate(final: pa.Table, age_days: int | np.ndarray) -> pa.Table:
    """The figures of `ad_cells`-shaped rows as served when their day has been closed `age_days` days.

    Age 0 is the first day after it closed; a negative age is a day still open. Spend, impressions
    and clicks are final from age 2, claimed purchases and their value from age 7. Each figure only
    ever grows. Rows are restated one by one, so any roll-up of restated rows ties exactly.
    """
    raise NotImplementedError
