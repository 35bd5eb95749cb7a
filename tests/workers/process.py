"""A worker process for tests: python -m tests.workers.process; settings come from the environment."""

import asyncio
import signal
import sys

from app.services import open_services
from app.settings import Settings
from app.telemetry.logging import configure
from tests.workers.samples import counting_registry


async def main() -> None:
    settings = Settings(_env_file=None)
    configure(settings.log_format, settings.log_level)
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    async with open_services(settings, counting_registry(pause=0.005)):
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        await stop.wait()


if __name__ == "__main__":
    asyncio.run(main())
