"""Screenshots: bound to what they show, with a browser and without one."""

from functools import partial
from pathlib import Path

import pytest
from trueup import gallery, sitebuild
from trueup.camera import BROWSERS, find_browser, read
from trueup.config import load
from trueup.gallery import Gallery
from trueup.pages import read_pages

from tests.trueup.conftest import Project

browser = pytest.mark.skipif(find_browser("") is None, reason=f"none of {', '.join(BROWSERS)} is on the PATH")

BLOCK = """
/// screenshot | sheet
alt: The sheet, [printed]
caption: Fresh from the press.
path: /press/sheet
scenario: hung
width: 400
height: 200
///
"""


@pytest.fixture
def shown(gazette: Project) -> Project:
    """The gazette with a page that shows its sheet; a scenario has hung up a notice."""
    gazette.add("docs/look.md", f"# Look\n{BLOCK}")
    gazette.add("scenarios/hung.sh", 'curl -sf "$BASE_URL/notices" -F file=@- <<<"Hay for sale." >hung.json\n')
    gazette.edit("pyproject.toml", "[tool.trueup]\n", '[tool.trueup]\nscenarios = "scenarios"\n')
    return gazette


def visit(project: Project, *, write: bool = False, required: bool = False) -> Gallery:
    config = load(project.root)
    pages = read_pages(project.root, config.docs)
    site = partial(sitebuild.once, config, project.root, project.root / ".trueup" / "test")
    return gallery.visit(config, project.root, pages, site=site, write=write, required=required)


def without_browser(project: Project) -> None:
    project.add("pyproject.toml", '[tool.trueup.screenshots]\nbrowser = "no-such-browser"\n')


@browser
def test_a_screenshot_of_the_service_is_true_until_what_it_shows_changes(shown: Project) -> None:
    taken = visit(shown, write=True)
    assert (taken.findings, taken.visited) == ((), 1)
    assert taken.written == tuple(f"docs/assets/screenshots/sheet{end}" for end in ("-light.png", "-dark.png", ".yml"))
    assert "Hay for sale." in (shown.root / taken.written[2]).read_text()
    assert (shown.root / taken.written[0]).read_bytes().startswith(b"\x89PNG")
    assert [finding.code for finding in shown.findings() if finding.code.startswith("screenshot")] == []
    assert visit(shown) == Gallery(visited=1)
    assert visit(shown, write=True).written == (), "what is true is not taken again"
    shown.edit("src/gazette/printer.py", "config.title.upper()", "config.title.lower()")
    line = shown.edit("docs/look.md", "caption: Fresh from the press.", "caption: Yesterday's.") - 2
    (found,) = visit(shown).findings
    assert (found.path, found.line, found.code) == ("docs/look.md", line, "screenshot-stale")
    assert "-- text: THE VILLAGE GAZETTE" in found.detail
    assert "+- text: the village gazette" in found.detail


@browser
def test_a_screenshot_of_the_site_is_taken_in_the_colours_of_the_site(gazette: Project) -> None:
    gazette.edit(
        "mkdocs.yml",
        "  font: false\n",
        "  font: false\n  palette:\n"
        '    - {media: "(prefers-color-scheme: light)", scheme: default}\n'
        '    - {media: "(prefers-color-scheme: dark)", scheme: slate}\n',
    )
    gazette.add("docs/look.md", "# Look\n\n/// screenshot | home\nalt: The page\nsite: ''\nelement: article\n///\n")
    taken = visit(gazette, write=True)
    assert taken.findings == ()
    light, dark, record = (gazette.root / name for name in taken.written)
    assert light.read_bytes() != dark.read_bytes()
    assert "everybody who listens hears of it" in record.read_text()
    assert "not verified" not in record.read_text().lower(), "the stamp differs each time, and is left out"
    assert visit(gazette) == Gallery(visited=1)


WRONG = [
    ("scenario: hung", "scenario: hanged", "there is no scenario hanged"),
    ("path: /press/sheet", "path: /press/sheets", "/press/sheets answers with status 404"),
    ("path: /press/sheet", "path: /press/$WHERE", "no scenario exports the variable WHERE"),
    ("width: 400", "steps: [{click: '>> nonsense='}]\nwidth: 400", 'step 1, {"click":">> nonsense="}'),
]


@browser
def test_what_keeps_a_picture_from_being_taken_is_one_line(shown: Project) -> None:
    blocks = [BLOCK.replace("| sheet", f"| sheet{n}").replace(old, new) for n, (old, new, _) in enumerate(WRONG)]
    shown.add("docs/look.md", f"# Look\n{''.join(blocks)}")
    visited = visit(shown, write=True)
    assert [(found.path, found.code) for found in visited.findings] == [("docs/look.md", "screenshot-failed")] * 4
    for found, (_, _, message) in zip(visited.findings, WRONG, strict=True):
        assert message in found.message
    taken = {path.name for path in (shown.root / "docs" / "assets" / "screenshots").iterdir()}
    assert taken == {"sheet.yml", "sheet-light.png", "sheet-dark.png"}, "the one that is right is taken all the same"


def test_without_a_browser_the_report_says_how_many_were_not_looked_at(shown: Project) -> None:
    without_browser(shown)
    assert visit(shown) == Gallery(unseen=1)
    assert visit(shown).note == "1 was not looked at: no Chromium on this machine"
    (found,) = visit(shown, required=True).findings
    assert (found.path, found.code) == ("docs/look.md", "screenshot-unseen")
    assert "no-such-browser" in found.message
    (found,) = visit(shown, write=True).findings
    assert found.code == "screenshot-unseen", "writing what cannot be written is a finding"


RECORD = """taken: {taken}
pictures:
  light: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
  dark: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
shows: nothing
"""


def kept(project: Project) -> Path:
    """Files as if the screenshot had been taken."""
    from trueup.screenshots import read_screenshots

    folder = project.root / "docs" / "assets" / "screenshots"
    folder.mkdir(parents=True)
    page = next(page for page in read_pages(project.root, Path("docs")) if page.path == "docs/look.md")
    (shot,) = read_screenshots(page)
    (folder / "sheet.yml").write_text(RECORD.format(taken=shot.digest))
    (folder / "sheet-light.png").touch()
    (folder / "sheet-dark.png").touch()
    return folder


def found(project: Project) -> list[tuple[str, str]]:
    return [(each.code, each.message) for each in project.findings() if each.code.startswith(("screenshot", "block"))]


def test_what_can_be_told_without_a_browser_is_told(shown: Project) -> None:
    assert found(shown) == [("screenshot-stale", "screenshot sheet has not been taken yet")]
    folder = kept(shown)
    assert found(shown) == []
    (folder / "sheet-dark.png").write_bytes(b"x")
    assert found(shown) == [("screenshot-stale", "sheet-dark.png is not the picture that was taken")]
    (folder / "sheet-dark.png").unlink()
    assert found(shown) == [("screenshot-stale", "screenshot sheet has no sheet-dark.png")]
    (folder / "sheet-dark.png").touch()
    (folder / "old.png").touch()
    assert found(shown) == [("screenshot-orphan", "no page has a screenshot for old.png")]
    (folder / "old.png").unlink()
    shown.edit("docs/look.md", "caption: Fresh", "caption: Hot")
    assert found(shown) == [], "a caption is no part of the picture"
    shown.edit("docs/look.md", "width: 400", "width: 500")
    assert found(shown) == [("screenshot-stale", "the block of screenshot sheet has changed since it was taken")]
    (folder / "sheet.yml").write_text("- nothing")
    assert found(shown) == [("screenshot-stale", "screenshot sheet has not been taken yet")]


OPTIONS = [
    ("path: /press/sheet", "pth: /press/sheet", 6, "unknown option pth"),
    ("path: /press/sheet\n", "", 3, "give either path (of the service) or site (an address of the built site)"),
    ("path: /press/sheet", "path: press", 6, "option path: "),
    ("alt: The sheet, [printed]\n", "", 3, "option alt: Field required"),
    ("width: 400", "steps: [{click: a, press: b}]", 8, "option steps.0: Value error, a step is one of click, fill"),
    ("width: 400", "normalise: [dates]", 8, "option normalise.0: "),
    ("| sheet", "| The Sheet", 3, "the name of a screenshot is made of a-z, 0-9 and hyphens"),
    ("| sheet", "", 3, "the name of a screenshot is made of a-z, 0-9 and hyphens"),
]


@pytest.mark.parametrize(("old", "new", "line", "message"), OPTIONS, ids=[message for *_, message in OPTIONS])
def test_a_wrong_block_is_found(shown: Project, old: str, new: str, line: int, message: str) -> None:
    shown.edit("docs/look.md", old, new)
    (only,) = [each for each in shown.findings("docs/look.md") if each.code.startswith("block")]
    assert (only.line, only.message[: len(message)]) == (line, message)


def test_two_screenshots_of_one_name_are_found(shown: Project) -> None:
    kept(shown)
    shown.add("docs/index.md", BLOCK)
    assert [(code, message[:36]) for code, message in found(shown)] == [
        ("block-option", "two screenshots are named sheet: the")
    ]


def test_a_page_shows_the_picture_of_the_readers_colours(shown: Project) -> None:
    kept(shown)
    shown.add("docs/deep/er.md", f"# Deeper\n{BLOCK.replace('| sheet', '| deeper')}")
    config = load(shown.root)
    site = sitebuild.once(config, shown.root, shown.root / ".trueup" / "test")
    text = (site / "look" / "index.html").read_text()
    assert 'src="../assets/screenshots/sheet-light.png#only-light"' in text
    assert 'src="../assets/screenshots/sheet-dark.png#only-dark"' in text
    assert 'alt="The sheet, [printed]"' in text
    assert '<span class="trueup-caption">Fresh from the press.</span>' in text


@pytest.mark.parametrize("shown", ["1088ca4d", '"10884213"', '"10884e13"'])
def test_a_commit_that_looks_like_a_number_is_shown_like_any_other(shown: str) -> None:
    snapshot = f'- link "a":\n  - code: {shown}\n- text: "a: b"'
    assert read(snapshot, ["commit"]) == '- link "a":\n  - code: <commit>\n- text: "a: b"'
