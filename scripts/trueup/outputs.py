"""Outputs: the forms in which a report is given out, on the terminal and to files."""

from collections.abc import Sequence
from enum import StrEnum
from io import StringIO
from pathlib import Path

from trueup.annotations import annotations
from trueup.errors import TrueupError
from trueup.report import Report, print_text, verdict
from trueup.terminal import terminal

_WIDTH = 120


class Format(StrEnum):
    """How a report is given out."""

    TEXT = "text"
    JSON = "json"
    GITHUB = "github"
    JUNIT = "junit"
    SARIF = "sarif"


def render(report: Report, form: Format) -> str:
    """The report in a form, ended by a newline."""
    match form:
        case Format.JSON:
            return report.dump()
        case Format.GITHUB:
            return "".join(f"{line}\n" for line in (*annotations(report), verdict(report)))
        case Format.JUNIT:
            # Imported here: lxml takes longer than to answer from memory.
            from trueup.junit import junit

            return junit(report)
        case Format.SARIF:
            from trueup.sarif import sarif

            return sarif(report)
        case Format.TEXT:
            sheet = StringIO()
            print_text(report, terminal(file=sheet, width=_WIDTH))
            return sheet.getvalue()


def give_out(report: Report, forms: Sequence[Format], files: Sequence[Path]) -> None:
    """Write the report to each file in the form of the same place, and print it in the forms that are left.

    When every form has its file, it is printed as text. Raises `TrueupError` when a file has no form, or cannot be
    written.
    """
    if len(files) > len(forms):
        raise TrueupError(f"--output {files[len(forms)]}: has no format; give a --format for each --output, in order")
    for form, file in zip(forms, files, strict=False):
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(render(report, form), encoding="utf-8")
        except OSError as error:
            raise TrueupError(f"--output {file}: cannot be written: {error.strerror}") from None
    for form in forms[len(files) :] or [Format.TEXT]:
        if form is Format.TEXT:
            print_text(report, terminal())
        else:
            print(render(report, form), end="")  # noqa: T201 (giving it out is the purpose)
