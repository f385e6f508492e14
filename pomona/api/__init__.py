"""The functions of `import pomona`: the commands of the command line, for Python and notebooks.

Each takes a lake, or its path or URL. A mistake raises `UserError` with one line: what is wrong, where, and what to do.
"""
