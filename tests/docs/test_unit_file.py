"""The unit file for systemd that the page on installing shows."""

import re
from configparser import ConfigParser
from pathlib import Path

from app.cli import OPEN_REQUESTS_SECONDS
from app.settings import Settings

PAGE = Path(__file__).parents[2] / "docs/admin/install.md"


def unit() -> ConfigParser:
    (text,) = re.findall(r"^```ini title=\S*jobs\.service\S*\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    parser = ConfigParser(interpolation=None)
    parser.optionxform = str  # type: ignore[assignment, method-assign]  # systemd's names have capitals
    parser.read_string(text)
    return parser


def test_systemd_waits_until_the_service_has_stopped():
    longest = OPEN_REQUESTS_SECONDS + Settings.model_fields["shutdown_seconds"].default
    assert unit().getint("Service", "TimeoutStopSec") > longest
