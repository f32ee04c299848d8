"""Guided recoveries built on the survey and on surgery."""
