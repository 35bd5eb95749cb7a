"""Passwords, kept as Argon2 hashes."""

from functools import cached_property

import anyio
from anyio import CapacityLimiter
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

#: What a hash costs: the memory in KiB, and the passes over it. The least that OWASP recommends for Argon2id.
MEMORY_KIB, PASSES = 19 * 1024, 2

#: A hash costs tens of milliseconds; a flood of sign-ins may not take every thread and all memory.
AT_ONCE = 2

#: Fewest and most characters of a password.
MIN_LENGTH, MAX_LENGTH = 10, 200


class Passwords:
    """Hashes and checks passwords, a few at a time, off the event loop."""

    def __init__(self) -> None:
        self._argon2 = Argon2Hasher(time_cost=PASSES, memory_cost=MEMORY_KIB, parallelism=1)
        self._hasher = PasswordHash((self._argon2,))
        self._limiter = CapacityLimiter(AT_ONCE)

    async def hash(self, password: str) -> str:
        """Return the Argon2 hash of ``password``, salted."""
        return await anyio.to_thread.run_sync(self._hasher.hash, password, limiter=self._limiter)

    async def check(self, password: str, known: str | None) -> bool:
        """Tell whether ``password`` belongs to the hash ``known``.

        None stands for an unknown user: it takes as long as any other and is False, so that the time of an answer
        does not tell which names exist.
        """
        matches = await anyio.to_thread.run_sync(self._verify, password, known, limiter=self._limiter)
        return matches and known is not None

    def outdated(self, known: str) -> bool:
        """Tell whether the hash ``known`` was made at another cost than new ones are."""
        return self._argon2.check_needs_rehash(known)

    def _verify(self, password: str, known: str | None) -> bool:
        return self._hasher.verify(password, self._nobody if known is None else known)

    @cached_property
    def _nobody(self) -> str:
        return self._hasher.hash("the password of nobody")
