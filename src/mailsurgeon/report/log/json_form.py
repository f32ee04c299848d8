"""The session log as JSON, which programs rely on; written piece by piece."""

from __future__ import annotations

from collections.abc import Iterator

from mailsurgeon.report.output import as_json, path_json
from mailsurgeon.surgery.fsops.paths import spelled
from mailsurgeon.surgery.journal.records import Operation, StepRecord
from mailsurgeon.surgery.surgeon import Surgeon


def json_log(surgeon: Surgeon, operations: list[Operation]) -> Iterator[str]:
    """The text that `json.dumps` with an indent of 1 would make of the whole."""
    yield f'{{\n "schema": 1,\n "spool": {as_json(surgeon.spool.shown)},\n "operations": ['
    for number, operation in enumerate(operations):
        yield ("," if number else "") + "\n" + _operation(operation)
        between = ""
        for record in surgeon.steps(operation.id):
            yield between + "\n" + _step(record)
            between = ","
        yield "\n   ]\n  }" if between else "]\n  }"
    yield "\n ]\n}\n" if operations else "]\n}\n"


def _operation(operation: Operation) -> str:
    """An operation up to its steps."""
    facts = {
        "id": operation.id,
        "session": operation.session,
        "time": operation.time,
        "kind": operation.kind,
        "of": operation.of,
        "summary": operation.summary,
        "state": operation.state,
    }
    lines = [f'   "{name}": {as_json(value)},\n' for name, value in facts.items()]
    return "  {\n" + "".join(lines) + '   "steps": ['


def _step(record: StepRecord) -> str:
    target = None if record.target is None else path_json(spelled(record.target))
    return (
        f'    {{\n     "action": {as_json(record.action.partition("-")[0])},'
        f'\n     "source": {as_json(path_json(spelled(record.step.about)))},'
        f'\n     "target": {as_json(target)},'
        f'\n     "state": {as_json(record.state)}\n    }}'
    )
