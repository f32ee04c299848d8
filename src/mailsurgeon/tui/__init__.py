"""The Textual interface: one file a screen, one file a widget, styles beside them."""

import os

# Frames a second. What follows a frame waits for the next one; nothing is drawn without need.
os.environ.setdefault("TEXTUAL_FPS", "120")
