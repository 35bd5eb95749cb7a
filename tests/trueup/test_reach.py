"""Which pages the code of an example can read."""

import pytest
from trueup.reach import reached

DOCUMENTS = {"docs/index.md", "docs/guide/a.md", "docs/guide/b.md", "vocabulary.toml"}
ROOT = 'root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)\n'

CASES = [
    # what the code says, the documents that it reaches
    ("curl $BASE_URL/docs\ncat docs/index.md\n", set()),
    ("# BASH_SOURCE says where\necho hello\n", set()),
    (ROOT + 'cp -r "$root/samples" .\nunset root\n', set()),
    (ROOT + 'cat "$root/docs/index.md"\n', {"docs/index.md"}),
    (ROOT + 'cat "$root"/docs/index.md\n', {"docs/index.md"}),
    (ROOT + "cat ${root}/vocabulary.toml\n", {"vocabulary.toml"}),
    (ROOT + 'cp -r "$root/docs/guide" .\n', {"docs/guide/a.md", "docs/guide/b.md"}),
    (ROOT + 'cp "$root/docs/guide/"*.md .\n', {"docs/guide/a.md", "docs/guide/b.md"}),
    (ROOT + 'cp "$root"/docs/gui*/a.md .\n', {"docs/guide/a.md", "docs/guide/b.md"}),
    (ROOT + 'cp -r "$root" .\n', DOCUMENTS),
    (ROOT + "cd $root; cat docs/index.md\n", DOCUMENTS),
    (ROOT + "cd ${root%/*}\n", DOCUMENTS),
    (ROOT + "cat $root/samples/../docs/index.md\n", DOCUMENTS),
    ('cd "$(dirname "${BASH_SOURCE[0]}")/.."\n', DOCUMENTS),
    ("git -C .venv/.. rev-parse --show-toplevel\n", DOCUMENTS),
    ("import library\nprint(library.__file__)\n", DOCUMENTS),
    ("import inspect\ninspect.stack()[0]\n", DOCUMENTS),
    ("import inspect\ninspect.signature(print)\nmodule:inspect\n", set()),
    ("cat /proc/$$/environ\n", DOCUMENTS),
    ('ls "/proc/$SERVICE_PID/cwd"\n', DOCUMENTS),
    ('cat "/proc/$SERVICE_PID/limits" /proc/12/status\n', set()),
    ("cat /srv/project/docs/index.md\n", DOCUMENTS),
]


@pytest.mark.parametrize(("source", "found"), CASES)
def test_what_code_reaches(source: str, found: set[str]) -> None:
    assert reached([source], DOCUMENTS, "/srv/project") == found


def test_a_variable_of_one_source_is_followed_into_the_others() -> None:
    assert reached([ROOT, "cat $root/docs/index.md\n"], DOCUMENTS) == {"docs/index.md"}
