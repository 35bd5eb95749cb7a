"""Which methods a path has, for the header ``Allow``."""

import re
from collections.abc import Sequence

from fastapi.routing import iter_route_contexts
from starlette.routing import BaseRoute
from starlette.types import Scope


class Methods:
    """The methods of each path. The framework itself names those of one of the routes that share a path."""

    def __init__(self, routes: Sequence[BaseRoute]) -> None:
        self._fixed: dict[str, set[str]] = {}
        self._patterns: list[tuple[re.Pattern[str], set[str]]] = []
        for context in iter_route_contexts(routes):
            pattern, path = getattr(context, "path_regex", None), context.path
            if pattern is None or path is None or not context.methods:
                continue
            # What answers GET answers HEAD too.
            methods = context.methods | ({"HEAD"} if "GET" in context.methods else set())
            self._patterns.append((pattern, methods))
            if "{" not in path:
                self._fixed.setdefault(path, set()).update(methods)

    def of(self, scope: Scope) -> list[str]:
        """Return the methods of a request's path, by name.

        A path without parameters hides a pattern that it would fit.
        """
        path: str = scope["path"].removeprefix(scope.get("root_path", ""))
        if path in self._fixed:
            return sorted(self._fixed[path])
        return sorted({method for pattern, methods in self._patterns if pattern.match(path) for method in methods})
