"""What can be wrong with a spool: the catalogue of problems, and the rules as pure functions."""
