"""Servers' lists of UIDs as a survey needs them.

`cache`: what is wrong with each list, and the sizes and UIDs it tells, kept in the index while the
list stays the same. `folder_details`: what the lists say of one folder, for the screen.
"""
