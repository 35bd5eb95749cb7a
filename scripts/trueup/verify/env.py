"""`env` blocks: every line sets a known setting to a value that the settings model accepts."""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from io import StringIO
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from trueup.collect.settings import variables
from trueup.facts import closest
from trueup.verify.verdict import Fault


def faults(source: str, models: Sequence[Any]) -> Iterator[Fault]:
    """What is wrong with the lines of a `.env` file, by the project's pydantic-settings models themselves."""
    # Imported here: a project without settings models need not have it.
    from dotenv.parser import parse_stream

    names = _names(models)
    lines: dict[str, int] = {}
    for binding in parse_stream(StringIO(source)):
        # A binding begins with the blank lines before it.
        text = binding.original.string
        line = binding.original.line + text[: len(text) - len(text.lstrip())].count("\n")
        if binding.error or (binding.key is not None and binding.value is None):
            yield Fault("line is no NAME=value", line)
        elif binding.key is not None:
            name = binding.key.upper()
            lines.setdefault(names.get(name, name), line)
            if name not in names and not any(name.startswith(prefix) for prefix in _prefixes(models)):
                close = closest(binding.key, names)
                yield Fault(
                    f"unknown setting {binding.key}", line, "setting-unknown", f"did you mean {close}?" if close else ""
                )
    with tempfile.TemporaryDirectory(prefix="trueup-env-") as folder:
        file = Path(folder) / "env"
        file.write_text(source, encoding="utf-8")
        for model in models:
            yield from _refused(_only_from(model, file), lines)


def mapping_faults(value: Any, models: Sequence[Any]) -> Iterator[Fault]:
    """What is wrong with settings that stand in another format, by name of the field or of the variable."""
    if not isinstance(value, Mapping):
        yield Fault("block is no mapping of settings to values")
        return
    text = "".join(f"{key}={_quoted(item)}\n" for key, item in value.items())
    for fault in faults(text, models):
        yield Fault(fault.message, 0, fault.code, fault.mend)


def _quoted(value: Any) -> str:
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _names(models: Sequence[Any]) -> dict[str, str]:
    """Variable, in capitals → the name of its field."""
    return {
        variable.upper(): field
        for model in models
        for name, others, field, _ in variables(model)
        for variable in (name, *others)
    }


def _prefixes(models: Sequence[Any]) -> Iterator[str]:
    """How variables of nested settings begin."""
    for model in models:
        if delimiter := model.model_config.get("env_nested_delimiter"):
            for name, others, _, _ in variables(model):
                yield from (f"{variable}{delimiter}".upper() for variable in (name, *others))


def _only_from(model: Any, file: Path) -> type[Any]:
    """The model, reading from one file and from nothing else of this machine."""
    from pydantic_settings import DotEnvSettingsSource

    def sources(_cls: type[Any], /, settings_cls: Any, **_others: Any) -> tuple[Any, ...]:
        return (DotEnvSettingsSource(settings_cls, env_file=file),)

    return type(model.__name__, (model,), {"settings_customise_sources": classmethod(sources)})


def _refused(model: type[Any], lines: Mapping[str, int]) -> Iterator[Fault]:
    fields = {name: field for name, _, field, _ in variables(model)}
    try:
        model()
    except ValidationError as error:
        for entry in error.errors(include_url=False):
            # A block may show a part of the settings only; and names have been looked at already.
            if entry["type"] in {"missing", "extra_forbidden"}:
                continue
            place = str(entry["loc"][0]) if entry["loc"] else ""
            field = place if place in fields.values() else fields.get(place.upper(), place)
            name = next((variable for variable, owner in fields.items() if owner == field), "the settings")
            yield Fault(f"{name}: {entry['msg']}", lines.get(field, 0), "value-invalid")
    except Exception as error:
        # A source or a validator may raise what it likes; it is the model's answer to this block all the same.
        yield Fault(f"the settings model refuses it: {str(error).splitlines()[0]}", code="value-invalid")
