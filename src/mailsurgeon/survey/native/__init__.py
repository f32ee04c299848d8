"""Uses the native reader, a library in C that may be installed beside the program.

- `library`: finds it, if it is installed and wanted
- `reader`: calls it for a slice of a directory
"""
