"""When, where and at which commit a measurement was taken, and a port for what is measured."""

import os
import socket
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent


def taken() -> dict[str, Any]:
    """Return what a page says of a measurement that has just ended."""
    commit = subprocess.run(
        ["git", "rev-parse", "--short=10", "HEAD"], cwd=ROOT, check=True, capture_output=True, text=True
    )
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "commit": commit.stdout.strip(),
        "cores": os.cpu_count(),
        "python": sys.version.split()[0],
        # Runnable processes per processor: above 1, others had a share of the machine.
        "load": round(os.getloadavg()[1] / (os.cpu_count() or 1), 1),
    }


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])
