"""What can be wrong with a spool: the catalogue of problems, and rules as pure functions of facts."""
