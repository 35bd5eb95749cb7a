"""The job types of this service, one module each."""

from app.handlers.geocode_households import GEOCODE_HOUSEHOLDS
from app.handlers.import_voters import IMPORT_VOTERS
from app.handlers.parse_play import PARSE_PLAY
from app.handlers.process_document import PROCESS_DOCUMENT
from app.jobs.registry import Registry

#: Every job type that the service runs.
REGISTRY = Registry([IMPORT_VOTERS, GEOCODE_HOUSEHOLDS, PROCESS_DOCUMENT, PARSE_PLAY])
