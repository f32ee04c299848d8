"""Measures the program against floors and other programs: `python -m tests.benchmarks`."""
