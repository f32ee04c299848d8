"""fsops."""
