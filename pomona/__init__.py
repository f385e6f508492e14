"""What a person runs: the command line, recipes, the runner and reports."""

__version__ = "0.1.0"
