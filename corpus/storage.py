"""Disks and buckets: finds the file system of a path or URL, and words the message if a bucket cannot be used.

No bucket is ever made, because a name that does not exist is a mistyped one. Object stores have no folders, so no
folders are made there either.
"""

import os
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from corpus.errors import UserError

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

BUCKETS = frozenset({"s3", "s3a", "gs", "gcs", "az", "abfs", "abfss"})  # in their paths, the first name is the bucket
_INSTALLS = {"s3fs": "pip install 'pomona[s3]'", "gcsfs": "pip install gcsfs", "adlfs": "pip install adlfs"}
_LIBRARIES = frozenset({"botocore", "aiobotocore", "boto3", "aiohttp", "gcsfs", "google", "azure", "adlfs", "s3fs"})
_OBJECT_STORE = re.compile(
    r"Generic \w+ error: |Error performing [A-Z]+ |object store|Invalid endpoint: ", re.IGNORECASE
)
_TERMINAL = re.compile("\x1b\\[[0-9;]*m")
_MOST_CHARACTERS = 300
_HINTS = (
    (r"credentials|SignatureDoesNotMatch|InvalidAccessKeyId|AccessDenied|Forbidden|403|Unauthorized|401",
     "check the credentials: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE"),
    (r"connect|resolve|dns|timed? ?out|scheme|endpoint|HTTP error",
     "check the network and AWS_ENDPOINT_URL; if it is not set, Amazon's endpoint is used"),
    (r"NoSuchBucket|bucket", "check the bucket's name; Pomona does not make buckets"),
)  # fmt: skip


def filesystem(url: str, options: Mapping[str, str] | None = None) -> "tuple[AbstractFileSystem, str]":
    """Returns the file system of a path or URL, and the path there. Raises `UserError` if it is not known here."""
    import fsspec

    allow_stated_http()
    protocol, _, rest = url.partition("://")
    if protocol in BUCKETS and not rest.strip("/"):
        raise UserError(f"{url} does not name a bucket; write a URL as s3://bucket/folder")
    try:
        fs, path = fsspec.core.url_to_fs(url, **(options or {}))
    except ImportError as error:
        missing = next((name for name in _INSTALLS if name in str(error)), "")
        raise UserError(f"{public(url)} needs another package: {_INSTALLS.get(missing, error)}") from error
    except ValueError as error:  # an unknown protocol, or an option that the file system does not take
        hint = "write a path, or a URL as s3://bucket/folder"
        raise UserError(f"{public(url)} cannot be opened: {error}; {hint}") from error
    return fs, str(path)


def public(text: str) -> str:
    """Returns a URL, or a text with URLs, without users and passwords."""
    return re.sub(r"(^|//)[^/@\s]+@", r"\1", text)


def is_remote(url: str) -> bool:
    """Returns whether a name is a URL of something that is not on this machine's disk."""
    return "://" in url and not url.startswith("file://")


def allow_stated_http() -> None:
    """Allows http:// if the endpoint is written with it.

    delta-rs and Polars require a second setting for that.
    """
    stated = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL", "")
    if stated.startswith("http://"):
        os.environ.setdefault("AWS_ALLOW_HTTP", "true")


def require_bucket(url: str) -> None:
    """Raises `UserError` if the URL's bucket does not exist.

    If this cannot be determined, the first write shows it.
    """
    protocol, _, rest = url.partition("://")
    if protocol not in BUCKETS:
        return
    fs, _ = filesystem(url)
    bucket = rest.split("/")[0]
    try:
        fs.info(bucket)  # `exists` returns False if the service cannot be reached or the key is wrong
    except PermissionError:  # some keys may use a bucket but not list it
        return
    except FileNotFoundError as error:
        hint = "make it first, or correct its name"
        raise UserError(f"{public(url)}: bucket {public(bucket)!r} does not exist; {hint}") from error


def told(error: BaseException) -> str | None:
    """Returns the message of a bucket's library in one line, with what to check; None for all other errors."""
    bucket_errors = [link for link in _chain(error) if _is_of_bucket(link)]
    if not bucket_errors:
        return None
    message = max((_line(link) for link in bucket_errors), key=len)
    hint = next((hint for pattern, hint in _HINTS if re.search(pattern, message, re.IGNORECASE)), "")
    return f"the bucket cannot be used: {message}{'; ' if hint else ''}{hint}"


def _is_of_bucket(error: BaseException) -> bool:
    return type(error).__module__.split(".")[0] in _LIBRARIES or bool(_OBJECT_STORE.search(str(error)))


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yields the error, and the errors that caused it."""
    link: BaseException | None = error
    while link is not None:
        yield link
        link = link.__cause__ or link.__context__


def _line(error: BaseException) -> str:
    words = " ".join(_TERMINAL.sub("", str(error) or type(error).__name__).replace("↳", "").split())
    return words if len(words) <= _MOST_CHARACTERS else f"{words[:_MOST_CHARACTERS]}…"
