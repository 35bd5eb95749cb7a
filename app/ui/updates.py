"""How a page follows its jobs, as it says next to its heading."""

from collections.abc import Mapping
from enum import StrEnum

#: Seconds after which a page whose stream is cut asks by itself, again and again.
POLL_SECONDS = 2
#: Seconds between two requests of a page for the same part, at least.
PACE_SECONDS = 1


class Updates(StrEnum):
    """What a page that follows jobs says of itself."""

    LIVE = "live"
    POLLING = "polling"
    STOPPED = "stopped"
    CONNECTING = "connecting"

    @property
    def label(self) -> str:
        """What the page shows."""
        return _LABELS[self]

    @property
    def meaning(self) -> str:
        """One sentence for who reads it."""
        return _MEANINGS[self]


_LABELS = {
    Updates.LIVE: "Live",
    Updates.POLLING: f"Every {POLL_SECONDS} s",
    Updates.STOPPED: "Not updating",
    Updates.CONNECTING: "Connecting",
}
_MEANINGS = {
    Updates.LIVE: "Changes come at once.",
    Updates.POLLING: "The live connection is cut, for example by a proxy; the page asks by itself.",
    Updates.STOPPED: "You have pressed Stop updating, to read in peace. Press Update again, or the key p, to go on.",
    Updates.CONNECTING: "The live connection is being opened.",
}

#: What pages show, by the name of each.
LABELS: Mapping[str, str] = {state.value: state.label for state in Updates}
