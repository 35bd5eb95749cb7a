"""The headers of every answer of the Jobs page."""

#: Pages load nothing but our own files, and run no script that stands in them.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
#: Forms would name no origin if pages were to name no referrer.
HEADERS = {"Content-Security-Policy": POLICY, "Referrer-Policy": "same-origin"}
