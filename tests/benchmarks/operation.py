"""Times a repair by itself, and taking it back: `python -m tests.benchmarks.operation SPOOL CODE`.

The survey and the plans are made first and not counted. Prints one line of JSON with seconds of
wall and CPU time. SPOOL is as it was when this ends well.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from typing import TypeVar

from mailsurgeon.procedures.fix import plan_fix
from mailsurgeon.surgery.model import Plan
from mailsurgeon.surgery.surgeon import Surgeon
from mailsurgeon.survey.index.index import Index
from mailsurgeon.survey.open_spool import index_path, open_spool
from mailsurgeon.survey.run import run_survey
from mailsurgeon.survey.workers.pool import make_executor

T = TypeVar("T")


def main() -> None:
    """Survey, plan, apply, plan the undo, undo."""
    spool = open_spool(sys.argv[1])
    code, *folders = sys.argv[2:]
    index = Index.open(index_path(spool))
    with make_executor() as executor:
        run_survey(spool, index, executor=executor)
    plan, planning = _timed(lambda: plan_fix(spool, index, only=(code,), folders=folders))
    with Surgeon(spool) as surgeon:
        doing = _apply(surgeon, plan)
        back, planning_back = _timed(surgeon.plan_undo)
        undoing = _apply(surgeon, back)
    index.close()
    print(json.dumps({
        "acts": len(plan.acts), "planning": planning, "doing": doing,
        "planning undo": planning_back, "undoing": undoing,
    }))  # fmt: skip


def _apply(surgeon: Surgeon, plan: Plan) -> tuple[float, float]:
    os.sync()  # what others have written is not part of this
    report, cost = _timed(lambda: surgeon.apply(plan))
    if report.state != "applied" or report.refused:
        sys.exit(f"{report.state}: {report.summary}; {len(report.refused)} refused")
    return cost


def _timed(run: Callable[[], T]) -> tuple[T, tuple[float, float]]:
    wall, cpu = time.perf_counter(), time.process_time()
    result = run()
    return result, (time.perf_counter() - wall, time.process_time() - cpu)


if __name__ == "__main__":
    main()
