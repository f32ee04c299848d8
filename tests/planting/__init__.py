"""Plants damage among healthy mail, and knows exactly what a survey has to find.

Nothing here uses the program's own rules: the truth comes from the catalogue's words alone.
"""
