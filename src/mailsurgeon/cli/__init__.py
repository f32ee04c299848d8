"""The commands; nothing here imports Textual but `screen`, when the screen is asked for."""

from mailsurgeon.cli.program import main, run

__all__ = ["main", "run"]
