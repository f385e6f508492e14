import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from corpus import lease, lease_files, owner
from corpus.errors import UserError
from corpus.lake import Lake
from corpus.lease import hold

ROOT = Path(__file__).resolve().parents[2]
ELSEWHERE = "00000000.7.7.00000000"  # a token of another host


def path(lake: Lake, name: str = "ingest:web") -> Path:
    return Path(lake.root) / ".pomona" / "leases" / f"{name.replace(':', '%3A')}.json"


def leave(lake: Lake, token: str, *, text: str | None = None, age: float = 0.0) -> None:
    """A lease as a process that is gone has left it."""
    file = path(lake)
    file.parent.mkdir(parents=True, exist_ok=True)
    record = {"token": token, "host": "h", "pid": 7, "purpose": "pomona ingest", "since": 0.0}
    file.write_text(json.dumps(record) if text is None else text)
    os.utime(file, (time.time() - age,) * 2)


@contextmanager
def another(lake: Lake, code: str = "print('held', flush=True); input()") -> Iterator["subprocess.Popen[str]"]:
    """Another process that holds the lease of ingest:web."""
    program = (
        "import sys, os, time; from corpus.lake import Lake; from corpus.lease import hold\n"
        f"with hold(Lake(sys.argv[1]), 'ingest:web', purpose='pomona ingest raw/') as held:\n    {code}"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program, lake.url],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == "held"
        yield process
    finally:
        process.kill()
        process.communicate()


def gone_token() -> str:
    """A token of a process of this host that has ended."""
    code = "from corpus import owner; print(owner.new_token())"
    return subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.strip()


def test_a_lease_is_a_file_while_the_block_runs(lake: Lake) -> None:
    with hold(lake, "ingest:web", purpose="pomona ingest raw/") as held:
        record = json.loads(path(lake).read_text())
        assert record["token"] == held.token
        assert (record["host"], record["pid"]) == (socket.gethostname(), os.getpid())
        assert record["purpose"] == "pomona ingest raw/"
        assert not held.waited
        held.confirm()
    assert list(path(lake).parent.iterdir()) == []


def test_names_are_independent_and_any_name_is_a_file(lake: Lake) -> None:
    with hold(lake, "ingest:web"), hold(lake, "ingest:../..//x"), hold(lake, "stage"):
        assert len(list(path(lake).parent.iterdir())) == 3


def test_a_block_that_raises_releases(lake: Lake) -> None:
    with pytest.raises(ZeroDivisionError), hold(lake, "ingest:web"):
        raise ZeroDivisionError
    assert not path(lake).exists()


def test_another_thread_of_this_process_is_told_so(lake: Lake) -> None:
    with hold(lake, "ingest:web"):
        with pytest.raises(UserError, match="another thread of this process runs ingest:web"), hold(lake, "ingest:web"):
            pass
        assert path(lake).exists()
    with hold(lake, "ingest:web"):
        pass


def test_a_live_owner_is_waited_for_told_once_and_named_in_the_error(lake: Lake) -> None:
    told: list[str] = []
    with another(lake) as process:
        with (
            pytest.raises(UserError, match=rf"ingest:web is being written by pid {process.pid} on host") as refused,
            hold(lake, "ingest:web", wait_seconds=1.2, tell=told.append),
        ):
            pass
        assert "waited 1 s" in str(refused.value)
        assert len(told) == 1
        assert told[0].startswith(
            f"waiting for pid {process.pid} on host {socket.gethostname()}, which has been running `pomona ingest raw/`"
        )
        assert path(lake).exists()


def test_the_wait_comes_from_the_environment(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POMONA_LEASE_WAIT", "0.6")
    with another(lake), pytest.raises(UserError, match="waited 1 s"), hold(lake, "ingest:web"):
        pass


@pytest.mark.parametrize("wait", ["abc", "-1", "nan"])
def test_a_wait_that_is_no_time(lake: Lake, monkeypatch: pytest.MonkeyPatch, wait: str) -> None:
    monkeypatch.setenv("POMONA_LEASE_WAIT", wait)
    with (
        pytest.raises(UserError, match=f"POMONA_LEASE_WAIT is '{wait}'; it must be the seconds"),
        hold(lake, "ingest:web"),
    ):
        pass


def test_who_waited_is_told_so(lake: Lake) -> None:
    with another(lake, "print('held', flush=True); time.sleep(1)"), hold(lake, "ingest:web") as held:
        assert held.waited


def test_a_killed_owner_is_replaced_at_once_and_its_temporaries_go(lake: Lake) -> None:
    code = (
        "import tests.corpus.test_lake as t; lake = Lake(sys.argv[1]); "
        "w = lake.part_writer('rejects', 'one', 'k1', t.REJECTS, token=held.token); w.__enter__(); "
        "print('held', flush=True); input()"
    )
    with another(lake, code) as process:
        assert len(list(Path(lake.root).rglob("*.tmp"))) == 1
        process.kill()  # not waited for: it may be a zombie when we look
        started = time.monotonic()
        with hold(lake, "ingest:web", wait_seconds=30):
            assert time.monotonic() - started < 10
            assert not list(Path(lake.root).rglob("*.tmp"))


def test_a_stopped_owner_lives(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lease_files, "STALE_SECONDS", 0.1)
    with another(lake) as process:
        process.send_signal(signal.SIGSTOP)
        os.utime(path(lake), (0, 0))
        with pytest.raises(UserError), hold(lake, "ingest:web", wait_seconds=0.5):
            pass


def test_a_process_number_that_is_used_again_is_not_the_owner(lake: Lake) -> None:
    host, pid, start, random = owner.new_token().split(".")
    leave(lake, f"{host}.{os.getppid()}.{int(start) + 1000}.{random}")  # the parent lives, but started at another time
    with hold(lake, "ingest:web", wait_seconds=0):
        pass
    leave(lake, f"{host}.{pid}.{int(start) + 1000}.{random}")  # as after a container's restart: even one's own number
    with hold(lake, "ingest:web", wait_seconds=0):
        pass


@pytest.mark.parametrize(("age", "taken"), [(60, False), (1000, True)])
def test_an_owner_on_another_host_is_dead_when_it_does_not_renew(lake: Lake, age: float, taken: bool) -> None:
    leave(lake, ELSEWHERE, age=age)
    if taken:
        with hold(lake, "ingest:web", wait_seconds=0) as held:
            assert json.loads(path(lake).read_text())["token"] == held.token
    else:
        with pytest.raises(UserError, match="pid 7 on host h"), hold(lake, "ingest:web", wait_seconds=0):
            pass


@pytest.mark.parametrize("text", ["", "{", "null", '{"token": ', '{"token": 7}'])
def test_a_torn_lease_is_nobodys_after_a_while(lake: Lake, text: str) -> None:
    leave(lake, "", text=text)
    with pytest.raises(UserError, match="an unknown process"), hold(lake, "ingest:web", wait_seconds=0):
        pass
    leave(lake, "", text=text, age=60)
    with hold(lake, "ingest:web", wait_seconds=0):
        pass


def test_it_is_renewed(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lease, "_RENEW_SECONDS", 0.05)
    with hold(lake, "ingest:web"):
        os.utime(path(lake), (0, 0))
        time.sleep(0.5)
        assert path(lake).stat().st_mtime > time.time() - 60


def test_an_owner_that_lost_its_lease_says_so_and_leaves_the_other_alone(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lease, "_RENEW_SECONDS", 0.05)
    with hold(lake, "ingest:web") as held:
        leave(lake, ELSEWHERE)
        time.sleep(0.5)
        with pytest.raises(UserError, match="another process took over ingest:web, or deleted its lease"):
            held.confirm()
    assert json.loads(path(lake).read_text())["token"] == ELSEWHERE


def test_a_forked_child_neither_holds_nor_releases(lake: Lake) -> None:
    with hold(lake, "ingest:web"):
        child = os.fork()
        if not child:
            code = 1
            try:
                with hold(lake, "ingest:web", wait_seconds=0):
                    pass
            except UserError:  # the parent lives
                code = 0
            finally:
                os._exit(code)
        assert os.waitpid(child, 0)[1] == 0
        assert path(lake).exists()


def test_a_forked_child_that_unwinds_leaves_the_lease(lake: Lake) -> None:
    child = 0
    try:
        with hold(lake, "ingest:web"):
            child = os.fork()
            if child:
                assert os.waitpid(child, 0)[1] == 0
                assert path(lake).exists()
    finally:
        if not child:
            os._exit(0)


@pytest.mark.parametrize("interrupted", [False, True])
def test_of_many_takers_of_a_dead_lease_exactly_one_wins(lake: Lake, interrupted: bool) -> None:
    """Twelve processes come at once, ten times; each counts how many are inside."""
    program = (
        "import sys, os, time; from corpus.lake import Lake; from corpus.lease import hold\n"
        "lake, start = Lake(sys.argv[1]), float(sys.argv[2])\n"
        "time.sleep(max(0, start - time.time()))\n"
        "with hold(lake, 'ingest:web', wait_seconds=60):\n"
        "    inside = os.open(sys.argv[3], os.O_CREAT | os.O_EXCL)\n"
        "    time.sleep(0.02)\n"
        "    os.remove(sys.argv[3])\n"
    )
    dead = gone_token()
    leave(lake, dead)
    if interrupted:  # a taker that died with its claim, and one that died on the way to that
        first, second = gone_token(), gone_token()
        (path(lake).parent / f"{path(lake).name}.claim-{dead}").write_text(json.dumps({"token": first}))
        (path(lake).parent / f"{path(lake).name}.claim-{first}").write_text(json.dumps({"token": second}))
    inside = str(Path(lake.root) / "inside")
    start = str(time.time() + 3)
    runs = [subprocess.Popen([sys.executable, "-c", program, lake.url, start, inside], cwd=ROOT) for _ in range(8)]
    assert [run.wait() for run in runs] == [0] * len(runs)
    assert list(path(lake).parent.iterdir()) == []


def test_threads_race_for_a_dead_lease(lake: Lake) -> None:
    """The same at the level of files, often: of takers that saw the same dead token, one replaces it."""
    of = lease_files.files(lake)
    path(lake).parent.mkdir(parents=True)
    for _ in range(100):
        leave(lake, ELSEWHERE)
        wins: list[str] = []
        barrier = threading.Barrier(6)

        def take(barrier: threading.Barrier = barrier, wins: list[str] = wins) -> None:
            mine = lease_files.Record(owner.new_token())
            barrier.wait()
            if lease._replace(of, str(path(lake)), ELSEWHERE, mine):
                wins.append(mine.token)

        threads = [threading.Thread(target=take) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert [json.loads(path(lake).read_text())["token"]] == wins
        path(lake).unlink()


def test_nobody_has_the_lake_alone_while_a_stage_is_written(lake: Lake) -> None:
    with lease.alone(lake):
        pass
    holding = hold(lake, "signals", purpose="pomona signals")
    with (
        holding,
        pytest.raises(UserError, match=r"is being written by pid \d+ .* has been running `pomona signals`"),
        lease.alone(lake),
    ):
        pass
    with another(lake), pytest.raises(UserError, match="has been running `pomona ingest raw/`"), lease.alone(lake):
        pass
    with lease.alone(lake):
        pass


def test_who_comes_while_another_has_the_lake_alone_waits(lake: Lake) -> None:
    program = (
        "import sys, time; from corpus.lake import Lake; from corpus.lease import alone\n"
        "with alone(Lake(sys.argv[1])):\n    print('held', flush=True); time.sleep(float(sys.argv[2]))"
    )
    for seconds in ("1", "60"):
        process = subprocess.Popen(
            [sys.executable, "-c", program, lake.url, seconds], cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        try:
            assert process.stdout is not None
            assert process.stdout.readline().strip() == "held"
            told: list[str] = []
            if seconds == "1":
                with hold(lake, "signals", tell=told.append) as held:
                    assert held.waited
            else:
                with (
                    pytest.raises(UserError, match=rf"the lake is being written by pid {process.pid} .*; try again"),
                    hold(lake, "signals", wait_seconds=0.3, tell=told.append),
                ):
                    pass
                assert not path(lake, "signals").exists()
            assert len(told) == 1
        finally:
            process.kill()
            process.communicate()
    with hold(lake, "signals") as held:  # the one that held it all is dead
        assert held.waited is False


def test_one_that_writes_and_one_that_deletes_are_never_in_at_once(lake: Lake) -> None:
    code = (
        "import sys, time, random; from corpus.lake import Lake; from corpus.lease import alone, hold\n"
        "from corpus.errors import UserError\n"
        "lake, end, n = Lake(sys.argv[1]), time.time() + 3, 0\n"
        "while time.time() < end:\n"
        "    try:\n"
        "        with (alone(lake) if sys.argv[2] == 'alone' else hold(lake, 'signals')):\n"
        "            a = time.time(); time.sleep(random.random() * 0.01); print(a, time.time())\n"
        "    except UserError:\n"
        "        pass\n"
        "    time.sleep(random.random() * 0.01)\n"
    )
    processes = [
        subprocess.Popen([sys.executable, "-c", code, lake.url, how], cwd=ROOT, stdout=subprocess.PIPE, text=True)
        for how in ("write", "alone")
    ]
    spans = [
        [tuple(map(float, line.split())) for line in process.communicate()[0].splitlines()] for process in processes
    ]
    assert all(process.returncode == 0 for process in processes)
    assert spans[0]
    for start, end in spans[0]:
        assert not any(a < end and b > start for a, b in spans[1])
