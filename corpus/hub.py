"""Hugging Face's hub, where there is none: its libraries are told so, instead of trying for half a minute a file."""

import os
import socket
import sys
from urllib.parse import urlsplit

_PATIENCE_SECONDS = 3.0
_SWITCHES = (("huggingface_hub.constants", "HF_HUB_OFFLINE"), ("datasets.config", "HF_HUB_OFFLINE"),
             ("datasets.config", "HF_DATASETS_OFFLINE"))  # fmt: skip
_PROXIES = ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")


def offline_if_unreachable() -> bool:
    """Whether the hub's libraries work offline from here on: they were told to, or it does not answer in 3 seconds.

    Call it before they are imported; those that are already are told, too. Behind a proxy nothing is tried.
    """
    if os.environ.get("HF_HUB_OFFLINE", "").upper() in ("1", "ON", "YES", "TRUE"):
        return True
    if any(os.environ.get(name) for name in _PROXIES) or _answers():
        return False
    os.environ["HF_HUB_OFFLINE"] = os.environ["HF_DATASETS_OFFLINE"] = "1"
    for module, name in _SWITCHES:
        if module in sys.modules:
            setattr(sys.modules[module], name, True)
    return True


def _answers() -> bool:
    try:
        parts = urlsplit(os.environ.get("HF_ENDPOINT") or "https://huggingface.co")
        port = parts.port or (80 if parts.scheme == "http" else 443)
        socket.create_connection((parts.hostname or "", port), timeout=_PATIENCE_SECONDS).close()
    except (OSError, ValueError):  # no such host, no network, no URL
        return False
    return True
