"""What a stranger's program can do: compute, and nothing else."""

import os
import platform
import re
import socket
import sys
from pathlib import Path

import pytest

from corpus.errors import UserError
from eval_suites.code import jail, sandbox
from eval_suites.code.sandbox import run

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="programs are run on Linux only")

PASSES = {
    "computes": "assert sum(range(10)) == 45",
    "imports": "import re, math, collections, itertools, functools, heapq, bisect, random, hashlib, datetime, typing",
    "threads": "import threading\nt = threading.Thread(target=lambda: None)\nt.start()\nt.join()",
    "writes_much": "print('x' * 10_000_000)",
    "has_no_environment": "import os\nassert not os.environ",
}
ENDS = {
    "assert 1 == 2": "wrong", "1 / 0": "error", "def": "syntax", " x = 1": "syntax", "while True: pass": "timeout",
    "x = bytearray(8 << 30)": "memory", "x = []\nwhile True: x.append('a' * 10**6 + str(len(x)))": "memory",
    "import ctypes\nctypes.string_at(0)": "crash", "def f(): f()\nf()": "error", "raise SystemExit": "error",
    "import sys\nsys.exit(0)": "error", "import os\nos._exit(0)": "crash", "\0": "syntax",
    "class E(Exception):\n  def __str__(self): raise E\nraise E": "error",
    "raise KeyboardInterrupt": "error", "import sys\nsys.stdin.read()\nassert 0": "wrong",
}  # fmt: skip
REFUSED = {
    "socket": "import socket; socket.socket()",
    "socket of C": "import ctypes; l = ctypes.CDLL(None, use_errno=True); assert l.socket(2, 1, 0) >= 0, 'PermissionError'",
    "fork": "import os; os.fork()",
    "subprocess": "import subprocess; subprocess.run(['true'])",
    "multiprocessing": "import multiprocessing as m; m.Process(target=print).start()",
    "exec": f"import os; os.execv({sys.executable!r}, ['python'])",
    "kill": "import os; os.kill(os.getppid(), 9)",
    "passwords": "open('/etc/passwd').read()",
    "environment of another": "import os; open(f'/proc/{os.getppid()}/environ').read()",
    "own environment": "open('/proc/self/environ').read()",
    "listing": "import os; os.listdir('/')",
    "home": f"import os; os.listdir({str(Path.home())!r})",
    "mode": "import os; os.chmod('/tmp', 0o777)",
    "limits": "import resource; resource.setrlimit(resource.RLIMIT_CPU, (1, 1))",
    "link": "import os; os.symlink('/etc', '/tmp/pomona-link')",
    "folder": "import os; os.mkdir('/tmp/pomona-folder')",
    "signal by a pipe": "import os, fcntl; r, w = os.pipe(); fcntl.fcntl(r, fcntl.F_SETOWN, os.getppid())",
    "signal of a pipe": "import os, fcntl; r, w = os.pipe(); fcntl.fcntl(r, 10, 9)",
    **{
        f"call {number}": "import ctypes, os; l = ctypes.CDLL(None, use_errno=True); "
        f"assert l.syscall({number}, 0, 0, 0, 0, 0) >= 0, os.strerror(ctypes.get_errno())"
        for number in ((31, 71, 66, 241, 314, 151, 157, 463, 469, 999) if platform.machine() == "x86_64" else (463, 469, 999))
    },
    "shared memory": "from multiprocessing import shared_memory; shared_memory.SharedMemory(create=True, size=10)",
}  # fmt: skip


def test_programs_that_pass() -> None:
    outcomes = run(list(PASSES.values()))
    assert {name: one.ending for name, one in zip(PASSES, outcomes, strict=True)} == dict.fromkeys(PASSES, "passed")


def test_how_programs_end() -> None:
    outcomes = run(list(ENDS), seconds=1.0, memory_bytes=512 << 20)
    assert {program: one.ending for program, one in zip(ENDS, outcomes, strict=True)} == ENDS


def test_what_programs_cannot_do(tmp_path: Path) -> None:
    """As the kernel says it: none of these depends on what Python lets a program do."""
    outcomes = run(list(REFUSED.values()))
    allowed = [
        name for name, one in zip(REFUSED, outcomes, strict=True)
        if one.ending == "passed" or not re.search(r"PermissionError|not permitted|not allowed", one.detail)
    ]  # fmt: skip
    assert allowed == []


def test_files_of_the_user_stay_as_they_are(tmp_path: Path) -> None:
    kept, new = tmp_path / "kept", tmp_path / "new"
    kept.write_text("kept")
    programs = [
        f"open({str(new)!r}, 'w').write('x')", f"open({str(kept)!r}, 'w').write('x')", f"import os; os.unlink({str(kept)!r})",
        f"import os; os.truncate({str(kept)!r}, 0)", f"import os; os.rename({str(kept)!r}, {str(new)!r})",
        f"import os; os.utime({str(kept)!r}, (0, 0))", f"open({str(kept)!r}).read()",
    ]  # fmt: skip
    assert all(one.ending != "passed" for one in run(programs))
    assert kept.read_text() == "kept"
    assert not new.exists()
    assert os.stat(kept).st_mtime > 0


def test_a_program_cannot_claim_to_have_passed() -> None:
    forged = "import os, sys\nf = sys._getframe(1).f_locals\nos.write(f['answer'], f['word'].encode())\nos._exit(0)\nassert 0"
    hidden = "try: raise OSError\nexcept OSError as e: x = e.__traceback__.tb_frame.f_back"
    assert [one.ending for one in run([forged, hidden])] == ["crash", "crash"]


def test_no_connection_reaches_a_server_of_this_machine() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.5)
        port = server.getsockname()[1]
        (outcome,) = run([f"import socket; socket.create_connection(('127.0.0.1', {port}), 1)"])
        assert outcome.ending == "error"
        with pytest.raises(TimeoutError):
            server.accept()


def test_a_program_that_sleeps_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox, "_START_SECONDS", 1.0)
    monkeypatch.setattr(sandbox, "require", lambda: None)
    assert run(["import time; time.sleep(600)"], seconds=1.0)[0].ending == "timeout"


def test_without_a_lock_nothing_is_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A jail whose lock fails must not fall back to running the program."""
    broken = tmp_path / "jail.py"
    text = Path(jail.__file__).read_text()
    broken.write_text(
        text.replace(
            "_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444", "_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 9999"
        )
    )
    monkeypatch.setattr(jail, "__file__", str(broken))
    with pytest.raises(UserError, match=r"a process cannot be locked on this machine \(this kernel has no Landlock"):
        run(["pass"])


@pytest.mark.parametrize(
    ("header", "column"),
    [("/usr/include/x86_64-linux-gnu/asm/unistd_64.h", 0), ("/usr/include/asm-generic/unistd.h", 1)],
)
def test_numbers_of_system_calls_are_the_kernels(header: str, column: int) -> None:
    if not Path(header).is_file():
        pytest.skip("the headers of the kernel are not installed")
    lines = re.findall(r"#define __NR(?:3264)?_(\w+)\s+(\d+)", Path(header).read_text())
    numbers = {name: int(number) for name, number in lines}
    for name, by_machine in jail._REFUSED.items():
        if name in numbers or name != "fchmodat2":  # newer than some headers
            assert by_machine[column] == numbers.get(name), name
    assert numbers["clone"] == jail._CLONE[column]
    assert numbers["clone3"] == jail._CLONE3[column]
