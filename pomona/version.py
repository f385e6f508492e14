"""The version of the package. Lineage records it, but only a stage's own version makes the stage stale."""

__version__ = "0.1.0"
