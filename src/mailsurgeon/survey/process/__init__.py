"""Surveys in a process of its own, so that the screen answers keys meanwhile.

`client` runs in the screen's process: it starts the other one and calls a survey there. `server`
runs in the other process: it surveys, with readers of its own or those of a cluster, and calls the
client back for progress.
"""
