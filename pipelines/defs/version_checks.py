"""The checks that tell of API versions before their platforms switch them off, one per source.

Belongs here: turning a judgement into a verdict. Does not: which version ends when
(`connectors.versions`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import dagster as dg

from pipelines.connectors.health import Finding, State
from pipelines.connectors.registry import version_of
from pipelines.connectors.stream import Stream
from pipelines.connectors.versions import APIS
from pipelines.defs.lake import KEY
from pipelines.defs.resources import Workspace

SEVERITY = {
    State.OK: dg.AssetCheckSeverity.WARN,
    State.WARN: dg.AssetCheckSeverity.WARN,
    State.BAD: dg.AssetCheckSeverity.ERROR,
}


def version_checks(streams: Sequence[Stream]) -> list[dg.AssetChecksDefinition]:
    """A check for each source of these streams, on the lake's manifest, which is made each day.

    They are one step, since a step of its own costs more than all the judgements.
    """
    sources = sorted({stream.source for stream in streams} & set(APIS))
    if not sources:
        return []
    specs = [
        dg.AssetCheckSpec(
            check_name(source),
            asset=KEY,
            description=f"The configured API version of {source} is served for two months more.",
        )
        for source in sources
    ]

    @dg.multi_asset_check(name="api_versions", specs=specs)
    def api_versions(workspace: dg.ResourceParam[Workspace]) -> Iterable[dg.AssetCheckResult]:
        yield from results(workspace, sources)

    return [api_versions]


def check_name(source: str) -> str:
    """The name of a source's check."""
    return f"api_version_{source}"


def results(workspace: Workspace, sources: Iterable[str]) -> Iterator[dg.AssetCheckResult]:
    """The verdict on each source; one that is off needs no version."""
    today = workspace.settings.now().date()
    for name in sources:
        source = workspace.platforms.get(name)
        found = version_of(source, today) if source else None
        yield _result(name, found or Finding("API version", State.OK, "The source is off"))


def _result(source: str, found: Finding) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        asset_key=KEY,
        check_name=check_name(source),
        passed=found.state is State.OK,
        severity=SEVERITY[found.state],
        description=" ".join(text for text in (f"{found.detail}.", found.remedy) if text),
    )
