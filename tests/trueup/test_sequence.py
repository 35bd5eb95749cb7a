"""The sequence view: what it draws, and what it says of steps that it cannot draw."""

from typing import Any

import pytest
from lxml import etree
from trueup.facts import Inventory
from trueup.render.sequence import Sequence, SequenceOptions
from trueup.render.view import Rendered, Source

SOURCE = Source(Inventory([]), {})


def draw(*steps: dict[str, str], **options: Any) -> Rendered:
    chosen = {"title": "A <letter>", "parties": ["Ann", "Post", "Bob"], "steps": list(steps), **options}
    return Sequence().render(SequenceOptions.model_validate(chosen), SOURCE)


def test_each_step_is_drawn_once_and_said_in_words() -> None:
    drawn = draw({"Ann → Post": "a letter & a stamp"}, {"Post": "sorts"}, {"Bob ⇢ Ann": "thanks"})
    assert not drawn.troubles
    figure = etree.fromstring(drawn.markdown)
    space = {"s": "http://www.w3.org/2000/svg"}
    paths = figure.xpath("//s:path[contains(@class, 'trueup-edge')]/@class", namespaces=space)
    assert paths == ["trueup-edge", "trueup-edge trueup-group-1"]
    assert figure.xpath("string(//s:desc)", namespaces=space) == (
        "1. Ann to Post: a letter & a stamp; 2. Post: sorts; 3. Bob answers Ann: thanks."
    )
    assert figure.xpath("string(//s:title)", namespaces=space) == "A <letter>"


def test_a_long_text_is_wrapped_and_nothing_of_it_is_lost() -> None:
    words = " ".join(f"word{number}" for number in range(30))
    figure = etree.fromstring(draw({"Ann → Post": words}).markdown)
    lines = figure.xpath("//s:tspan/text()", namespaces={"s": "http://www.w3.org/2000/svg"})
    assert " ".join(lines) == f"1. {words}"
    assert max(map(len, lines)) < 30


@pytest.mark.parametrize(
    ("step", "message", "mend"),
    [
        ({"Ann → Pst": "x"}, "unknown party Pst", "did you mean Post?"),
        ({"Nobody": "x"}, "unknown party Nobody", "parties: Ann, Post, Bob"),
        ({"Ann": "x", "Bob": "y"}, "{'Ann': 'x', 'Bob': 'y'} is no step", "write `- A → B: what`, one to an item"),
    ],
)
def test_a_wrong_step_is_named(step: dict[str, str], message: str, mend: str) -> None:
    drawn = draw(step)
    assert [(trouble.option, trouble.message, trouble.mend) for trouble in drawn.troubles] == [("steps", message, mend)]
    assert not drawn.markdown
