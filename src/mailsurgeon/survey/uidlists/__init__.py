"""uidlists."""
