"""Paths as SQL would count them, and a published sample of them.

The sample comes with the package mta 0.0.9 (MIT, `mta/data/data.csv.gz`; ChannelAttribution ships
the same 10,000 rows): 88,387 paths over twelve channels, of which 19,785 convert. It is kept here
as counted, in which form nothing of a path is lost that a first-order chain or a set looks at.
"""

from __future__ import annotations

import itertools
from collections import Counter

import pyarrow as pa

CHANNELS = (
    "alpha", "beta", "delta", "epsilon", "eta", "gamma", "iota", "kappa", "lambda", "mi", "theta",
    "zeta",
)  # fmt: skip

# From each channel, to each channel in that order, then to conversion and to null.
_STEPS = """
(start)   28846 12119     3   435 14213   696 20427   305  3837     8  7391   107     0     0
alpha    102922  1965     3  1138  2341   197  6202   277  2128     0  3484   507  8447 29945
beta       3414 14031     3   393 10583   108  4873   134   789     0  1899   410   989  3392
delta         0     7     0     0     0     0     3     2     8     0     0     0     5    17
epsilon    1064   278     0   637   486    40   601    63   355     0   322   150   531  1692
eta        4608  4513     8  1071  8511    75  3122   353   807     0  1602   341  4167 14205
gamma       364   132     0    23   141   186   269     0   106     0   128    17    92   330
iota       7889  5216     3  1171  4392   282 32974   550  2740     7  4054  1566  3355 11963
kappa       276   123     0    60   238    12   337   470   261     0   190    48   230   716
lambda     2122   590    11   469   567    75  1622   455  7558     0  1048   232  1207  3919
mi            0     0     0     0     0     0     7     0     0     0     0     0     2     6
theta      7352  1702     7   648  1618   110  4670   309   982     0  2466   243   653  2072
zeta        699   342     4   174   293     7  1055    43   304     0   248   737   107   345
"""

# Of the paths that touch none but the six channels of most paths: set, conversions, paths.
_SETS = """
alpha 5742 26325
beta 545 2509
eta 1958 9034
iota 1424 6748
lambda 440 1858
theta 3 10
alpha beta 164 670
alpha eta 443 1969
alpha iota 815 3810
alpha lambda 56 274
alpha theta 504 2486
beta eta 864 3733
beta iota 366 1574
beta lambda 44 187
beta theta 130 568
eta iota 405 1688
eta lambda 71 280
eta theta 161 668
iota lambda 206 900
iota theta 338 1558
lambda theta 14 72
alpha beta eta 217 922
alpha beta iota 151 635
alpha beta lambda 36 143
alpha beta theta 66 252
alpha eta iota 131 551
alpha eta lambda 24 92
alpha eta theta 75 304
alpha iota lambda 113 499
alpha iota theta 445 2089
alpha lambda theta 55 242
beta eta iota 290 1206
beta eta lambda 24 119
beta eta theta 84 348
beta iota lambda 44 173
beta iota theta 109 422
beta lambda theta 18 68
eta iota lambda 33 142
eta iota theta 57 243
eta lambda theta 12 53
iota lambda theta 65 272
alpha beta eta iota 137 555
alpha beta eta lambda 13 57
alpha beta eta theta 61 251
alpha beta iota lambda 31 133
alpha beta iota theta 66 275
alpha beta lambda theta 9 32
alpha eta iota lambda 20 80
alpha eta iota theta 55 210
alpha eta lambda theta 10 43
alpha iota lambda theta 43 188
beta eta iota lambda 26 104
beta eta iota theta 78 306
beta eta lambda theta 6 22
beta iota lambda theta 14 57
eta iota lambda theta 2 17
alpha beta eta iota lambda 21 74
alpha beta eta iota theta 47 190
alpha beta eta lambda theta 3 17
alpha beta iota lambda theta 8 37
alpha eta iota lambda theta 20 81
beta eta iota lambda theta 11 45
alpha beta eta iota lambda theta 18 74
"""


def counted_steps(steps):
    """A table of transitions from (from, to, count)."""
    columns = list(zip(*steps, strict=True)) or [[], [], []]
    types = (pa.string(), pa.string(), pa.int64())
    names = ("from_state", "to_state", "count")
    return pa.table(
        {
            name: pa.array(column, kind)
            for name, column, kind in zip(names, columns, types, strict=True)
        }
    )


def transitions(paths):
    """The transitions of (channels, conversions, paths) each."""
    steps = Counter()
    for channels, conversions, all_ in paths:
        for end, count in (("(conversion)", conversions), ("(null)", all_ - conversions)):
            for step in itertools.pairwise(["(start)", *channels, end]):
                steps[step] += count
    return counted_steps([(*step, count) for step, count in steps.items() if count])


def channel_sets(paths):
    """The channel sets of (channels, conversions, paths) each."""
    found = {}
    for channels, conversions, all_ in paths:
        group = found.setdefault(tuple(sorted(set(channels))), [0, 0])
        group[0] += conversions
        group[1] += all_
    return pa.table(
        {
            "channels": pa.array([list(key) for key in found], pa.list_(pa.string())),
            "conversions": pa.array([group[0] for group in found.values()], pa.int64()),
            "paths": pa.array([group[1] for group in found.values()], pa.int64()),
        }
    )


def published_transitions():
    """The sample's transitions."""
    rows = [line.split() for line in _STEPS.strip().splitlines()]
    ends = (*CHANNELS, "(conversion)", "(null)")
    return counted_steps(
        [
            (before, after, int(count))
            for before, *counts in rows
            for after, count in zip(ends, counts, strict=True)
        ]
    )


def published_sets():
    """The sets of the sample's six most used channels."""
    rows = [line.split() for line in _SETS.strip().splitlines()]
    return channel_sets((names, int(some), int(all_)) for *names, some, all_ in rows)
