"""The explanation: what the first findings mean, in plain words, and what to do next."""

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

from trueup.findings import CODES, Finding

_MOST_CODES = 5

_PLAIN: Mapping[str, str] = MappingProxyType(
    {
        "code-unknown": "A page writes something in backticks that is no name of your project. Is it misspelt? "
        "If it is a foreign word, add it to the vocabulary with the reason.",
        "operation-unknown": "A page names a request that the service does not answer.",
        "setting-unknown": "A page names a setting that the service does not have.",
        "file-unknown": "A page names a file that is not in the repository.",
        "fact-undocumented": "Your code has something that no page shows. Put a fact block on its page.",
        "route-hidden": "Your service answers a route that its OpenAPI document does not show, so nobody can "
        "know it. Show it, or say under [[tool.trueup.hidden]] why it is nobody's business.",
        "block-unverified": "A code block is in a language that nothing runs. Say which language it is, mark it as the "
        "output of the block before it, or say why it is only to be read.",
        "value-bare": "A number stands in a page. When the code decides it, bind it: {{ setting.NAME.default }}; "
        "when it is true by nature, list it in the vocabulary.",
        "example-failed": "A command of a page fails when it is run. Its readers had the same trouble.",
        "example-differs": "A command of a page prints something else than the page says. When the new output is "
        "right, trueup write puts it into the page.",
        "service-failed": "The service did not start, so no example that needs it could run.",
        "page-unstamped": "The site was built without trueup: mkdocs.yml does not load its extension.",
        "build-failed": "The builder of the site complains.",
        "link-broken": "A link leads nowhere.",
        "anchor-missing": "A link names a heading that its page does not have.",
    }
)


def explain(findings: Sequence[Finding], examples: int) -> Iterator[str]:
    """Lines for people who see findings for the first time: the first of each kind, what it means, what to do.

    ``examples`` is how many have run.
    """
    if not findings:
        ran = "their examples have run" if examples else "no example has run"
        yield f"The names, values and links of these pages are held against your code, and {ran}."
        yield "The API reference repeats what your routes declare. Whether they answer so has not been tried yet."
        yield "Next: write a page below the folder of pages, or make a mistake in one, and run trueup check."
        yield "Find statuses and media types that are answered and not declared: trueup check --all"
        yield "See the site beside your service: trueup serve. Build it into the folder site: trueup build"
        return
    kinds: dict[str, list[Finding]] = {}
    for finding in findings:
        kinds.setdefault(finding.code, []).append(finding)
    yield f"{len(findings)} findings of {len(kinds)} kinds. A finding is a place where page and code disagree:"
    for code, group in list(kinds.items())[:_MOST_CODES]:
        more = f" (and {len(group) - 1} more like it)" if len(group) > 1 else ""
        yield ""
        yield f"  {group[0]}{more}"
        yield f"    {_PLAIN.get(code, CODES[code].meaning)}"
        yield f"    Do: {CODES[code].mend}"
    if len(kinds) > _MOST_CODES:
        yield ""
        yield f"  … and {len(kinds) - _MOST_CODES} kinds more: trueup report"
    yield ""
    yield "Next: mend the first one, and run trueup check again."
