"""Views of the filter for people: rules in force, distributions of signals, two settings compared, a limit swept."""

from filters.views.comparison import Comparison, Sweep, compare, sweep
from filters.views.histograms import Histogram, histograms
from filters.views.in_force import has_overrides, in_force, reasons
from filters.views.languages import OtherLanguages, other_languages

__all__ = [
    "Comparison", "Histogram", "OtherLanguages", "Sweep", "compare", "has_overrides", "histograms", "in_force",
    "other_languages", "reasons", "sweep",
]  # fmt: skip
