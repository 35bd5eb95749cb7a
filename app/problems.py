"""Every problem that the service reports, one class each.

The class is the entry of the catalogue: its docstring is the cause, ``fix`` is the way out, ``code`` is stable, and
``status`` is the HTTP status of its answer (RFC 9457). The domain raises these classes and knows nothing of HTTP.
"""

from collections.abc import Iterator
from inspect import getdoc
from typing import Any, ClassVar

#: The statuses of problems that pass: their answers say in `Retry-After` when to repeat the request.
PASSING = frozenset({429, 503})


class Problem(Exception):
    """Something the caller can understand and act on.

    ``detail`` says what happened this time; ``extra`` are further members of the problem document, and ``headers``
    further headers of its answer.
    """

    code: ClassVar[str]
    status: ClassVar[int]
    title: ClassVar[str]
    fix: ClassVar[str]

    def __init__(self, detail: str, *, headers: dict[str, str] | None = None, **extra: Any) -> None:
        super().__init__(detail)
        self.detail = detail
        self.headers = headers or {}
        self.extra = extra

    @classmethod
    def cause(cls) -> str:
        """When this problem occurs: the docstring of the class."""
        return " ".join((getdoc(cls) or "").split())

    @classmethod
    def catalogue(cls) -> Iterator[type["Problem"]]:
        """Yield every problem class, by code."""
        found = [kind for kind in _subclasses(cls) if "code" in kind.__dict__]
        yield from sorted(found, key=lambda kind: kind.code)


def _subclasses(kind: type[Problem]) -> Iterator[type[Problem]]:
    for subclass in kind.__subclasses__():
        yield subclass
        yield from _subclasses(subclass)


class InvalidRequest(Problem):
    """A field of the body, the path or the query has a value that is not accepted, or a needed field is missing."""

    code = "request.invalid"
    status = 422
    title = "The request is not valid"
    fix = "Read `errors`: each entry names the field, the value's fault and its place. Correct them and send again."


class MalformedBody(Problem):
    """The body is no JSON: it is cut off, has a syntax error, or is no valid UTF-8."""

    code = "request.malformed"
    status = 400
    title = "The body is no JSON"
    fix = "Send valid JSON in UTF-8 with `Content-Type: application/json`."


class BodyTooLarge(Problem):
    """The body or the uploaded file is larger than the service accepts."""

    code = "request.too_large"
    status = 413
    title = "The body is too large"
    fix = "Send less, or have the operator raise `MAX_BODY_BYTES` or `MAX_UPLOAD_BYTES`."


class UnsupportedMediaType(Problem):
    """The body's `Content-Type` is not one that this operation reads."""

    code = "request.unsupported_media_type"
    status = 415
    title = "The content type is not supported"
    fix = "Send the content type that the operation documents; JSON bodies need `application/json`."


class InvalidCursor(Problem):
    """The `cursor` was changed, cut off, or belongs to a list with other filters."""

    code = "request.invalid_cursor"
    status = 422
    title = "The cursor is not valid"
    fix = "Use `next_cursor` of the last page as it is, with the same filters, or start again without a cursor."


class UnknownPath(Problem):
    """No operation has this path."""

    code = "request.unknown_path"
    status = 404
    title = "There is nothing at this path"
    fix = "Compare the path with the API reference."


class MethodNotAllowed(Problem):
    """The path exists, but not with this method; the `Allow` header lists the methods it has."""

    code = "request.method_not_allowed"
    status = 405
    title = "The method is not allowed here"
    fix = "Use one of the methods in the `Allow` header."


class NotAuthenticated(Problem):
    """The request has no bearer token, or one that is expired, forged or of a user who no longer exists."""

    code = "auth.not_authenticated"
    status = 401
    title = "A valid access token is needed"
    fix = "Sign in with `POST /api/v1/auth/login` and send the token as `Authorization: Bearer …`."


class InvalidCredentials(Problem):
    """The name or the password is wrong. The answer is the same for both."""

    code = "auth.invalid_credentials"
    status = 401
    title = "Name or password is wrong"
    fix = "Check both. An admin can set a new password with `PATCH /api/v1/users/{user_id}` or `jobs set-password`."


class Forbidden(Problem):
    """The user is known, but neither the role nor the ownership of the job allows this operation."""

    code = "auth.forbidden"
    status = 403
    title = "This user may not do that"
    fix = "Ask the job's creator or an admin; the permission table says which role may do what."


class ForeignForm(Problem):
    """A form of the Jobs page was not sent by a page of the present session: it is older, or another site sent it."""

    code = "auth.foreign_form"
    status = 403
    title = "The form is not from your session"
    fix = "Open the page again and repeat what you did."


class TooManyAttempts(Problem):
    """Too many sign-ins have failed within a while: with this name, or from the address of the client."""

    code = "auth.too_many_attempts"
    status = 429
    title = "Too many sign-ins have failed"
    fix = "Wait for the seconds in `Retry-After`, and sign in with the right password. Other tokens stay good."


class WrongPassword(Problem):
    """The present password, which has to be given with a new one, is wrong."""

    code = "auth.wrong_password"
    status = 403
    title = "The present password is wrong"
    fix = "Send the present password as `current_password`. When it is lost, an admin can set a new one."


class AlreadySetUp(Problem):
    """The first admin exists already, so the one-time set-up is closed."""

    code = "auth.already_set_up"
    status = 409
    title = "The service is set up already"
    fix = "Sign in as an admin and create users with `POST /api/v1/users`."


class NameTaken(Problem):
    """Another user has this name."""

    code = "auth.name_taken"
    status = 409
    title = "The name is taken"
    fix = "Choose another name."


class UserNotFound(Problem):
    """No user has this id or name."""

    code = "auth.user_not_found"
    status = 404
    title = "There is no such user"
    fix = "Check the id; list the users with `GET /api/v1/users`."


class OwnAccount(Problem):
    """An admin has tried to change the own account in the way that is for the accounts of others."""

    code = "auth.own_account"
    status = 409
    title = "This is your own account"
    fix = "Change your password with `POST /api/v1/auth/password`; have another admin do the rest."


class LastAdmin(Problem):
    """Nobody would be left who is an admin and may sign in: the user is the last one."""

    code = "auth.last_admin"
    status = 409
    title = "The user is the last admin"
    fix = "Make another user an admin first."


class JobNotFound(Problem):
    """No job has this id."""

    code = "job.not_found"
    status = 404
    title = "There is no such job"
    fix = "Check the id; list the jobs with `GET /api/v1/jobs`."


class DependencyNotFound(Problem):
    """The job is to wait for a job that does not exist. No job was created."""

    code = "job.dependency_not_found"
    status = 404
    title = "There is no such job to wait for"
    fix = "Read `errors`, which names the ids, and create those jobs first or leave them out."


class IllegalTransition(Problem):
    """The job's status does not allow this action; someone else may have been quicker."""

    code = "job.illegal_transition"
    status = 409
    title = "The job's status does not allow this"
    fix = "Read `current_status` and `allowed_actions`, and choose one of these."


class IdempotencyMismatch(Problem):
    """This idempotency key has created a job already, from another request."""

    code = "job.idempotency_mismatch"
    status = 409
    title = "The idempotency key belongs to another request"
    fix = "Send the same request again to get its job, or use a new key for a new job."


class BulkMismatch(Problem):
    """The filter of an action on many jobs finds other jobs now than those that the request confirms."""

    code = "job.bulk_mismatch"
    status = 409
    title = "The jobs are others than those that were confirmed"
    fix = "Look again with `dry_run`, and send the new `digest` or `expected_count`. Nothing was done."


class UnknownJobType(Problem):
    """No job type has this name or alias."""

    code = "job.unknown_type"
    status = 422
    title = "There is no such job type"
    fix = "Use a name from `GET /api/v1/job-types`."


class ScheduleNotFound(Problem):
    """No schedule has this id."""

    code = "schedule.not_found"
    status = 404
    title = "There is no such schedule"
    fix = "Check the id; list the schedules with `GET /api/v1/schedules`."


class ScheduleNameTaken(Problem):
    """Another schedule has this name."""

    code = "schedule.name_taken"
    status = 409
    title = "The name belongs to another schedule"
    fix = "Choose another name, or change the schedule that has it."


class ScheduleChanged(Problem):
    """Somebody has changed the schedule since you looked at it."""

    code = "schedule.changed"
    status = 409
    title = "The schedule has changed meanwhile"
    fix = "Look at it again, and send what you still want to change."


class TooManySchedules(Problem):
    """There are as many schedules as the service keeps."""

    code = "schedule.too_many"
    status = 409
    title = "There are too many schedules"
    fix = "Delete schedules that are not needed any more."


class FileNotKnown(Problem):
    """The payload names an uploaded file that does not exist. No job was created."""

    code = "file.not_found"
    status = 404
    title = "There is no such uploaded file"
    fix = "Upload it first with `POST /api/v1/files` and use the id in the answer."


class DocumentNotFound(Problem):
    """No document has this id."""

    code = "document.not_found"
    status = 404
    title = "There is no such document"
    fix = "Check the id; list the documents with `GET /api/v1/documents`."


class PlayNotFound(Problem):
    """No play has this id."""

    code = "play.not_found"
    status = 404
    title = "There is no such play"
    fix = "Check the id; list the plays with `GET /api/v1/plays`."


class WebhookNotFound(Problem):
    """No webhook has this id."""

    code = "webhook.not_found"
    status = 404
    title = "There is no such webhook"
    fix = "Check the id; list the webhooks with `GET /api/v1/webhooks`."


class DeliveryNotFound(Problem):
    """The webhook has no delivery with this id, or there is no such webhook."""

    code = "webhook.delivery_not_found"
    status = 404
    title = "There is no such delivery"
    fix = "Check both ids; list the deliveries with `GET /api/v1/webhooks/{webhook_id}/deliveries`."


class StorageUnavailable(Problem):
    """The disk under the data directory, or the checkpoint store, refuses writes; usually it is full."""

    code = "service.storage_unavailable"
    status = 503
    title = "The service cannot store data at the moment"
    fix = "Free space under `DATA_DIR`, then repeat the request. Nothing was kept of it."


class DatabaseUnavailable(Problem):
    """The database does not answer."""

    code = "service.database_unavailable"
    status = 503
    title = "The database does not answer"
    fix = "Repeat the request after the seconds in `Retry-After`. Nothing was kept of it."


class QueueUnavailable(Problem):
    """The store of the queue does not answer."""

    code = "service.queue_unavailable"
    status = 503
    title = "The queue does not answer"
    fix = "Repeat the request after the seconds in `Retry-After`. What was done before stays done."


class InternalError(Problem):
    """A defect of the service. It is logged with its trace under the request's id."""

    code = "service.internal_error"
    status = 500
    title = "The service has a defect"
    fix = "Report it with the value of the `X-Request-ID` header."
