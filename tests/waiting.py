"""Waiting for conditions instead of sleeping."""

import anyio
import pytest


async def eventually(condition, *, within: float = 20.0):
    """Wait until the asynchronous ``condition`` gives something true, and return it; fail after ``within`` seconds."""
    last = None
    try:
        with anyio.fail_after(within):
            while True:
                last = await condition()
                if last:
                    return last
                await anyio.sleep(0.02)
    except TimeoutError:
        pytest.fail(f"the condition did not come true within {within} s; it last gave {last!r}")
