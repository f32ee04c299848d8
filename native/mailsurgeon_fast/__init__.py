"""The native reader of mailsurgeon, which finds and calls it by itself."""

from pathlib import Path

_PATH = Path(__file__).with_name("reader.so")
LIBRARY = str(_PATH) if _PATH.exists() else None
"""The path of the library; None if there was no C compiler when this was installed."""
