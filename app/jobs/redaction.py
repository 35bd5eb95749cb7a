"""Payloads as those see them who may not see everything."""

from collections.abc import Iterable, Mapping
from typing import Any

#: What stands in the place of a value that is not shown.
REDACTED = "(redacted)"


def redacted(data: Mapping[str, Any], members: Iterable[str]) -> dict[str, Any]:
    """Return ``data`` without the values of ``members``, which are dotted names such as ``filters.zip``.

    What a member holds is hidden as a whole. A member that is absent, or null, is left as it is.
    """
    shown = dict(data)
    for member in members:
        name, _, rest = member.partition(".")
        value = shown.get(name)
        if rest and isinstance(value, Mapping):
            shown[name] = redacted(value, [rest])
        elif not rest and value is not None:
            shown[name] = REDACTED
    return shown
