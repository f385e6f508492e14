"""The locked process in which a stranger's program runs. Run as a script, with nothing but the standard library.

It reads a program and a word from standard input, locks itself, runs the program, and writes the word if the program
came to its end. In this order:

  limits     time, memory, size of files, number of files
  landlock   files: only the Python that runs it can be read, nothing can be written (Linux 5.13 and later)
  seccomp    system calls: no network, no other process, no other program, no change of files, owners or modes

A step that fails ends the process before the program begins: without its locks, nothing is run.
"""

import ctypes
import json
import math
import os
import platform
import resource
import struct
import sys

UNLOCKED = 90  # exit code: a lock could not be put on
_NO_NEW_PRIVILEGES, _SET_SECCOMP, _DIE_WITH_PARENT = 38, 22, 1  # of prctl
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446  # Landlock's system calls, the same on all machines
_READ = 1 | 1 << 2 | 1 << 3  # execute, read files, read folders
_ALL_ACCESS = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 4: (1 << 15) - 1}  # by version; from 5 on 16 bits
_LIBRARIES = ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/dev/null", "/dev/urandom")

# Numbers of the system calls that are refused: (x86_64, aarch64); None where a machine has no such call.
_MACHINES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
_REFUSED: dict[str, tuple[int | None, int | None]] = {
    # network
    "socket": (41, 198), "connect": (42, 203), "accept": (43, 202), "sendto": (44, 206), "sendmsg": (46, 211),
    "bind": (49, 200), "listen": (50, 201), "socketpair": (53, 199), "accept4": (288, 242), "sendmmsg": (307, 269),
    # other programs and processes
    "fork": (57, None), "vfork": (58, None), "execve": (59, 221), "execveat": (322, 281), "kill": (62, 129),
    "tkill": (200, 130), "tgkill": (234, 131), "rt_sigqueueinfo": (129, 138), "rt_tgsigqueueinfo": (297, 240),
    "pidfd_open": (434, 434), "pidfd_send_signal": (424, 424), "pidfd_getfd": (438, 438), "ptrace": (101, 117),
    "process_vm_readv": (310, 270), "process_vm_writev": (311, 271), "process_madvise": (440, 440),
    "kcmp": (312, 272), "setpriority": (141, 140), "sched_setaffinity": (203, 122), "sched_setscheduler": (144, 119),
    "sched_setparam": (142, 118), "sched_setattr": (314, 274), "mlock": (149, 228), "mlockall": (151, 230),
    "mlock2": (325, 284), "prctl": (157, 167), "arch_prctl": (158, None), "seccomp": (317, 277),
    "ioprio_set": (251, 30), "prlimit64": (302, 261), "setrlimit": (160, 164), "migrate_pages": (256, 238),
    "move_pages": (279, 239),
    # what outlives a process
    "shmget": (29, 194), "shmat": (30, 196), "shmctl": (31, 195), "msgget": (68, 186), "msgctl": (71, 187),
    "msgsnd": (69, 189), "msgrcv": (70, 188), "semget": (64, 190), "semop": (65, 193), "semtimedop": (220, 192),
    "semctl": (66, 191), "mq_open": (240, 180), "mq_unlink": (241, 181), "memfd_create": (319, 279),
    "add_key": (248, 217), "request_key": (249, 218), "keyctl": (250, 219),
    # files whose content stays, which Landlock does not cover
    "chmod": (90, None), "fchmod": (91, 52), "fchmodat": (268, 53), "fchmodat2": (452, 452), "chown": (92, None),
    "fchown": (93, 55), "lchown": (94, None), "fchownat": (260, 54), "utime": (132, None), "utimes": (235, None),
    "utimensat": (280, 88), "futimesat": (261, None), "setxattr": (188, 5), "lsetxattr": (189, 6),
    "fsetxattr": (190, 7), "removexattr": (197, 14), "lremovexattr": (198, 15), "fremovexattr": (199, 16),
    "truncate": (76, 45), "ftruncate": (77, 46), "ioctl": (16, 29), "fallocate": (285, 47),
    "inotify_init": (253, None), "inotify_init1": (294, 26), "fanotify_init": (300, 262), "flock": (73, 32),
    # the system
    "mount": (165, 40), "umount2": (166, 39), "pivot_root": (155, 41), "chroot": (161, 51), "unshare": (272, 97),
    "setns": (308, 268), "open_tree": (428, 428), "move_mount": (429, 429), "fsopen": (430, 430),
    "fsconfig": (431, 431), "fsmount": (432, 432), "fspick": (433, 433), "mount_setattr": (442, 442),
    "bpf": (321, 280), "perf_event_open": (298, 241), "userfaultfd": (323, 282), "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426), "io_uring_register": (427, 427), "init_module": (175, 105),
    "finit_module": (313, 273), "delete_module": (176, 106), "kexec_load": (246, 104), "kexec_file_load": (320, 294),
    "reboot": (169, 142), "swapon": (167, 224), "swapoff": (168, 225), "acct": (163, 89), "syslog": (103, 116),
    "sethostname": (170, 161), "setdomainname": (171, 162), "settimeofday": (164, 170), "clock_settime": (227, 112),
    "clock_adjtime": (305, 266), "adjtimex": (159, 171), "quotactl": (179, 60), "personality": (135, 92),
    "open_by_handle_at": (304, 265), "name_to_handle_at": (303, 264), "iopl": (172, None), "ioperm": (173, None),
}  # fmt: skip
_CLONE, _CLONE3, _FCNTL = (56, 220), (435, 435), (72, 25)
_CLONE_THREAD = 0x00010000
# Calls from here on are newer than this list, and new ones come with each kernel: only these are allowed.
_NEW, _NEW_ALLOWED = 424, (436, 437, 439, 441, 449)  # close_range, openat2, faccessat2, epoll_pwait2, futex_waitv
_FCNTL_ALLOWED = (0, 1, 2, 3, 1030)  # copies of descriptors and their flags; not who gets which signal
_SCOPED = 3  # Landlock from version 6 on: no abstract sockets, no signals to others


def main() -> None:
    """Runs one program and ends the process."""
    order = json.loads(sys.stdin.buffer.read())
    answer = os.dup(1)
    nothing = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nothing, number)
    try:
        _lock(order["seconds"], order["memory_bytes"])
    except Exception as error:  # noqa: BLE001 - whatever it is, the program must not run
        os.write(answer, f"unlocked {error}"[:300].encode("utf-8", "replace"))
        os._exit(UNLOCKED)
    os._exit(_run(order["program"], order["word"], answer))


def _run(program: str, word: str, answer: int) -> int:
    """Runs a program; writes the word at its end, or what stopped it."""
    try:
        exec(compile(program, "<program>", "exec"), {"__name__": "program", "__builtins__": __builtins__})
    except BaseException as error:  # noqa: BLE001 - SystemExit too: a program that leaves early has passed no tests
        try:
            told = f"{type(error).__name__} {error}"
        except BaseException:  # noqa: BLE001 - the program made the error, and its text
            told = "BaseException"
        os.write(answer, told[:300].encode("utf-8", "replace"))
        return 1
    os.write(answer, word.encode())
    return 0


def _lock(seconds: float, memory_bytes: int) -> None:
    """Puts all locks on; raises an error if one is missing."""
    libc = ctypes.CDLL(None, use_errno=True)
    _checked(libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0), "no new privileges")
    _checked(libc.prctl(_DIE_WITH_PARENT, 9, 0, 0, 0), "end with the parent")
    sys.setrecursionlimit(3000)
    for what, most in (
        (resource.RLIMIT_CPU, max(math.ceil(seconds), 1)), (resource.RLIMIT_FSIZE, 0), (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, 32), (resource.RLIMIT_AS, memory_bytes), (resource.RLIMIT_STACK, 64 << 20),
    ):  # fmt: skip
        hard = resource.getrlimit(what)[1]
        kept = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(what, (kept, kept))
    os.environ.clear()
    _lock_files(libc)
    _lock_calls(libc)


def _lock_files(libc: ctypes.CDLL) -> None:
    """Lets the process read the Python that runs it, and nothing else."""
    version = libc.syscall(_CREATE_RULESET, None, 0, 1)
    if version < 1:
        raise OSError("this kernel has no Landlock (Linux 5.13), which keeps a program from files")
    handled = _ALL_ACCESS.get(version, (1 << 16) - 1)
    attributes = struct.pack("<QQQ", handled, 0, _SCOPED) if version >= 6 else struct.pack("<Q", handled)
    rules = libc.syscall(_CREATE_RULESET, attributes, len(attributes), 0)
    _checked(rules, "Landlock's rules")

    for path in sorted({os.path.realpath(one) for one in (*_python(), *_LIBRARIES) if os.path.exists(one)}):
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
        allowed = _READ if os.path.isdir(path) else _READ & ~(1 << 3)
        rule = struct.pack("<Qi", allowed & handled, place)  # packed: 12 bytes
        _checked(libc.syscall(_ADD_RULE, rules, 1, rule, 0), f"a rule for {path}")
        os.close(place)
    _checked(libc.syscall(_RESTRICT_SELF, rules, 0), "Landlock")
    os.close(rules)
    os.chdir("/")


def _python() -> list[str]:
    """Returns the folders of the standard library, without packages that are installed beside it."""
    import sysconfig

    return [sysconfig.get_path(name) for name in ("stdlib", "platstdlib")]


def _lock_calls(libc: ctypes.CDLL) -> None:
    """Refuses system calls by a filter that the kernel runs before each of them.

    The program of the filter: end the process on another machine's calls; tell that clone3 does not exist, so that the
    C library uses clone, whose flags can be looked at: only threads may be made; look at what fcntl is to do; refuse
    what is newer than this list, but for a few; refuse the calls above; allow the rest.
    """
    machine = platform.machine()
    if machine not in _MACHINES or sys.byteorder != "little":
        raise OSError(f"system calls of {machine} are not known here")
    column, audited = _MACHINES[machine]
    load, equal, at_least, bits, give = 0x20, 0x15, 0x35, 0x45, 0x06
    kill, missing, refused, allow = 0x80000000, 0x00050000 | 38, 0x00050000 | 1, 0x7FFF0000

    code = [(load, 0, 0, 4), (equal, 1, 0, audited), (give, 0, 0, kill), (load, 0, 0, 0)]
    if machine == "x86_64":  # calls of the x32 interface have other numbers
        code += [(at_least, 0, 1, 0x40000000), (give, 0, 0, kill)]
    code += [(equal, 0, 1, _CLONE3[column]), (give, 0, 0, missing)]
    code += [(equal, 0, 4, _CLONE[column]), (load, 0, 0, 16), (bits, 1, 0, _CLONE_THREAD), (give, 0, 0, refused),
             (give, 0, 0, allow)]  # fmt: skip
    n = len(_FCNTL_ALLOWED)
    code += [(equal, 0, n + 3, _FCNTL[column]), (load, 0, 0, 24)]
    code += [(equal, n - i, 0, one) for i, one in enumerate(_FCNTL_ALLOWED)]
    code += [(give, 0, 0, refused), (give, 0, 0, allow)]
    n = len(_NEW_ALLOWED)
    code += [(at_least, 0, n + 2, _NEW)]
    code += [(equal, n - i, 0, one) for i, one in enumerate(_NEW_ALLOWED)]
    code += [(give, 0, 0, refused), (give, 0, 0, allow)]
    for numbers in _REFUSED.values():
        number = numbers[column]
        if number is not None:
            code += [(equal, 0, 1, number), (give, 0, 0, refused)]
    code.append((give, 0, 0, allow))

    packed = b"".join(struct.pack("<HBBI", *one) for one in code)
    buffer = ctypes.create_string_buffer(packed, len(packed))
    pointer = struct.pack("<HxxxxxxQ", len(code), ctypes.addressof(buffer))
    _checked(libc.prctl(_SET_SECCOMP, 2, ctypes.create_string_buffer(pointer, len(pointer)), 0, 0), "seccomp")


def _checked(result: int, what: str) -> None:
    if result < 0:
        raise OSError(f"{what}: {os.strerror(ctypes.get_errno())}")


if __name__ == "__main__":
    main()
