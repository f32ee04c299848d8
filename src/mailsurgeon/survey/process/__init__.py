"""Runs the survey in a process of its own, so that the screen keeps answering keys.

- `client`: `Apart`, which starts the process and calls `run_survey` there
- `wire`: the orders, questions and outcomes that the two processes send each other
- `server`: the process itself, with the readers it uses
"""
