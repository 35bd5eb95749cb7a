"""Runs a command that may not write to one folder. Run as a file, by `python -I -S`, so it imports nothing of ours.

`landlock.py FOLDER KEPT COMMAND…`: below FOLDER, only the folders KEPT (with `:` between them) can be written to.

It uses Landlock, with which a Linux kernel lets a process give up rights for itself and all that it starts. That knows
only what is allowed; so everything beside the folder is, on each level from the top of the file system down to it. What
does not exist yet on these levels cannot be made.
"""

import ctypes
import os
import struct
import sys
from collections.abc import Iterator

# System calls have the same numbers on all machines since 2011.
_CREATE, _ADD, _RESTRICT = 444, 445, 446
_MACHINES = frozenset({"x86_64", "aarch64", "riscv64"})
_NO_NEW_PRIVILEGES = 38
_VERSION = 1
_BENEATH = 1

_WRITE_FILE, _TRUNCATE = 1 << 1, 1 << 14
# Remove, make, and (13) move between folders, which kernels refuse unless they are asked to look at it.
_FOLDERS = sum(1 << number for number in range(4, 14))
_MOVES, _TRUNCATES = 2, 3


def version() -> int:
    """The version of Landlock that the kernel offers; 0 when it has none, or is not known to have it."""
    if sys.platform != "linux" or os.uname().machine not in _MACHINES:
        return 0
    return max(int(_libc().syscall(_CREATE, None, 0, _VERSION)), 0)


def usable() -> bool:
    """Whether the kernel offers all that is needed."""
    return version() >= _MOVES


def main() -> None:
    """Give up the rights, and become the command."""
    folder, kept, *command = sys.argv[1:]
    _protect(folder, kept.split(os.pathsep))
    os.execvp(command[0], command)  # noqa: S606 (the command is ours)


def _protect(folder: str, kept: list[str]) -> None:
    libc = _libc()
    files = _WRITE_FILE | (_TRUNCATE if version() >= _TRUNCATES else 0)
    rules = libc.syscall(_CREATE, struct.pack("Q", files | _FOLDERS), 8, 0)
    _made(rules >= 0)
    for path in (*_beside(folder), *kept):
        try:
            place = os.open(path, os.O_PATH | os.O_CLOEXEC)
        except OSError:
            continue  # gone meanwhile
        rights = files | (_FOLDERS if os.path.isdir(path) else 0)  # noqa: PTH112 (pathlib takes long to import)
        libc.syscall(_ADD, rules, _BENEATH, struct.pack("=Qi", rights, place), 0)
        os.close(place)
    # An administrator needs no promise; others promise not to gain rights by setuid programs.
    if libc.syscall(_RESTRICT, rules, 0):
        libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
        _made(not libc.syscall(_RESTRICT, rules, 0))
    os.close(rules)


def _made(done: bool) -> None:
    if not done:
        number = ctypes.get_errno()
        raise OSError(number, f"Landlock: {os.strerror(number)}")


def _beside(folder: str) -> Iterator[str]:
    """Everything that stands beside `folder`, and beside each folder above it."""
    while (above := os.path.dirname(folder)) != folder:  # noqa: PTH120 (as above)
        with os.scandir(above) as entries:
            yield from (entry.path for entry in entries if entry.path != folder)
        folder = above


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


if __name__ == "__main__":
    main()
