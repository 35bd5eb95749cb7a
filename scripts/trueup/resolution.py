"""What a piece of inline code turned out to be."""

from dataclasses import dataclass

from trueup.facts import Fact


@dataclass(frozen=True)
class Resolution:
    """The facts that a piece of inline code names, or what is wrong with it (`code` is a finding's code)."""

    facts: tuple[Fact, ...] = ()
    code: str = ""
    message: str = ""
    mend: str = ""

    @property
    def wrong(self) -> bool:
        """Whether this is a problem rather than a match."""
        return bool(self.code)


KNOWN = Resolution()
"""Fine, and naming no fact: a literal, or a word of the vocabulary."""


def wrong(code: str, message: str, suggestion: str | None = None) -> Resolution:
    """A problem; `suggestion` becomes "did you mean …?"."""
    return Resolution(code=code, message=message, mend=f"did you mean {suggestion}?" if suggestion else "")
