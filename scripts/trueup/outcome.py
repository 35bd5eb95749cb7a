"""What a slow check hands back."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from trueup.findings import Finding


@dataclass(frozen=True)
class CheckResult:
    """Findings, how much was looked at, and further figures by name for the report."""

    findings: tuple[Finding, ...]
    counted: int
    figures: Mapping[str, int] = field(default_factory=dict)
