"""The version of the package. Lineage keeps it; a stage has a version of its own, which alone makes it stale."""

__version__ = "0.1.0"
