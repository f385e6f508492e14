"""Switches the libraries of Hugging Face's hub to offline if the hub cannot be reached.

Otherwise they would try for half a minute per file.
"""

import os
import socket
import sys
from urllib.parse import urlsplit

_PATIENCE_SECONDS = 3.0
_SWITCHES = (("huggingface_hub.constants", "HF_HUB_OFFLINE"), ("datasets.config", "HF_HUB_OFFLINE"),
             ("datasets.config", "HF_DATASETS_OFFLINE"))  # fmt: skip
_PROXIES = ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")


def offline_if_unreachable() -> bool:
    """Returns whether the hub's libraries work offline from here on.

    They do if they were set to, or if the hub does not answer in 3 seconds. Call this function before they are
    imported. Libraries that are already imported are switched, too. Behind a proxy, the hub is not tried.
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
    except (OSError, ValueError):  # no such host, no network, or not a URL
        return False
    return True
