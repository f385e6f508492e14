"""Answers to questions about a complete lake, as frozen dataclasses that report, `--json` and Python share.

Views of one family are in the `views.py` of its folder. Only commands, the report and notebooks turn a view into words
or pictures.
"""
