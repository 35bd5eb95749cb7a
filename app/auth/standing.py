"""Whether users are still what they were when a long answer to them began."""

import asyncio
import math
from collections.abc import Mapping
from uuid import UUID

from app.auth.permissions import Permission
from app.auth.store import UserStore
from app.auth.user import User

#: Seconds for which what is known of the users counts as fresh.
FRESH_SECONDS = 5.0


class Standing:
    """Knows the users as they are now. However many streams ask, the users are read once within ``FRESH_SECONDS``."""

    def __init__(self, users: UserStore) -> None:
        self._users = users
        self._known: Mapping[UUID, User] = {}
        self._read_at = -math.inf
        self._reading = asyncio.Lock()

    async def holds(self, user: User, permission: Permission) -> bool:
        """Tell whether tokens of ``user``, as known before, are good still, and the role has ``permission``."""
        async with self._reading:
            now = asyncio.get_running_loop().time()
            if now - self._read_at >= FRESH_SECONDS:
                self._known, self._read_at = {one.id: one for one in await self._users.all()}, now
        present = self._known.get(user.id)
        if present is None or present.disabled_at is not None or present.generation != user.generation:
            return False
        return present.may(permission)
