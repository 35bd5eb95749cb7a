"""A long-lived process that runs a page's blocks one after the other, under limits of time and output."""

import contextlib
import os
import selectors
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Literal

from trueup.processes import end_group

Trouble = Literal["", "timeout", "flood", "died"]

OUTPUT_LIMIT = 1_000_000
"""Bytes that one block may print."""

_CHUNK = 65536
_DEATH_SECONDS = 1.0


@dataclass(frozen=True)
class Reply:
    """What became of one request: the answer, what was printed meanwhile, and what went wrong, if anything."""

    answer: bytes
    output: str
    trouble: Trouble = ""
    status: int | None = None
    """The exit status of a process that died."""


class Runner:
    """A process that answers requests on two extra descriptors, whose numbers end its command line.

    After any trouble it has been ended, with its group, and cannot be asked again. `end` is what ends an answer.
    """

    def __init__(
        self, command: Sequence[str], *, env: Mapping[str, str], scratch: Path, end: bytes, guard: Sequence[str] = ()
    ) -> None:
        """`guard` is the command that takes rights from what it starts, if any."""
        self._end = end
        request_read, self._requests = os.pipe()
        self._answers, answer_write = os.pipe()
        numbers = str(request_read), str(answer_write)
        # The shell between keeps `kill $PPID` from ending trueup itself. It must not `exec`, hence the second command.
        between = ["sh", "-c", '"$@"; exit $?', "sh"]
        try:
            self._process = subprocess.Popen(
                [*guard, *between, *command, *numbers],
                cwd=scratch,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                pass_fds=(request_read, answer_write),
                start_new_session=True,
            )
        finally:
            os.close(request_read)
            os.close(answer_write)
        stdout = self._process.stdout
        if stdout is None:
            raise AssertionError("the process was started with a pipe")
        self._output = stdout
        os.set_blocking(stdout.fileno(), False)
        self.alive = True

    def ask(self, request: bytes, seconds: float) -> Reply:
        """Send a request and wait for its answer, at most `seconds`."""
        if not self.alive:
            return Reply(b"", "", "died", self._process.returncode)
        try:
            os.write(self._requests, request)
        except BrokenPipeError:
            return self._failed(bytearray(), "died")
        answer, output = bytearray(), bytearray()
        deadline = monotonic() + seconds
        with selectors.DefaultSelector() as ready:
            ready.register(self._answers, selectors.EVENT_READ)
            ready.register(self._output, selectors.EVENT_READ)
            while not answer.endswith(self._end):
                left = deadline - monotonic()
                if left <= 0:
                    return self._failed(output, "timeout")
                for key, _ in ready.select(left):
                    if key.fileobj is self._output:
                        if not self._read(output):
                            ready.unregister(self._output)
                    else:
                        piece = os.read(self._answers, _CHUNK)
                        if not piece:
                            return self._failed(output, "died")
                        answer += piece
                if len(output) > OUTPUT_LIMIT:
                    return self._failed(output, "flood")
        # What was printed before the answer is in the pipe by now.
        while len(output) <= OUTPUT_LIMIT and self._read(output):
            pass
        if len(output) > OUTPUT_LIMIT:
            return self._failed(output, "flood")
        return Reply(bytes(answer.removesuffix(self._end)), output.decode(errors="replace"))

    def close(self) -> None:
        """End the process and its group; what has left the group is ended with the scratch folder."""
        if not self.alive:
            return
        self.alive = False
        end_group(self._process)
        self._output.close()
        for number in (self._requests, self._answers):
            with contextlib.suppress(OSError):
                os.close(number)

    def _read(self, output: bytearray) -> bool:
        """Take what has been printed; whether there was anything."""
        try:
            piece = os.read(self._output.fileno(), _CHUNK)
        except BlockingIOError:
            return False
        output += piece
        return bool(piece)

    def _failed(self, output: bytearray, trouble: Trouble) -> Reply:
        if trouble == "died":
            # Its status is known a moment after its descriptors are closed.
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(timeout=_DEATH_SECONDS)
        while len(output) <= OUTPUT_LIMIT and self._read(output):
            pass
        self.close()
        text = output[:OUTPUT_LIMIT].decode(errors="replace")
        return Reply(b"", text, trouble, self._process.returncode)
