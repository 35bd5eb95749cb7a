"""Access tokens: JSON Web Tokens that say who the bearer is, and nothing else."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

import jwt

from app.problems import NotAuthenticated

#: The one algorithm. Pinned on reading: a token cannot choose its own.
ALGORITHM = "HS256"
ISSUER = AUDIENCE = "jobs"
_CLAIMS = ["sub", "gen", "iat", "exp", "iss", "aud"]


@dataclass(frozen=True)
class AccessToken:
    """A signed token and when it ends."""

    text: str
    expires_at: datetime


@dataclass(frozen=True)
class Bearer:
    """What a valid token says."""

    user_id: UUID
    generation: int
    expires_at: datetime


class Tokens:
    """Issues and reads access tokens under one signing key.

    The role is not in the token: it is read from the user's row at each request, so a change takes effect at once. The
    generation is: a token of an older one than the row's is void.
    """

    def __init__(self, secret: bytes, *, lifetime: timedelta, now: Callable[[], datetime] | None = None) -> None:
        self._secret = secret
        self._lifetime = lifetime
        self._now = now or (lambda: datetime.now(UTC))

    def issue(self, user_id: UUID, generation: int = 0) -> AccessToken:
        """Return a token for a user, valid from now on until it expires or the user has another generation."""
        issued = self._now().replace(microsecond=0)
        expires = issued + self._lifetime
        claims = {
            "sub": str(user_id), "gen": generation, "iat": issued, "exp": expires, "iss": ISSUER, "aud": AUDIENCE,
        }  # fmt: skip
        return AccessToken(jwt.encode(claims, self._secret, algorithm=ALGORITHM), expires)

    @property
    def now(self) -> datetime:
        """The time by which tokens expire."""
        return self._now()

    def read(self, text: str) -> Bearer:
        """Return whose token this is, of which generation, and until when.

        Raises:
            NotAuthenticated: it is expired, forged, unsigned, or no token at all.
        """
        try:
            claims = jwt.decode(
                text,
                self._secret,
                algorithms=[ALGORITHM],
                issuer=ISSUER,
                audience=AUDIENCE,
                options={"require": _CLAIMS, "verify_exp": False, "verify_iat": False},
            )
            user_id, generation, expires = UUID(claims["sub"]), int(claims["gen"]), float(claims["exp"])
        except (jwt.InvalidTokenError, ValueError, TypeError, UnicodeError):
            raise not_authenticated("The access token is not one that this service signed.") from None
        # Checked here because the library reads the machine's clock itself.
        if expires <= self._now().timestamp():
            raise not_authenticated("The access token has expired.")
        return Bearer(user_id, generation, datetime.fromtimestamp(expires, UTC))


def not_authenticated(detail: str) -> NotAuthenticated:
    """Return the problem with the header that HTTP asks for."""
    return NotAuthenticated(detail, headers={"WWW-Authenticate": "Bearer"})
