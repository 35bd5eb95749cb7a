"""What trueup itself offers, as facts: a collector for projects that document their use of trueup."""

from collections.abc import Iterator
from functools import cache
from inspect import getdoc
from pathlib import Path
from types import ModuleType
from typing import Any, get_args

from pydantic import BaseModel

from trueup import config, filters, findings, normalise, render, scenes, screenshots
from trueup.examples import story


def collect() -> Iterator[dict[str, Any]]:
    """Facts of trueup itself.

    Kinds: `finding_code`, `view`, `view_option`, `scene_option`, `screenshot_option`, `screenshot_step`, `filter`,
    `normaliser`, `fence_attribute` and, for the keys of `[tool.trueup]`, `trueup_option`.
    """
    for code, entry in findings.CODES.items():
        yield _fact("finding_code", code, findings, code, summary=entry.meaning, mend=entry.mend)
    for name, view in render.VIEWS.items():
        yield _fact("view", name, render, name, summary=(getdoc(view) or "").partition(": ")[2].split("\n")[0])
        for option, field in view.options.model_fields.items():
            yield _fact("view_option", f"{name}.{option}", render, name, view=name, summary=field.description)
    for name, field in screenshots.Options.model_fields.items():
        yield _fact("screenshot_option", name, screenshots, f"    {name}:", summary=field.description)
    for name, field in screenshots.Step.model_fields.items():
        yield _fact("screenshot_step", name, screenshots, f"    {name}:", summary=field.description)
    for name, function in filters.FILTERS.items():
        yield _fact("filter", name, filters, name, summary=(getdoc(function) or "").split("\n")[0])
    for name, normaliser in normalise.NORMALISERS.items():
        yield _fact("normaliser", name, normalise, name, summary=normaliser.meaning, always=normaliser.always)
    for block, model in scenes.OPTIONS.items():
        for option, field in model.model_fields.items():
            key, place = f"{block}.{option}", f"    {option}:"
            yield _fact("scene_option", key, scenes, place, block=block, summary=field.description)
    for name in sorted(story.ATTRIBUTES):
        yield _fact("fence_attribute", name, story, name)
    for key, model_field in _keys(config.Config, "tool.trueup"):
        default = None if model_field.is_required() else model_field.get_default(call_default_factory=True)
        shown = None if isinstance(default, BaseModel) else default
        name = key.rpartition(".")[2]
        yield _fact("trueup_option", key, config, f"    {name}:", summary=model_field.description, default=shown)


def _keys(model: type[BaseModel], prefix: str) -> Iterator[tuple[str, Any]]:
    for name, field in model.model_fields.items():
        yield f"{prefix}.{name}", field
        for part in (field.annotation, *get_args(field.annotation)):
            if isinstance(part, type) and issubclass(part, BaseModel):
                yield from _keys(part, f"{prefix}.{name}")


def _fact(kind: str, key: str, module: ModuleType, text: str, **attributes: Any) -> dict[str, Any]:
    file = str(module.__file__)
    return {"kind": kind, "key": key, "file": file, "line": _line(file, text), **attributes}


@cache
def _lines(file: str) -> list[str]:
    return Path(file).read_text(encoding="utf-8").splitlines()


def _line(file: str, text: str) -> int:
    """The first line that holds `text` in quotes, or as it is."""
    for wanted in (f'"{text}"', text):
        for number, line in enumerate(_lines(file), 1):
            if wanted in line:
                return number
    return 1
