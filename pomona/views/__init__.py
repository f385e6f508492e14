"""What a person asks of a lake as a whole, as frozen dataclasses: report, `--json` and Python share them.

What concerns one family is in the `views.py` of its room. Only commands, the report and notebooks make words or
pictures of a view.
"""
