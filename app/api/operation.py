"""One operation of the API: its id, its permission, and every answer that it can give, in one place."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fastapi import Request
from pydantic import BaseModel

from app.auth.accounts import Session
from app.auth.permissions import BY_PERMISSION, Permission, Role, Scope
from app.auth.tokens import not_authenticated
from app.problems import (
    BodyTooLarge,
    DatabaseUnavailable,
    Forbidden,
    InternalError,
    InvalidRequest,
    MalformedBody,
    NotAuthenticated,
    Problem,
    UnsupportedMediaType,
)


@dataclass(frozen=True)
class Link:
    """Which operation can follow an answer, and which of its parameters come from that answer."""

    operation: str
    parameters: Mapping[str, str]
    summary: str


@dataclass(frozen=True)
class Operation:
    """What an operation promises; the OpenAPI document and the checks before the endpoint are made from it.

    Attributes:
        id: the operationId.
        summary: one line for lists of operations.
        permission: what the caller must be allowed; None: the operation is public.
        owned: whether the permission is asked for one job, so that its owner matters.
        status: the status of success.
        success: what success means.
        problems: what it can answer besides what its permission and its body imply.
        example: a body of success.
        requests: example bodies, each with ``summary`` and ``value``, by name.
        headers: headers of success, with their descriptions.
        links: what can follow, by name.
        raw: media types of a body that is taken as it is, instead of as JSON.
        also: other answers with a body of their own: status → meaning, model, example.
        texts: examples of success in other media types than JSON.
        stream: models of the messages, when success is a stream of server-sent events; ``example`` is then text.
        payload: the job type whose payload the body is.
        offline: whether it answers without the database.
        deprecated: whether there is another operation to use instead; the endpoint's docstring names it.
    """

    id: str
    summary: str
    permission: Permission | None
    owned: bool = False
    status: int = 200
    success: str = "Done."
    problems: tuple[type[Problem], ...] = ()
    example: Any = None
    requests: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    links: Mapping[str, Link] = field(default_factory=dict)
    raw: tuple[str, ...] = ()
    also: Mapping[int, tuple[str, type[BaseModel], Any]] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)
    stream: tuple[type[BaseModel], ...] = ()
    payload: str | None = None
    offline: bool = False
    deprecated: bool = False

    @property
    def forbids(self) -> bool:
        """Tell whether there is a role, or an owner, that this operation turns away."""
        if self.permission is None:
            return False
        scopes = {BY_PERMISSION[self.permission].scope(role) for role in Role}
        return Scope.NONE in scopes or (self.owned and Scope.OWN in scopes)

    def all_problems(self, *, body: bool) -> list[type[Problem]]:
        """Return every problem that it can answer, by status and code; ``body``: it takes one, JSON or raw."""
        found: set[type[Problem]] = {InvalidRequest, InternalError, *self.problems}
        if self.permission is not None:
            found.add(NotAuthenticated)
        if self.forbids:
            found.add(Forbidden)
        if body:
            found |= {BodyTooLarge, UnsupportedMediaType}
            if not self.raw:
                found.add(MalformedBody)
        if not self.offline:
            found.add(DatabaseUnavailable)
        return sorted(found, key=lambda kind: (kind.status, kind.code))

    async def admit(self, request: Request) -> None:
        """Let the caller of this operation pass, and note who it is, or not.

        Raises:
            NotAuthenticated: it needs a token, and there is no valid one.
            Forbidden: the caller's role does not have the permission at all.
        """
        if self.permission is None:
            return
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise not_authenticated("The request has no bearer token.")
        session: Session = await request.app.state.accounts.session(token.strip())
        user = session.user
        user.require(self.permission)
        request.state.user, request.state.signed_in_for = user, session.left
