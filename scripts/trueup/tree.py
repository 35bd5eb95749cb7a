"""The tree: every file of the project, by the digest of what it holds."""

import hashlib
import os
import stat
import subprocess
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

OWN = ".trueup"
"""The folder in which trueup keeps what runs leave behind. The results in it count, what it made of pages does not."""

_MADE = frozenset({f"{OWN}/report.json", f"{OWN}/report.partial"})
_NEVER = frozenset({".git", "__pycache__", OWN})
_ENVIRONMENT = "pyvenv.cfg"


@dataclass(frozen=True)
class Tree:
    """The files of a project at one moment.

    `files` is path (relative, with `/`) → digest; `moment` changes with every write to one of them, also when a file
    holds again what it held before.
    """

    files: Mapping[str, str]
    moment: str = ""

    def digest(self, leave_out: Collection[str] = ()) -> str:
        """The digest of the paths and contents of all files but those in `leave_out`."""
        return digest_of(f"{path}\0{self.files[path]}" for path in sorted(self.files) if path not in leave_out)


def digest_of(parts: Iterable[str]) -> str:
    """The digest of texts in their order; where one ends and the next begins counts."""
    total = hashlib.sha256()
    for part in parts:
        data = part.encode("utf-8", "surrogateescape")
        total.update(len(data).to_bytes(8, "big"))
        total.update(data)
    return total.hexdigest()


def read_tree(root: Path, site: str = "site") -> Tree:
    """Read every file of the project at `root` that a check may look at.

    That is what git tracks or would add, single files that it ignores (`.env`), and the results that runs left in
    `.trueup`; not: ignored folders, environments of Python, and the folder `site`. Outside of a repository it is every
    file that is in no hidden folder.
    """
    files: dict[str, str] = {}
    moments: list[str] = []
    for path in sorted(_paths(root, site)):
        content, moment = digest_of_file(root / path)
        files[path] = content
        moments.append(f"{path}\0{moment}")
    return Tree(files, digest_of(moments))


def digest_of_file(path: Path) -> tuple[str, str]:
    """What a file is (link, mode, content), and when it was last written to; both say so when it is gone."""
    try:
        status = path.lstat()
        moment = _moment(status)
        kind = str(stat.S_IFMT(status.st_mode) | status.st_mode & stat.S_IXUSR)
        if path.is_symlink():
            kind += f" → {path.readlink()}"
        if not path.is_file():
            return kind, moment
        with path.open("rb") as file:
            return f"{kind} {hashlib.file_digest(file, hashlib.sha256).hexdigest()}", moment
    except OSError as error:
        return f"unreadable {error.errno}", f"unreadable {error.errno}"


def moment_of_file(path: str) -> str:
    """When a file was last written to, and how large it is; says so when it is gone."""
    try:
        return _moment(os.lstat(path))
    except OSError as error:
        return f"unreadable {error.errno}"


def _moment(status: os.stat_result) -> str:
    return f"{status.st_ino} {status.st_size} {status.st_mtime_ns} {status.st_ctime_ns}"


def _paths(root: Path, site: str) -> set[str]:
    listed = _listed(root)
    found = set(_walked(root)) if listed is None else listed
    environments = {path.removesuffix(_ENVIRONMENT) for path in found if PurePosixPath(path).name == _ENVIRONMENT}
    found = {
        path
        for path in found
        if _NEVER.isdisjoint(PurePosixPath(path).parts)
        and not path.startswith(f"{site}/")
        and not any(path.startswith(environment) for environment in environments if environment)
    }
    own = root / OWN
    results = {f"{OWN}/{path.name}" for path in own.glob("*") if path.is_file()} if own.is_dir() else set()
    return found | results - _MADE


def _listed(root: Path) -> set[str] | None:
    """What git tracks or would add, and single files that it ignores; none outside of a repository."""
    found: set[str] = set()
    for which in (["--cached", "--others"], ["--others", "--ignored", "--directory"]):
        command = ["git", "ls-files", "-z", "--exclude-standard", *which]
        try:
            result = subprocess.run(command, cwd=root, capture_output=True, check=True)
        except (OSError, subprocess.CalledProcessError):
            return None
        names = result.stdout.decode("utf-8", "surrogateescape").split("\0")
        for name in names:
            if name and not name.endswith("/"):
                # A repository inside the repository is listed as one name.
                inner = root / name
                found.update(_below(root, inner) if inner.is_dir() and not inner.is_symlink() else [name])
    return found


def _walked(root: Path) -> Iterator[str]:
    for folder, folders, names in os.walk(root):
        folders[:] = [name for name in folders if not name.startswith(".") and name not in _NEVER]
        for name in names:
            yield (Path(folder) / name).relative_to(root).as_posix()


def _below(root: Path, folder: Path) -> Iterator[str]:
    return (path.relative_to(root).as_posix() for path in folder.rglob("*") if path.is_file())
