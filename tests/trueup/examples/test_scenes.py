"""Scenes: parts of a page that are played on a stage of their own, most of them after an injected failure."""

import pytest
from trueup.pages import Page
from trueup.scenes import read_scenes

from tests.trueup.examples.stories import PARCELS, Project

DESK = PARCELS.partition(" {port}")[0]
POST = """curl -s -d '{"to": "Ada"}' "$BASE_URL/parcels" -o /dev/null"""
COUNT = """curl -s "$BASE_URL/parcels" | jq .total"""


def block(source: str, output: str | None = None) -> str:
    shown = "" if output is None else f"```{{.text .output}}\n{output}\n```\n\n"
    return f"```bash\n{source}\n```\n\n{shown}"


def scenes(text: str) -> list[tuple[int, int]]:
    return [(scene.line, scene.end) for scene in read_scenes(Page("docs/x.md", "x.md", text))]


def test_a_scene_ends_at_the_next_heading_of_its_level_or_at_the_next_scene() -> None:
    lines = [
        "# T",
        "",
        "/// scene",
        "///",
        "## A",
        "/// scene",
        "///",
        "### A1",
        "x",
        "## B",
        "/// scene",
        "///",
        "",
        "x",
    ]
    assert scenes("\n".join(lines)) == [(3, 5), (6, 9), (11, 14)]
    assert scenes("A\n---\n/// scene\n///\nx\n\n### A1\nx\n\nB\n---\nx\n") == [(3, 9)]
    assert scenes("/// scene\n///\n# T\n## A\n") == [(1, 5)]
    assert scenes("~~~\n/// scene\n///\n~~~\n") == []


def test_each_scene_has_a_service_and_a_shell_of_its_own_after_the_same_prelude(project: Project) -> None:
    page = "# T\n\n" + block(f"post() {{ {POST}; }}\nX=prelude") + block("post; " + COUNT, "1")
    for name in ("a", "b"):
        page += f"## {name}\n\n/// scene\n///\n\n"
        page += block(f"echo $X ${{Y-unset}}; Y={name}; touch {name}; ls; post; {COUNT}", f"prelude unset\n{name}\n2")
    page += "## Main again\n\n" + block(f"echo ${{Y-unset}}; ls; {COUNT}", "unset\n1")
    project.page(page)
    result = project.run()
    assert result.findings == ()
    assert result.per_page == {"docs/x.md": 5}, "a prelude that is played again counts once"


def test_python_and_ids_of_the_prelude_are_known_in_a_scene(project: Project) -> None:
    shown = "0198c1f4-7c1e-7a33-b3f2-9b6f0d1c2a44"
    page = f"""```http
POST /parcels

{{"to": "Ada"}}
```
```{{.json .output}}
{{
  "id": "{shown}",
  …
}}
```
```python
n = 42
```
## A
/// scene
///
```http
GET /parcels/{shown}
```
```python
print(n)
```
```{{.text .output}}
42
```
"""
    assert project.findings(page) == []


def test_a_failure_is_injected_after_the_prelude_and_the_recovery_is_shown(project: Project) -> None:
    project.failure("shelf-empty", f'{POST}\nrm "$SHELF"\n[ "$({COUNT})" = 0 ]')
    project.settings["service"] = {**project.settings["service"], "env": {"SHELF": "{data}/parcels.json"}}
    treated = f"## Gone\n\n/// failure | shelf-empty\n///\n\n{block(COUNT, '0')}{block(POST)}{block(COUNT, '1')}"
    assert project.findings(f"# T\n\n{block(POST)}{treated}") == []


def test_a_failure_that_does_not_take_effect_is_a_finding(project: Project) -> None:
    project.failure("shelf-empty", f"echo still full; [ $({COUNT}) = 99 ]")
    finding = project.finding(f"# T\n\n/// failure | shelf-empty\n///\n\n{block(COUNT, '0')}")
    assert (finding.line, finding.code, finding.detail) == (3, "failure-ineffective", "still full\n")
    assert finding.message == "failure shelf-empty was not brought about: its script ended with status 1"
    project.failure("shelf-empty", "exit 1")
    assert "ended the process" in project.finding(project.read()).message


def test_a_failure_may_end_the_service_and_a_scene_may_start_another(project: Project) -> None:
    project.failure("desk-closed", 'kill -9 "$SERVICE_PID"\nwhile curl -s "$BASE_URL/ready"; do :; done')
    start = f'{DESK} "$PORT" . > log 2>&1 &\nuntil curl -s "$BASE_URL/ready" -o /dev/null; do sleep 0.1; done'
    page = f"# T\n\n/// failure | desk-closed\n///\n\n```{{.bash exit=7}}\n{COUNT.partition(' |')[0]}\n```\n\n"
    assert project.findings(page + block(start) + block(COUNT, "0")) == []


def test_a_frozen_service_is_ended_at_once(project: Project) -> None:
    project.settings["timeouts"] = {"block": 5, "page": 20, "start": 10, "stop": 60}
    project.failure("desk-asleep", 'kill -STOP "$SERVICE_PID"')
    page = "# T\n\n/// failure | desk-asleep\n///\n\n"
    assert project.findings(page + block('curl -s -m 0.2 "$BASE_URL/ready" || echo asleep', "asleep")) == []


def test_an_unknown_failure_and_what_it_might_have_been(project: Project) -> None:
    project.failure("shelf-empty", "true")
    finding = project.finding(f"# T\n\n/// failure | shelf-emty\n///\n\n{block('echo 1', '1')}")
    assert str(finding) == "docs/x.md:3: unknown failure shelf-emty; did you mean shelf-empty? [failure-unknown]"


def test_a_failure_without_a_documented_output_proves_nothing(project: Project) -> None:
    project.failure("shelf-empty", "true")
    page = f"# T\n\n{block('echo 1', '1')}/// failure | shelf-empty\n///\n\n{block('true')}"
    assert [code for _, code in project.findings(page)] == ["runbook-unproved"]
    assert project.findings(page.replace("/// failure | shelf-empty", "/// scene")) == []


def test_a_scene_may_set_up_its_own_service(project: Project) -> None:
    front = "---\ntrueup: {service: {env: {COLOUR: green, SIZE: small}}}\n---\n"
    ask = '```http\nGET /env/%s\n```\n```{.json .output}\n{"%s": "%s"}\n```\n'
    page = f"{front}# T\n/// scene\nenv: {{COLOUR: red, COUNT: 0}}\n///\n"
    assert (
        project.findings(
            page + "".join(ask % (n, n, v) for n, v in (("COLOUR", "red"), ("SIZE", "small"), ("COUNT", "0")))
        )
        == []
    )


def test_a_prelude_that_fails_is_one_finding(project: Project) -> None:
    page = f"# T\n\n{block('false')}" + "".join(f"## {n}\n\n/// scene\n///\n\n{block('echo 1', '1')}" for n in "ab")
    assert project.findings(page) == [(3, "example-failed")]


def test_a_prelude_that_fails_only_the_second_time(project: Project) -> None:
    mark = project.root / "mark"
    page = f"# T\n\n{block(f'mkdir {mark}')}## a\n\n/// scene\n///\n\n{block('true')}"
    project.page(page)
    (finding,) = project.run(jobs=1).findings
    assert (finding.line, finding.code) == (3, "example-failed")
    assert "for the scene in line 9" in finding.message or finding.message == "bash block ended with status 1"


def test_an_act_that_takes_too_long_does_not_take_the_time_of_another(project: Project) -> None:
    project.settings["timeouts"] = {"block": 5, "page": 1, "start": 10, "stop": 1}
    page = "".join(f"## {n}\n\n/// scene\n///\n\n{block('sleep 0.6')}" for n in "abc")
    assert project.findings(page) == []
    finding = project.finding(page + block("sleep 0.6") + block("true"))
    assert (finding.line, finding.code) == (28, "example-timeout")
    assert finding.mend == "run `trueup check docs/x.md:28` to repeat it"


def test_writing_fills_the_outputs_of_scenes_but_not_of_their_prelude_twice(project: Project) -> None:
    page = f"# T\n\n{block('echo 1', 'x')}" + "".join(
        f"## {n}\n\n/// scene\n///\n\n{block('echo ' + n, 'x')}" for n in "ab"
    )
    project.page(page)
    assert project.run(write=True).written == ("docs/x.md",)
    expected = page.replace("x\n", "1\n", 1).replace("x\n", "a\n", 1).replace("x\n", "b\n", 1)
    assert project.read() == expected


@pytest.mark.parametrize("options", ["enw: {A: 1}", "env: [1]", "env: {A: {}}", ": ["])
def test_a_scene_with_wrong_options_still_plays(project: Project, options: str) -> None:
    assert project.findings(f"# T\n\n/// scene\n{options}\n///\n\n{block('echo 1', '1')}") == []
