"""Tables on the terminal, for the commands that look and tell.

Belongs here: how wide, and how a column is aligned. Does not: what is shown.
"""

from __future__ import annotations

import sys

from rich.console import Console
from rich.table import Table

WIDTH = 180


def wide_console() -> Console:
    """A console as wide as the terminal; where there is none, wide enough for these tables."""
    return Console(width=None if sys.stdout.isatty() else WIDTH)


def new_table(*names: str, title: str = "") -> Table:
    """A table of these columns; a name that begins with > is aligned to the right."""
    made = Table(title=title or None, title_justify="left", title_style="bold")
    for name in names:
        made.add_column(name.lstrip(">"), justify="right" if name.startswith(">") else "left")
    return made
