"""Mutants as patches, so that other tools can be held against the same changes."""

import difflib
import json
import re
from collections.abc import Iterable
from pathlib import Path

from trueup.mutate.mutant import Edit, Mutant


def export(mutants: Iterable[Mutant], root: Path, folder: Path) -> int:
    """Write `001-class.patch` for each mutant, for `git apply`, and `mutants.json` with what is expected of each.

    Answers how many were written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    listed = []
    for number, mutant in enumerate(mutants, 1):
        name = f"{number:03d}-{re.sub(r'[^a-z0-9]+', '-', mutant.group.lower()).strip('-')}"
        text = "".join(patch(edit, root) for edit in mutant.edits)
        (folder / f"{name}.patch").write_text(text, encoding="utf-8")
        expected = mutant.expected
        listed.append(
            {
                "patch": f"{name}.patch",
                "class": mutant.group,
                "side": mutant.side.value,
                "mutant": mutant.title,
                "place": mutant.place,
                "written": mutant.written,
                "depth": mutant.depth.value,
                "pages": list(mutant.pages),
                "codes": list(expected.codes) if expected else [],
                "names": list(expected.names) if expected else [],
                "path": expected.path if expected else "",
            }
        )
    (folder / "mutants.json").write_text(json.dumps(listed, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return len(listed)


def patch(edit: Edit, root: Path) -> str:
    """One edit as a unified diff that `git apply` takes."""
    path = root / edit.path
    before = path.read_text(encoding="utf-8") if path.exists() else None
    old, new = f"a/{edit.path}", f"b/{edit.path}"
    header = f"diff --git {old} {new}\n"
    if before is None:
        header, old = f"{header}new file mode 100644\n", "/dev/null"
    if edit.text is None:
        header, new = f"{header}deleted file mode 100644\n", "/dev/null"
    lines = difflib.unified_diff(
        (before or "").splitlines(keepends=True), (edit.text or "").splitlines(keepends=True), old, new
    )
    marked = (line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)
    return header + "".join(marked)
