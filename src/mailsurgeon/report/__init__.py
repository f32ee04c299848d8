"""Says what was found and what was done: tables, JSON, CSV, the session log."""
