"""The Textual interface: one file a screen, one file a widget, styles beside them."""
