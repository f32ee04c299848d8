"""Changes a spool: plans, the journal, and the only code that touches files. Nothing is deleted."""
