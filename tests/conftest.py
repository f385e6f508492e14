"""What every test shares: no network, and lakes that are small and real."""

import os
import socket
from pathlib import Path

import pytest
from hypothesis import settings

from corpus.lake import Lake
from pomona import runner
from pomona.recipe import load
from tests.buckets import bucket
from tests.pomona.corpora import raw, recipe

__all__ = ["bucket"]

# Two processes whose threads wait for each other by spinning bring each other to a halt on two cores.
os.environ.setdefault("OMP_NUM_THREADS", "1")

settings.register_profile("pomona", deadline=None)  # the first example of a kernel compiles it
settings.load_profile("pomona")


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Any connection that leaves this machine is an error; loopback and pairs of sockets stay."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: object) -> None:
        host = address[0] if isinstance(address, tuple) else ""
        if self.family != socket.AF_UNIX and host not in ("127.0.0.1", "::1", "localhost"):
            raise AssertionError(f"a test tried to reach {address}")
        connect(self, address)  # type: ignore[arg-type]

    monkeypatch.setattr(socket.socket, "connect", guarded)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """An empty lake."""
    return Lake(tmp_path / "lake")


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """A lake after a recipe over four sources, which tests read and none writes."""
    root = raw(tmp_path_factory.mktemp("raw"))
    lake = Lake(root / "lake")
    list(runner.run_recipe(lake, load(recipe(root, root / "lake")), workers=1))
    return lake


@pytest.fixture(scope="session")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """A lake with a tokenizer, mixtures and token shards, which tests read and none writes."""
    from tests.mixed import make

    return make(tmp_path_factory.mktemp("mixed"))
