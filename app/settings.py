"""Every setting of the service, each with its type, default, range and help.

Settings are read from environment variables of the same name in capitals, and from a ``.env`` file in the working
directory. ``jobs settings`` prints them with their current values.
"""

import re
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Self

from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict
from pydantic import AfterValidator, Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from app.plays.rollout import Rollout


class LogFormat(StrEnum):
    """How log lines are written."""

    JSON = "json"
    CONSOLE = "console"


class LogLevel(StrEnum):
    """The least severe log lines that are written."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


def postgres_address(value: str) -> str:
    """Return ``value`` when libpq can read it as an address; sockets and further parameters are welcome."""
    if not value.startswith(("postgresql://", "postgres://")):
        raise ValueError("must start with postgresql://")
    try:
        conninfo_to_dict(value)
    except ProgrammingError as error:
        raise ValueError(str(error).strip()) from None
    return value


def redis_address(value: str) -> str:
    """Return ``value`` when it can be the address of a Redis: with TCP, with TLS, or a socket."""
    if not value.startswith(("redis://", "rediss://", "unix://")):
        raise ValueError("must start with redis://, rediss:// or unix://")
    return value


#: The password in an address, before the host or among its parameters.
_PASSWORD = re.compile(r"(://[^:@/?]*:)[^@/?]*(?=@)|([?&]password=)[^&]*")


def without_password(address: str) -> str:
    """Return an address as people may see it."""
    return _PASSWORD.sub(r"\1\2***", address)


class Settings(BaseSettings):
    """The settings of the service; unknown variables are ignored, bad values stop the start with their name."""

    model_config = SettingsConfigDict(env_file=".env", extra="ignore", frozen=True)

    data_dir: Path = Field(
        default=Path(".data"),
        description="Folder for everything the service keeps on disk: the embedded database, checkpoints, uploads.",
        json_schema_extra={"group": "storage"},
    )
    database_url: Annotated[str, AfterValidator(postgres_address)] | None = Field(
        default=None,
        description="PostgreSQL 14 or later. When it is not set, the service runs its own inside `data_dir`.",
        examples=["postgresql://jobs:secret@db.internal:5432/jobs"],
        json_schema_extra={"group": "storage"},
    )
    database_pool_size: int = Field(
        default=10,
        ge=2,
        le=200,
        description="Most connections that one process opens to the database for its own queries.",
        json_schema_extra={"group": "storage"},
    )
    redis_url: Annotated[str, AfterValidator(redis_address)] | None = Field(
        default=None,
        description="Redis 6.2 or later that holds the queue. When it is not set, the database holds it.",
        examples=["redis://:secret@redis.internal:6379/0"],
        json_schema_extra={"group": "storage"},
    )
    checkpoint_url: str | None = Field(
        default=None,
        description="Where checkpoints go: a folder, or any fsspec address. Not set: `checkpoints` in `data_dir`.",
        examples=["s3://bucket/checkpoints"],
        json_schema_extra={"group": "storage"},
    )

    host: str = Field(
        default="127.0.0.1",
        description="Address that the HTTP server listens on.",
        json_schema_extra={"group": "server"},
    )
    port: int = Field(
        default=8000,
        ge=1,
        le=65535,
        description="Port that the HTTP server listens on.",
        json_schema_extra={"group": "server"},
    )
    docs_url: str = Field(
        default="/",
        description="Address of the documentation site; problem details link to it.",
        examples=["https://docs.example.org/jobs/"],
        json_schema_extra={"group": "server"},
    )
    max_body_bytes: int = Field(
        default=1_048_576,
        ge=1024,
        description="Largest accepted JSON request body, in bytes.",
        json_schema_extra={"group": "server"},
    )
    max_upload_bytes: int = Field(
        default=268_435_456,
        ge=1024,
        description="Largest accepted uploaded file, in bytes.",
        json_schema_extra={"group": "server"},
    )
    log_format: LogFormat = Field(
        default=LogFormat.CONSOLE,
        description="How log lines are written: `json` for machines, `console` for people.",
        json_schema_extra={"group": "server"},
    )
    log_level: LogLevel = Field(
        default=LogLevel.INFO,
        description="Least severe log lines that are written.",
        json_schema_extra={"group": "server"},
    )

    jwt_secret: SecretStr | None = Field(
        default=None,
        min_length=32,
        description="Key that signs access tokens. When it is not set, one is made and kept in the database.",
        json_schema_extra={"group": "access"},
    )
    token_minutes: int = Field(
        default=60,
        ge=1,
        le=10_080,
        description="Minutes for which an access token is valid.",
        json_schema_extra={"group": "access"},
    )

    session_idle_minutes: int = Field(
        default=480,
        ge=1,
        le=43_200,
        description="Minutes without a request after which who is signed in with a browser has to sign in again.",
        json_schema_extra={"group": "access"},
    )
    session_hours: int = Field(
        default=72,
        ge=1,
        le=8_760,
        description="Hours after which who is signed in with a browser has to sign in again in any case.",
        json_schema_extra={"group": "access"},
    )

    sign_in_failures: int = Field(
        default=10,
        ge=0,
        le=10_000,
        description="Sign-ins with one name that may fail within `sign_in_minutes`; then others wait. 0: any number.",
        json_schema_extra={"group": "access"},
    )
    sign_in_address_failures: int = Field(
        default=100,
        ge=0,
        le=100_000,
        description="Sign-ins from one client address that may fail within `sign_in_minutes`. 0: any number.",
        json_schema_extra={"group": "access"},
    )
    sign_in_minutes: float = Field(
        default=15,
        ge=0.01,
        le=1_440,
        description="Minutes, from the first failed sign-in on, within which failures are counted together.",
        json_schema_extra={"group": "access"},
    )

    worker_count: int = Field(
        default=4,
        ge=0,
        le=256,
        description="Jobs that one process runs at the same time. 0: this process runs none.",
        json_schema_extra={"group": "workers"},
    )
    lease_seconds: float = Field(
        default=15,
        ge=1,
        le=600,
        description="Seconds for which a worker holds a job without renewing; then others may take it.",
        json_schema_extra={"group": "workers"},
    )
    heartbeat_seconds: float = Field(
        default=4,
        ge=0.2,
        le=200,
        description="Seconds between two renewals of the leases of a worker. At most a third of `lease_seconds`.",
        json_schema_extra={"group": "workers"},
    )
    reconcile_seconds: float = Field(
        default=5,
        ge=0.2,
        le=300,
        description="Seconds between two looks for expired leases and for pending jobs that the queue does not hold.",
        json_schema_extra={"group": "workers"},
    )
    schedule_seconds: float = Field(
        default=1,
        ge=0.1,
        le=60,
        description="Seconds between two looks for schedules that are due.",
        json_schema_extra={"group": "workers"},
    )
    aging_seconds: float = Field(
        default=600,
        ge=1,
        le=86_400,
        description="Seconds for which a due job waits behind jobs of a higher priority; then it comes before all.",
        json_schema_extra={"group": "workers"},
    )
    shutdown_seconds: float = Field(
        default=20,
        ge=0,
        le=600,
        description="Seconds that a stopping process gives its running jobs to reach a boundary.",
        json_schema_extra={"group": "workers"},
    )

    retention_completed_days: int = Field(
        default=0,
        ge=0,
        le=36_500,
        description="Days after which a completed job is deleted with everything that belongs to it. 0: it is kept.",
        json_schema_extra={"group": "retention"},
    )
    retention_failed_days: int = Field(
        default=0,
        ge=0,
        le=36_500,
        description="Days after which a failed job is deleted with everything that belongs to it. 0: it is kept.",
        json_schema_extra={"group": "retention"},
    )
    retention_cancelled_days: int = Field(
        default=0,
        ge=0,
        le=36_500,
        description="Days after which a cancelled job is deleted with everything that belongs to it. 0: it is kept.",
        json_schema_extra={"group": "retention"},
    )
    retention_deliveries_days: int = Field(
        default=0,
        ge=0,
        le=36_500,
        description="Days after which a message to a webhook that was delivered or given up is deleted. 0: it is kept.",
        json_schema_extra={"group": "retention"},
    )
    retention_minutes: float = Field(
        default=60,
        ge=0.01,
        le=1_440,
        description="Minutes between two looks for jobs and messages whose retention is over.",
        json_schema_extra={"group": "retention"},
    )

    history_days: int = Field(
        default=14,
        ge=1,
        le=366,
        description="Days for which it is kept, minute by minute, how full the queue was: what the charts show.",
        json_schema_extra={"group": "retention"},
    )

    webhook_private_addresses: bool = Field(
        default=False,
        description="Whether webhooks may reach addresses that are not public: this machine, and private networks.",
        json_schema_extra={"group": "server"},
    )
    list_limit: int = Field(
        default=50,
        ge=1,
        le=200,
        description="Jobs on one page of a list when the caller does not say.",
        json_schema_extra={"group": "api"},
    )
    parsing_rollout: Rollout = Field(
        default=Rollout.ON,
        description="How `POST /api/v1/plays/parse` parses plays: `off`, `shadow`, `percentage` or `on`.",
        json_schema_extra={"group": "api"},
    )
    parsing_rollout_percent: int = Field(
        default=0,
        ge=0,
        le=100,
        description="The share of files that jobs parse while `parsing_rollout` is `percentage`.",
        json_schema_extra={"group": "api"},
    )
    stuck_minutes: int = Field(
        default=60,
        ge=1,
        description="Minutes without a step after which a processing job counts as stuck in the health report.",
        json_schema_extra={"group": "health"},
    )
    pending_minutes: int = Field(
        default=15,
        ge=1,
        description="Minutes that the oldest due job may wait before the health report turns unhealthy.",
        json_schema_extra={"group": "health"},
    )

    @model_validator(mode="after")
    def _heartbeat_fits_lease(self) -> Self:
        # Two heartbeats may be lost before a lease lapses; fewer, and a short stall doubles work.
        if self.heartbeat_seconds * 3 > self.lease_seconds:
            raise ValueError(
                f"HEARTBEAT_SECONDS is {self.heartbeat_seconds:g}, more than a third of LEASE_SECONDS "
                f"({self.lease_seconds:g}); lower the first or raise the second"
            )
        return self

    @property
    def checkpoint_address(self) -> str:
        """Where checkpoints go, resolved."""
        return self.checkpoint_url or str(self.data_dir.absolute() / "checkpoints")
