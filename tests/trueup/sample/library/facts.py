"""The facts that only the library can tell."""

import inspect

from library import problems, states


def _line(module, text):
    for number, line in enumerate(inspect.getsource(module).splitlines(), 1):
        if text in line:
            return number
    return 1


def collect():
    for order, state in enumerate(states.State):
        yield {
            "kind": "state",
            "key": state.value,
            "summary": states.MEANINGS.get(state, ""),
            "order": order,
            "file": "library/states.py",
            "line": _line(states, f'{state.name} = "'),
        }
    for order, (source, event, target) in enumerate(states.MOVES):
        line = _line(states, f'({f"State.{source.name}" if source else None}, "{event}"')
        yield {
            "kind": "transition",
            "key": f"{source or 'new'} → {event} → {target}",
            "names": [f"{source} → {target}"],
            "source": source,
            "target": target,
            "label": event,
            "order": order,
            "file": "library/states.py",
            "line": line,
        }
    for problem in problems.Problem.__subclasses__():
        if problem.__module__ == problems.__name__:
            yield {
                "kind": "problem",
                "key": problem.code,
                "summary": problem.__doc__,
                "status": problem.status,
                "file": "library/problems.py",
                "line": inspect.getsourcelines(problem)[1],
            }
