"""Command lines in inline code: `jobs worker --count 4`, held against the command tree."""

import re
import shlex

from trueup.facts import Fact, Inventory, closest
from trueup.resolution import Resolution, wrong

_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=")
_PIPES = {"|", "||", "&&", ";", ">", ">>", "<", "2>&1", "&"}


class CommandLines:
    """Checks commands, options and the number of arguments of the commands in an inventory."""

    def __init__(self, inventory: Inventory) -> None:
        self._commands = {fact.key: fact for fact in inventory.of_kind("command")}
        self._options: dict[str, list[Fact]] = {}
        for fact in inventory.of_kind("option"):
            self._options.setdefault(str(fact.attributes["command"]), []).append(fact)
        self._roots = {key.split()[0] for key in self._commands}

    def resolve(self, text: str) -> Resolution | None:
        """What `text` runs; none when it does not start with a known command."""
        words = text.split()
        while words and _ASSIGNMENT.match(words[0]):
            words = words[1:]
        if not words or words[0] not in self._roots:
            return None
        try:
            words = shlex.split(" ".join(words))
        except ValueError:
            return wrong("code-unknown", f"command line {text} has an unclosed quote")
        stop = next((index for index, word in enumerate(words) if word in _PIPES), len(words))
        return self._walk(words[:stop])

    def _walk(self, words: list[str]) -> Resolution:
        path = words[0]
        command = self._commands[path]
        used: list[Fact] = []
        positional = 0
        index = 1
        while index < len(words):
            word = words[index]
            index += 1
            if word in ("…", "...", "--help", "--"):
                continue
            if word.startswith("-") and len(word) > 1:
                name, has_value, _ = word.partition("=")
                option = self._option(path, name)
                if option is None:
                    known = [s for o in self._options.get(path, []) for s in o.attributes["spellings"]]
                    return wrong("option-unknown", f"{path} has no option {name}", closest(name, known))
                used.append(option)
                if not has_value and option.attributes["type"] != "flag":
                    index += 1
            elif f"{path} {word}" in self._commands:
                path = f"{path} {word}"
                command = self._commands[path]
            elif command.attributes["commands"] and not command.attributes["arguments"]:
                return wrong(
                    "code-unknown", f"{path} has no command {word}", closest(word, command.attributes["commands"])
                )
            else:
                positional += 1
        allowed = command.attributes["arguments"]
        if positional > len(allowed) and not any(argument["many"] for argument in allowed):
            return wrong("code-unknown", f"{path} takes {len(allowed)} arguments, not {positional}")
        return Resolution(facts=(command, *used))

    def _option(self, path: str, name: str) -> Fact | None:
        """The option, of the command itself or of a group above it."""
        while path:
            for option in self._options.get(path, []):
                if name in option.attributes["spellings"]:
                    return option
            path = path.rpartition(" ")[0]
        return None
