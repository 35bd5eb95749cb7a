"""Which methods a path has, for the header ``Allow``."""

import re
from collections.abc import Sequence

from fastapi.routing import iter_route_contexts
from starlette.routing import BaseRoute


class Methods:
    """The methods of each path. The framework itself names those of one of the routes that share a path."""

    def __init__(self, routes: Sequence[BaseRoute]) -> None:
        self._routes: list[tuple[re.Pattern[str], set[str]]] = []
        for context in iter_route_contexts(routes):
            pattern = getattr(context, "path_regex", None)
            if pattern is not None and context.methods:
                self._routes.append((pattern, context.methods))

    def of(self, path: str) -> list[str]:
        """Return the methods of ``path``, by name."""
        return sorted({method for pattern, methods in self._routes if pattern.match(path) for method in methods})
