"""The stage of one page: its scratch folder, its service, its shell and its Python interpreter."""

import json
import shlex
import shutil
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from trueup.examples.border import Border
from trueup.examples.runner import OUTPUT_LIMIT, Reply, Runner, Trouble
from trueup.processes import reap
from trueup.service import Service, base_environment

SHOWN_ADDRESS = "127.0.0.1:8000"
"""The address of the service in outputs that trueup writes."""

_SESSION = Path(__file__).with_name("session.sh")
_INTERPRETER = Path(__file__).with_name("interpreter.py")
# What a terminal would do: no progress meter for an output that is shown.
_CURLRC = "no-progress-meter\n"


@dataclass(frozen=True)
class Outcome:
    """What a piece of a page's code did: whether it succeeded, its exit status, its output, and trouble, if any."""

    ok: bool
    output: str
    status: int = 0
    trouble: Trouble = ""

    def describe(self, seconds: float) -> str:
        """What went wrong, in words."""
        match self.trouble:
            case "timeout":
                return f"did not end within {seconds:.3g} s"
            case "flood":
                return f"printed more than {OUTPUT_LIMIT // 1_000_000} MB"
            case "died":
                return f"ended the process that runs the page's blocks (status {self.status})"
        return f"ended with status {self.status}"


class Stage:
    """Where the blocks of one page run. Nothing is started before it is needed; `close` ends everything."""

    def __init__(
        self, path: str, folder: Path, service: Callable[[], Service] | None, border: Border | None = None
    ) -> None:
        """`path` is the page's, for messages; `folder` is to be made; `service` starts or awaits the page's service.

        `border` keeps what runs out of the project.
        """
        self.border = border
        self._guard = border.guard if border else []
        self._path, self._folder = path, folder
        self._control, self.work = folder / "control", folder / "work"
        self._control.joinpath(path).parent.mkdir(parents=True)
        self.work.mkdir()
        self.work.joinpath(".curlrc").write_text(_CURLRC, encoding="utf-8")
        self._start_service = service
        self._service: Service | None = None
        self._shell: Runner | None = None
        self._python: Runner | None = None
        self._env: dict[str, str] = {}

    @property
    def service(self) -> Service | None:
        """The page's service, started by now; none when the page needs none. Raises `ServiceError`."""
        if self._service is None and self._start_service is not None:
            self._service = self._start_service()
        return self._service

    @property
    def variables(self) -> Mapping[str, str]:
        """The exported variables of the page's shell, as the last block left them."""
        return self._env or self._environment()

    def source(self, file: Path, seconds: float) -> Outcome:
        """Source a shell file, such as a scenario, in the page's shell."""
        return self._source(file, seconds)

    def bash(self, source: str, line: int, seconds: float) -> Outcome:
        """Run shell code that stands in the page from `line` on."""
        # Blank lines before it make the shell count lines as the page does, and its messages name the page.
        file = self._control / self._path
        file.write_text("\n" * (line - 1) + source, encoding="utf-8")
        return self._source(file, seconds)

    def python(self, source: str, line: int, seconds: float) -> tuple[Outcome, str]:
        """Run Python code that stands in the page from `line` on; for a block of prompts also its real transcript."""
        if self._python is None:
            command = [sys.executable, "-P", str(_INTERPRETER)]
            self._python = Runner(command, env=self._environment(), scratch=self.work, end=b"\n", guard=self._guard)
        request = {"source": source, "path": self._path, "line": line, "env": self._env}
        reply = self._python.ask(json.dumps(request).encode() + b"\n", seconds)
        if reply.trouble:
            return self._outcome(reply, reply.status or 1), ""
        answer = json.loads(reply.answer)
        return self._outcome(reply, 0 if answer["ok"] else 1), self._shown(answer.get("transcript", ""))

    def javascript(self, source: str, line: int, seconds: float) -> Outcome:
        """Run a module of JavaScript that stands in the page from `line` on, by Node.js."""
        # Blank lines before it make Node.js count lines as the page does.
        module = self._control / f"{self._path}.mjs"
        module.write_text("\n" * (line - 1) + source, encoding="utf-8")
        return self.bash(f"node {shlex.quote(str(module))}", 1, seconds)

    def close(self) -> None:
        """End what still runs, except the service, and remove the scratch folder."""
        for runner in (self._shell, self._python):
            if runner is not None:
                runner.close()
        reap(self.work)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _environment(self) -> dict[str, str]:
        service = self.service
        return base_environment(self.work) | (service.variables if service is not None else {})

    def _source(self, file: Path, seconds: float) -> Outcome:
        if self._shell is None:
            command = ["bash", "--noprofile", "--norc", str(_SESSION)]
            self._shell = Runner(command, env=self._environment(), scratch=self.work, end=b"\0\0", guard=self._guard)
        reply = self._shell.ask(f"{file}\n".encode(), seconds)
        if reply.trouble:
            return self._outcome(reply, reply.status or 0)
        status, *entries = reply.answer.decode(errors="replace").split("\0")
        self._env = dict(entry.split("=", 1) for entry in entries if "=" in entry)
        return self._outcome(reply, int(status))

    def _outcome(self, reply: Reply, status: int) -> Outcome:
        return Outcome(not reply.trouble and status == 0, self._shown(reply.output), status, reply.trouble)

    def _shown(self, output: str) -> str:
        """Output without the places that only this run knows."""
        names = {f"{self._control}/": "", str(self.work): "~"}
        if self._service is not None:
            names[str(self._service.data)] = "data"
        for place, name in names.items():
            output = output.replace(place, name)
        return output
