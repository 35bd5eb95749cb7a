"""Scenes: parts of a page whose examples are played on a stage of their own, such as the entries of a runbook.

`/// scene` and `/// failure | NAME` begin one; it lasts to the next heading of the same or a higher level, or to the
next scene.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from trueup.pages import Directive, Page
from trueup.yamltext import read_yaml

_HEADING = re.compile(r"[> \t]*(#{1,6})[ \t]")
_UNDERLINED = re.compile(r"[> \t]*\S.*\n[> \t]*(=+|-+)[ \t]*(?:\n|$)")


class SceneOptions(BaseModel):
    """Options of a block that begins a scene."""

    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True)

    env: dict[str, str] = Field(
        default_factory=dict, description="Environment variables of the scene's service, besides those of the page."
    )


class FailureOptions(SceneOptions):
    """Options of a block that injects a failure."""

    own: bool = Field(default=True, description="Whether this page is where the failure is documented.")


OPTIONS: Mapping[str, type[SceneOptions]] = MappingProxyType({"scene": SceneOptions, "failure": FailureOptions})
"""The names of the blocks that begin a scene, and what they take."""


@dataclass(frozen=True)
class Scene:
    """A part of a page, from its block in `line` to the line `end`; `failure` is empty when it treats none.

    `env` is what is added to the environment of its service.
    """

    line: int
    end: int
    failure: str = ""
    env: Mapping[str, str] = field(default_factory=dict)

    def holds(self, line: int) -> bool:
        """Whether a line of the page belongs to it."""
        return self.line <= line <= self.end


class OptionError(ValueError):
    """An option of a scene's block is wrong; `option` is its name, empty for all of them."""

    def __init__(self, option: str, message: str) -> None:
        super().__init__(message)
        self.option = option


def read_options(directive: Directive) -> SceneOptions:
    """The options of a scene's block. Raises `OptionError`."""
    model = OPTIONS[directive.name]
    try:
        return model.model_validate(read_yaml(directive.body) or {})
    except yaml.YAMLError as error:
        raise OptionError("", f"options are no YAML: {str(error).splitlines()[0]}") from None
    except ValidationError as error:
        first: Any = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        if first["type"] == "extra_forbidden":
            known = ", ".join(model.model_fields)
            raise OptionError(name, f"unknown option {name}; {directive.name} takes {known}") from None
        raise OptionError(name.partition(".")[0], f"option {name}: {first['msg']}".replace(" :", ":")) from None


def read_scenes(page: Page) -> tuple[Scene, ...]:
    """The scenes of a page, in order. Wrong options count as none: the block that shows them reports them."""
    starts = [directive for directive in page.directives if directive.name in OPTIONS]
    headings = list(_headings(page))
    scenes = []
    for index, directive in enumerate(starts):
        # Where no heading stands before it, no heading ends it.
        level = next((depth for line, depth in reversed(headings) if line < directive.line), 0)
        ends = [line for line, depth in headings if line > directive.line and depth <= level]
        ends += [other.line for other in starts[index + 1 : index + 2]]
        end = min(ends, default=page.text.count("\n") + 2) - 1
        try:
            env: Mapping[str, str] = read_options(directive).env
        except OptionError:
            env = {}
        scenes.append(Scene(directive.line, end, directive.argument if directive.name == "failure" else "", env))
    return tuple(scenes)


def _headings(page: Page) -> Iterator[tuple[int, int]]:
    for prose in page.prose:
        if match := _HEADING.match(prose.text):
            yield prose.line, len(match[1])
        elif match := _UNDERLINED.match(prose.text):
            yield prose.line, 1 if match[1].startswith("=") else 2
