"""The closed world of inline code: what a backticked span names, or why it names nothing."""

import builtins
import re
from collections.abc import Callable, Mapping

from trueup.collect.settings import Validator
from trueup.commandline import CommandLines
from trueup.facts import Inventory, closest
from trueup.literals import Literals
from trueup.operations import Operations
from trueup.resolution import KNOWN, Resolution, wrong
from trueup.vocabulary import Vocabulary

_VARIABLE = re.compile(r"\$?\{?([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*)\}?")
_SHOUTED = re.compile(r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+$")
_ASSIGNED = re.compile(r"(?:export )?([A-Z][A-Z0-9_]*)=(\S*)$")
_CALL = re.compile(r"([A-Za-z_][\w.]*)\(.*\)$", re.DOTALL)
_FILE = re.compile(r"(?:\.{0,2}/)?[\w.@-]+(?:/[\w.@*-]+)*/?(?::\d+)?$")
_SUFFIX = re.compile(r"\.(?:py|md|toml|ya?ml|json|sh|txt|cfg|ini|csv|html|css|js|sql|lock)(?::\d+)?$")
_MEDIA = re.compile(
    r"((application|audio|font|image|message|model|multipart|text|video)/(?:\*|[a-z0-9][\w.+-]*))(?:\s*;\s*[\w-]+=\S+)*$"
)
"""A media type with its parameters, by the top-level types that are registered with IANA."""
_BRACED = re.compile(r"[{<]([\w-]+)[}>]$")
_ARROW = re.compile(r"\s*(?:->|→|⟶)\s*")
_PYTHON = frozenset(name for name in dir(builtins) if name[0].isupper())


class Resolver:
    """Resolves inline code against facts, vocabulary and literals. Answers are remembered by text."""

    def __init__(
        self,
        inventory: Inventory,
        vocabulary: Vocabulary,
        validators: Mapping[str, Validator] | None = None,
        *,
        suggesting: bool = True,
        renamed: Callable[[str], str | None] = lambda _: None,
    ) -> None:
        """Without `suggesting`, what names nothing comes without "did you mean", which takes long to find.

        `renamed` knows what a name that was right once is now.
        """
        self.inventory = inventory
        self.vocabulary = vocabulary
        self._validators = validators or {}
        self._suggesting = suggesting
        self._renamed = renamed
        self._operations = Operations(inventory)
        self._commands = CommandLines(inventory)
        self._literals = Literals(inventory)
        self._seen: dict[str, Resolution] = {}

    def resolve(self, text: str) -> Resolution:
        """What `text` names, or what is wrong with it."""
        if text not in self._seen:
            answer = self._resolve(text)
            new = self._renamed(text) if answer.wrong else None
            self._seen[text] = wrong(answer.code, answer.message, new) if new else answer
        return self._seen[text]

    def _resolve(self, text: str) -> Resolution:
        exact = self._exact(text)
        if exact:
            return exact
        if self.vocabulary.explains(text):
            return KNOWN
        return (
            self._operations.resolve(text)
            or self._setting(text)
            or self._commands.resolve(text)
            or self._transition(text)
            or self._literals.resolve(text)
            or self._wrapped(text)
            or self._media(text)
            or self._file(text)
            or self._unknown(text)
        )

    def _exact(self, text: str) -> Resolution | None:
        facts = self.inventory.named(text)
        if facts:
            return Resolution(facts=tuple(facts))
        kind, colon, key = text.partition(":")
        if colon and not key.startswith(" ") and kind in self.inventory.kinds:
            fact = self.inventory.get(kind, key)
            if fact:
                return Resolution(facts=(fact,))
            return wrong("code-unknown", f"unknown {kind} {key}", self.inventory.suggest(key, kind))
        return KNOWN if text in _PYTHON else None

    def _setting(self, text: str) -> Resolution | None:
        match = _ASSIGNED.match(text)
        if match is None:
            variable = _VARIABLE.fullmatch(text)
            fact = self.inventory.get("setting", variable[1]) if variable else None
            return Resolution(facts=(fact,)) if fact else None
        name, value = match.groups()
        if self.vocabulary.explains(name):
            return KNOWN
        facts = tuple(fact for fact in self.inventory.named(name) if fact.kind == "setting")
        if not facts:
            return wrong("setting-unknown", f"unknown setting {name}", self.inventory.suggest(name, "setting"))
        check = self._validators.get(name)
        problem = check(value.strip("\"'")) if check and value and not re.search(r"[$…<{]|\.\.\.", value) else None
        if problem:
            return wrong("value-invalid", f"setting {name} does not take {value}: {problem}")
        return Resolution(facts=facts)

    def _transition(self, text: str) -> Resolution | None:
        """Two or more facts joined by arrows: the whole must be known when its ends are of one kind."""
        parts = _ARROW.split(text)
        if len(parts) < 2:
            return None
        canonical = " → ".join(parts)
        if canonical != text:
            exact = self._exact(canonical)
            if exact:
                return exact
        names = [fact.key for fact in self.inventory.of_kind("transition")]
        return wrong("code-unknown", f"unknown transition {text}", closest(canonical, names))

    def _wrapped(self, text: str) -> Resolution | None:
        """A call `f(x)`, a placeholder `{job_id}`: what stands inside counts."""
        if call := _CALL.match(text):
            return self._exact(call[1])
        if braced := _BRACED.match(text):
            return self._exact(braced[1])
        return None

    def _media(self, text: str) -> Resolution | None:
        """A media type, also one that no operation names; not where the project has a folder of that name."""
        match = _MEDIA.match(text)
        if match is None or _SUFFIX.search(match[1]) or self.inventory.get("file", f"{match[2]}/"):
            return None
        return self._exact(match[1]) or KNOWN

    def _file(self, text: str) -> Resolution | None:
        if not _FILE.match(text) or not ("/" in text or _SUFFIX.search(text)):
            return None
        path = re.sub(r":\d+$", "", text)
        exact = self._exact(path) or self._exact(path.rstrip("/") + "/")
        if exact:
            return exact
        suggestion = self.inventory.suggest(path, "file") if self._suggesting else None
        return wrong("file-unknown", f"unknown file {text}", suggestion)

    def _unknown(self, text: str) -> Resolution:
        if not self._suggesting:
            return wrong("code-unknown", f"unknown name {text}")
        if _SHOUTED.match(text):
            suggestion = self.inventory.suggest(text, "setting") or self.inventory.suggest(text)
            return wrong("setting-unknown", f"unknown setting {text}", suggestion)
        suggestion = self.inventory.suggest(text) or closest(text, self.vocabulary.words)
        return wrong("code-unknown", f"unknown name {text}", suggestion)
