"""The functions of `import pomona`: what the command line does, for Python and notebooks.

Each takes a lake, or its path or URL. A mistake raises `UserError` with one line: what, where, and what to do.
"""
