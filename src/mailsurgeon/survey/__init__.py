"""Looks at a spool once: walks it, reads it with worker processes, keeps the facts in an index."""
