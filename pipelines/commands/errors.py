"""Errors that a person at a terminal can mend, and how they are told.

Belongs here: the list of them. Does not: raising any.
"""

from __future__ import annotations

from pydantic import ValidationError

from pipelines.commands.sandbox import SandboxError
from pipelines.connectors.errors import SourceError
from pipelines.defs.dbt import DbtParseError
from pipelines.defs.resources import SourceOffError
from pipelines.serving.lock import WarehouseBusyError
from pipelines.serving.publish import PublishError


class UsageError(ValueError):
    """What was asked for does not exist; the message lists what does."""


EXPECTED = (
    UsageError,
    ValidationError,
    SandboxError,
    SourceError,
    SourceOffError,
    DbtParseError,
    WarehouseBusyError,
    PublishError,
    FileExistsError,
)


def explain(error: Exception) -> str:
    """The error in words, without the values of settings, which may be secret."""
    if isinstance(error, ValidationError):
        return "; ".join(
            ": ".join([*map(str, each["loc"]), each["msg"].removeprefix("Value error, ")])
            for each in error.errors(include_input=False, include_url=False)
        )
    return str(error)
