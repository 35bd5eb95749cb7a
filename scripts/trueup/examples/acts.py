"""Acts: what of a page is played on one stage. The main story is one, each scene another."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from trueup.errors import TrueupError
from trueup.examples.story import Step, Story
from trueup.pages import Block
from trueup.scenes import Scene

_PROGRAM = 4
"""As many blocks take as long as the start of a program in the background."""

_COUNTS_LINES = re.compile("lineno", re.IGNORECASE)


@dataclass(frozen=True)
class Act:
    """A page's main story (`scene` is none), or one of its scenes; `prelude` is played before it, not verified."""

    story: Story
    scene: Scene | None
    prelude: tuple[Step, ...]
    steps: tuple[Step, ...]

    @property
    def runs(self) -> bool:
        """Whether anything has to be executed."""
        return any(step.runs for step in self.steps)

    @property
    def line(self) -> int:
        """The line of the page where it begins."""
        return self.scene.line if self.scene else self.steps[0].block.line

    @property
    def failure(self) -> str:
        """The name of the failure that it treats; empty when there is none."""
        return self.scene.failure if self.scene else ""

    @property
    def service_env(self) -> Mapping[str, str]:
        """What is added to the environment of its service."""
        return {**self.story.options.service_env, **(self.scene.env if self.scene else {})}

    @property
    def length(self) -> int:
        """How long it will take, compared with others: what starts programs in the background takes longest."""
        sources = [step.block.source for step in (*self.prelude, *self.steps) if step.runs]
        started = sum(line.endswith(" &") for source in sources for line in source.splitlines())
        return len(sources) + _PROGRAM * (started + bool(self.failure))

    @property
    def script(self) -> str:
        """All that the page says of it, as text: with the code of the project, it decides what comes of the act.

        Messages name the page and the line, so where its blocks stand belongs to it when they show such a message.
        """
        page, options = self.story.page, self.story.options
        blocks = [block for step in (*self.prelude, *self.steps) for block in (step.block, step.output) if block]
        begins = [len(self.prelude), self.failure, dict(self.service_env), options.model_dump()]
        script = "".join([f"{page.path} {json.dumps(begins)}\n", *map(_written, blocks)])
        if page.path.rpartition("/")[2] in script.partition("\n")[2] or _COUNTS_LINES.search(script):
            script += json.dumps([block.line for block in blocks])
        return script


def acts_of(story: Story) -> list[Act]:
    """The acts of a page that hold something to verify: the main story, then the scenes in order."""
    owners = [_owner(story.scenes, step) for step in story.steps]
    main = tuple(step for step, owner in zip(story.steps, owners, strict=True) if owner is None)
    acts = [Act(story, None, (), main)]
    for scene in story.scenes:
        prelude = tuple(step for step in main if step.runs and step.block.line < story.scenes[0].line)
        steps = tuple(step for step, owner in zip(story.steps, owners, strict=True) if owner is scene)
        acts.append(Act(story, scene, prelude, steps))
    return [act for act in acts if act.steps]


def _written(block: Block) -> str:
    head = [block.language, block.classes, dict(block.attributes), len(block.source)]
    return f"{json.dumps(head)}\n{block.source}\n"


def _owner(scenes: Iterable[Scene], step: Step) -> Scene | None:
    return next((scene for scene in scenes if scene.holds(step.block.line)), None)


def acts_at(story: Story, lines: Iterable[int]) -> list[Act]:
    """The acts in which the blocks at `lines` stand, each cut after the last of those blocks.

    A line on which a scene begins means all of that scene. Raises `TrueupError` for a line on which no block stands, or
    one that is not verified.
    """
    acts = acts_of(story)
    ends: dict[int, int] = {}
    for line in lines:
        for number, act in enumerate(acts):
            count = len(act.steps) if act.scene and act.scene.line == line else _count(act, line)
            ends[number] = max(ends.get(number, 0), count)
        if not any(_count(act, line) or (act.scene and act.scene.line == line) for act in acts):
            _excuse(story, line)
    return [replace(acts[number], steps=acts[number].steps[:end]) for number, end in sorted(ends.items()) if end]


def _count(act: Act, line: int) -> int:
    """How many steps it is to the one at `line`, itself included; 0 when it is not there."""
    return next((number for number, step in enumerate(act.steps, 1) if line in step.lines), 0)


def _excuse(story: Story, line: int) -> None:
    path = story.page.path
    block = next((block for block in story.page.blocks if block.line <= line <= block.end), None)
    if block is None:
        before = [step.block.line for step in story.steps if step.block.line < line]
        after = [step.block.line for step in story.steps if step.block.line > line]
        near = " and ".join(str(number) for number in (*before[-1:], *after[:1]))
        there = f"the nearest begin in line {near}" if near else "the page has none"
        raise TrueupError(f"{path}:{line}: no example stands there; {there}")
    if not any(block.line <= finding.line <= block.end for finding in story.findings):
        raise TrueupError(f"{path}:{line}: this block is marked literal, so there is nothing to run")
