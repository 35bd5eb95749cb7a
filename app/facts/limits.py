"""Fixed numbers and the timings that follow from settings."""

from collections.abc import Iterator
from datetime import timedelta

from app import cli, migrations, settings
from app.api import deps, json_body, middleware, streams
from app.api import problems as api_problems
from app.auth import attempts, passwords
from app.database import tables, texts
from app.facts.fact import Fact, constant, fact, words
from app.feed import feed
from app.handlers import geocode_households, import_voters
from app.households import columns, voter_file
from app.jobs import clearing, dependency, listing, model, retry
from app.jobs import limits as job_limits
from app.places import places
from app.queue import outbox
from app.schedules import model as schedule
from app.schedules import service as schedules
from app.telemetry import health, metrics
from app.ui import stream, updates
from app.webhooks import courier
from app.webhooks import model as webhook
from app.workers import recovery


def collect_limits() -> Iterator[Fact]:
    """Yield the fixed numbers that documentation states."""
    for key, module, name, summary in (
        ("error_log", model, "ERROR_LOG_LIMIT", "Entries that the error log of a job keeps, the newest."),
        ("priority_lowest", tables, "LOWEST_PRIORITY", "The lowest priority of a job."),
        ("priority_default", tables, "DEFAULT_PRIORITY", "The priority of a job that is given none."),
        ("priority_highest", tables, "HIGHEST_PRIORITY", "The highest priority of a job; claimed first."),
        ("schedules_most", schedules, "MOST_SCHEDULES", "The most schedules that the service keeps."),
        ("ticks_most", schedule, "MOST_MISSED", "The most missed ticks of a schedule that are made up for."),
        ("tick_missed", schedule, "MISSED_AFTER", "Seconds after which a tick that nobody was there for is missed."),
        ("rate_most", job_limits, "MOST_STARTS", "The most starts that the rate of a job type may allow."),
        ("missed_heartbeats", health, "MISSED_HEARTBEATS", "Heartbeats that a live worker process may miss."),
        ("ipv6_prefix", attempts, "IPV6_PREFIX", "Bits that clients of one network have in common, by IPv6."),
        ("password_shortest", passwords, "MIN_LENGTH", "Fewest characters of a password."),
        ("password_longest", passwords, "MAX_LENGTH", "Most characters of a password."),
        ("password_memory", passwords, "MEMORY_KIB", "Kibibytes of memory that the hash of a password takes."),
        ("password_passes", passwords, "PASSES", "Passes over its memory that the hash of a password takes."),
        ("import_batch", import_voters, "BATCH_ROWS", "Rows of one step of an import."),
        ("geocoding_batch", geocode_households, "BATCH_HOUSEHOLDS", "Households of one step of geocoding."),
        ("geocoding_most", geocode_households, "MAX_LIMIT", "Most households that one job may be limited to."),
        ("line_bytes", voter_file, "MAX_LINE_BYTES", "Most bytes of a line of a voter file."),
        ("birth_year_first", columns, "FIRST_BIRTH_YEAR", "The earliest year of birth that is accepted."),
        ("birth_year_last", columns, "LAST_BIRTH_YEAR", "The latest year of birth that is accepted."),
        ("list_most", deps, "MOST", "Most items on one page of a list."),
        ("count_cap", listing, "COUNT_CAP", "Jobs of a status up to which the list counts."),
        ("text_words", texts, "JOB_WORDS", "Words of a job that the search looks at."),
        ("text_prefix", texts, "PREFIX_CHARACTERS", "Characters from which on a word stands for longer ones, too."),
        ("text_question", texts, "QUESTION_WORDS", "Words of a search that count."),
        ("json_depth", json_body, "MAX_DEPTH", "Levels of lists and objects inside each other in a JSON body."),
        ("page_poll", updates, "POLL_SECONDS", "Seconds after which a page asks by itself while its stream is cut."),
        ("page_pace", updates, "PACE_SECONDS", "Seconds between two requests of a page for the same part, at least."),
        ("page_news", stream, "PACE_SECONDS", "Seconds between two messages of the stream of a page, at least."),
        ("retry_after", api_problems, "RETRY_AFTER", "Seconds that `Retry-After` names."),
        ("reconcile_quiet", outbox, "QUIET", "Seconds for which a pending job must be untouched to be looked for."),
        ("bulk_most", clearing, "MOST_AT_ONCE", "Most jobs that one request changes or deletes."),
        ("recovery_batch", recovery, "BATCH", "Jobs that recovery looks at, or hands over, at the same time."),
        ("unknown_type_wait", retry, "UNKNOWN_TYPE_WAIT", "Seconds that a job waits whose type a worker did not know."),
        ("request_id", middleware, "ID_LENGTH", "Characters that a request's own id may have."),
        ("percent_unfinished", model, "MOST_PERCENT_UNFINISHED", "The most percent that an unfinished job shows."),
        (
            "postgres_oldest",
            migrations,
            "OLDEST_SERVER",
            "The oldest major version of PostgreSQL that the service takes.",
        ),
        ("exit_misuse", cli, "MISUSE", "The exit status of a command that met something its caller can mend."),
        ("open_requests", cli, "OPEN_REQUESTS_SECONDS", "Seconds that open requests get when the service is stopped."),
        ("metrics_window", metrics, "WINDOW", "Seconds that the figures of the last hour look back."),
        ("dependencies_most", dependency, "MOST_DEPENDENCIES", "Most jobs that one job can wait for."),
        ("webhook_attempt", courier, "ATTEMPT_SECONDS", "Seconds within which a receiver of a message must answer."),
        ("webhook_look", courier, "LOOK_SECONDS", "Seconds between two looks for messages to webhooks."),
        ("webhook_old_secret", webhook, "OLD_SECRET_HOURS", "Hours for which the secret before signs messages, too."),
        ("stream_heartbeat", streams, "HEARTBEAT_SECONDS", "Seconds after which a quiet stream shows that it lives."),
        ("stream_look", feed, "LOOK_SECONDS", "Seconds after which the feed looks also when it has heard of nothing."),
        ("stream_replay", feed, "REPLAY_ENTRIES", "Missed events that a stream tells again at most."),
        ("stream_waiting", feed, "FOLLOWER_MESSAGES", "Messages that may wait for a slow reader of a stream."),
    ):
        where = constant(module, name)
        value = getattr(module, name)
        if isinstance(value, timedelta):
            value = value.total_seconds()
        yield fact("limit", key, words(key), summary, where, value=value, constant=name)


def collect_timings() -> Iterator[Fact]:
    """Yield how soon the service notices what went wrong, at the defaults of the settings."""
    default = {name: field.default for name, field in settings.Settings.model_fields.items()}
    lease, look, beat = (default[f"{name}_seconds"] for name in ("lease", "reconcile", "heartbeat"))
    for key, setting, formula, value, summary in (
        ("worker_lost", "lease", "`LEASE_SECONDS` + `RECONCILE_SECONDS`", lease + look,
         "From the last heartbeat of a worker that is gone until its jobs are taken back, at most."),
        ("entry_lost", "reconcile", "`QUIET` + `RECONCILE_SECONDS`", outbox.QUIET.total_seconds() + look,
         "From the commit of a job that did not reach the queue until it is handed over again, at most."),
        ("worker_silent", "heartbeat", "`HEARTBEAT_SECONDS` × `MISSED_HEARTBEATS`", beat * health.MISSED_HEARTBEATS,
         "From the last heartbeat of a worker process until health and metrics do not count it any more."),
        ("request_heard", "heartbeat", "`HEARTBEAT_SECONDS`", beat,
         "From a pause or cancel request until a worker that commits no step knows of it, at most."),
    ):  # fmt: skip
        where = places(settings).member("Settings", f"{setting}_seconds")
        yield fact("timing", key, words(key), summary, where, formula=formula, seconds=value, setting=setting)
