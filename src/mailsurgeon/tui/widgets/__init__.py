"""The parts the screens are made of: one file a widget."""
