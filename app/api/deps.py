"""What endpoints ask for, as types: signatures read as prose."""

from typing import Annotated, cast
from uuid import UUID

from fastapi import Depends, Header, Path, Query, Request

from app.auth.accounts import Accounts
from app.auth.user import User
from app.documents.listing import DocumentReader
from app.feed.feed import Feed
from app.feed.reader import FeedReader
from app.households.listing import HouseholdReader
from app.jobs.files import FileStore
from app.jobs.registry import Registry
from app.jobs.service import JobService
from app.plays.listing import PlayReader
from app.schedules.service import Schedules
from app.services import Services
from app.settings import Settings
from app.webhooks.store import WebhookStore

#: Most items on one page of a list.
MOST = 200


def _settings(request: Request) -> Settings:
    return cast(Settings, request.app.state.settings)


def _registry(request: Request) -> Registry:
    return cast(Registry, request.app.state.registry)


def _jobs(request: Request) -> JobService:
    return _services(request).jobs


def _accounts(request: Request) -> Accounts:
    return cast(Accounts, request.app.state.accounts)


def _services(request: Request) -> Services:
    return cast(Services, request.app.state.services)


def _files(request: Request) -> FileStore:
    return _services(request).files


def _households(request: Request) -> HouseholdReader:
    return HouseholdReader(_services(request).database.engine)


def _documents(request: Request) -> DocumentReader:
    return DocumentReader(_services(request).database.engine)


def _feed(request: Request) -> Feed:
    return cast(Feed, request.app.state.feed)


def _live_reader(request: Request) -> FeedReader:
    return FeedReader(_services(request).database.engine)


def _plays(request: Request) -> PlayReader:
    return PlayReader(_services(request).database.engine)


def _webhooks(request: Request) -> WebhookStore:
    services = _services(request)
    return WebhookStore(services.database.engine, services.clock)


def _schedules(request: Request) -> Schedules:
    return _services(request).schedules


def _user(request: Request) -> User:
    # Set by the route when it admitted the caller; an operation that is public has no user.
    return cast(User, request.state.user)


def client_address(request: Request) -> str | None:
    """Return where the client is; behind a proxy that the server trusts, what the proxy says."""
    return request.client.host if request.client else None


def _limit(
    request: Request,
    limit: Annotated[int | None, Query(ge=1, le=MOST, description="Most items on the page.")] = None,
) -> int:
    return limit if limit is not None else _settings(request).list_limit


CurrentSettings = Annotated[Settings, Depends(_settings)]
JobTypes = Annotated[Registry, Depends(_registry)]
Jobs = Annotated[JobService, Depends(_jobs)]
AllAccounts = Annotated[Accounts, Depends(_accounts)]
AllSchedules = Annotated[Schedules, Depends(_schedules)]
Files = Annotated[FileStore, Depends(_files)]
Households = Annotated[HouseholdReader, Depends(_households)]
Documents = Annotated[DocumentReader, Depends(_documents)]
Webhooks = Annotated[WebhookStore, Depends(_webhooks)]
LiveFeed = Annotated[Feed, Depends(_feed)]
LiveReader = Annotated[FeedReader, Depends(_live_reader)]
Plays = Annotated[PlayReader, Depends(_plays)]
#: Everything that the process has open.
Everything = Annotated[Services, Depends(_services)]
ClientAddress = Annotated[str | None, Depends(client_address)]
CurrentUser = Annotated[User, Depends(_user)]
#: The caller's page size, or the setting's.
Limit = Annotated[int, Depends(_limit)]
Cursor = Annotated[
    str | None,
    Query(
        min_length=1,
        max_length=500,
        pattern="^[A-Za-z0-9_-]+$",
        description="`next_cursor` of the page before, as it is. It belongs to the filters that it came with.",
    ),
]
#: Chosen by the client, so that it can send a request again that it has had no answer to.
IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=255,
        pattern="^[!-~]+$",
        description="A name for this request, made by you, such as a UUID. The same request with the same key "
        "creates one job, however often it is sent.",
        examples=["7c1d6a52-9a5e-4c1b-8f0e-3f5a2f6f9b11"],
    ),
]
JobId = Annotated[UUID, Path(description="The job's id.", examples=["0d5b2c1e-7a34-4f5d-9b1a-3c8e2f6a9d10"])]
