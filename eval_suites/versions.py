"""Versions of packages."""

from importlib.metadata import PackageNotFoundError, version


def installed(package: str) -> str:
    """Returns the version of a package; '' if it is not installed."""
    try:
        return version(package)
    except PackageNotFoundError:
        return ""
