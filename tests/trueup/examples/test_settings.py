"""What a page asks for in its front matter: scenarios, and a service of its own."""

from tests.trueup.examples.stories import PARCELS, Project


def test_a_scenario_prepares_the_page(project: Project) -> None:
    scenario = project.root / "scenarios" / "posted.sh"
    scenario.write_text(
        'export FIRST=$(curl -sf -d \'{"to": "Ada"}\' "$BASE_URL/parcels" | jq -r .id)\n', encoding="utf-8"
    )
    page = "---\ntrueup:\n  scenario: posted\n---\n```http\nGET /parcels/$FIRST\n```\n```bash\n[ -n $FIRST ]\n```\n"
    assert project.findings(page) == []
    unknown = project.finding(page.replace("posted", "pasted"))
    assert str(unknown) == "docs/x.md:1: unknown scenario pasted; there are: posted [scenario-unknown]"
    scenario.write_text("echo no stamps; false", encoding="utf-8")
    failed = project.finding(page)
    assert (failed.code, failed.detail) == ("scenario-failed", "no stamps\n")


def test_a_page_may_set_up_its_own_service(project: Project) -> None:
    front = "---\ntrueup: {service: {env: {COLOUR: green}}}\n---\n"
    assert (
        project.findings(front + '```http\nGET /env/COLOUR\n```\n```{.json .output}\n{"COLOUR": "green"}\n```\n') == []
    )
    assert project.findings("```bash\nprintenv | grep -q COLOUR && false || true\n```\n") == []


def test_wrong_front_matter_is_named(project: Project) -> None:
    finding = project.finding("---\ntrueup: {service: {environment: {}}}\n---\nx\n")
    assert finding.code == "front-matter-invalid"
    assert "environment" in finding.message


def test_pages_that_need_no_service_start_none(project: Project) -> None:
    project.settings["service"] = {"command": "no-such-service"}
    assert project.findings("```bash\necho $((6 * 7))\n```\n") == []
    finding = project.finding('text\n\n```bash\ncurl -s "$BASE_URL"\n```\n')
    assert (finding.line, finding.code) == (3, "service-failed")


def test_a_service_that_does_not_start_is_one_finding_with_its_log(project: Project) -> None:
    project.settings["service"] = {"command": f"{PARCELS} --broken", "depends": ["code.py"]}
    finding = project.finding("```http\nGET /parcels\n```\n\n```http\nGET /parcels\n```\n")
    assert finding.code == "service-failed"
    assert "the shelf fell down" in finding.detail
