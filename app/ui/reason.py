"""Why somebody does something: the field that most forms have."""

from starlette.datastructures import FormData

from app.problems import InvalidRequest

#: Most characters; what the API takes.
MOST = 500


def reason_of(form: FormData) -> str | None:
    """Return the reason that a form gives, or None. Raises InvalidRequest when it is too long."""
    reason = str(form.get("reason", "")).strip()
    if len(reason) > MOST:
        raise InvalidRequest(f"The reason has more than {MOST} characters.")
    return reason or None
