"""What a reading child gives up before it opens a file from outside.

On Linux it gives up the network three times over (a network namespace of its own without any
device, a filter that refuses the system calls, and Landlock's rules for TCP), the starting of other
programs, and every file but its own folder and the installed programs. Each is asked for and none
is relied on alone: an old kernel or a container may refuse one. Memory, time and size are bounded
wherever there are resource limits. On macOS those hold without the bound on memory; on Windows only
the parent's clock, and the readers themselves, which hold no network code but GDAL's.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import platform
import struct
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any


def confine(scratch: Path, *, memory_bytes: int, seconds: int, file_bytes: int) -> None:
    """Take away from this process all that reading a file does not need; it cannot be undone.

    Parameters
    ----------
    scratch : Path
        The one folder that it may write into.
    memory_bytes, seconds, file_bytes : int
        Most address space, most processor time, and most bytes of one written file.
    """
    _bound(memory_bytes, seconds, file_bytes)
    if sys.platform == "linux":
        system = ctypes.CDLL(None, use_errno=True)
        _new_network(system)
        system.prctl(_SET_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
        _keep_to_files(system, scratch)
        _refuse_calls(system)


def _bound(memory_bytes: int, seconds: int, file_bytes: int) -> None:
    try:
        import resource
    except ImportError:  # Windows
        return
    wanted = {
        resource.RLIMIT_AS: memory_bytes,
        resource.RLIMIT_CPU: seconds,
        resource.RLIMIT_FSIZE: file_bytes,
        resource.RLIMIT_NOFILE: 256,
        resource.RLIMIT_CORE: 0,
    }
    for limit, value in wanted.items():
        with contextlib.suppress(OSError, ValueError):  # macOS refuses RLIMIT_AS
            resource.setrlimit(limit, (value, value))


_SET_NO_NEW_PRIVILEGES, _SET_DEATH_SIGNAL, _SET_FILTER = 38, 1, 22


def _new_network(system: Any) -> None:
    """Enter a network namespace without any device, as an unprivileged user may on Linux."""
    system.unshare(0x10000000 | 0x40000000)
    system.prctl(_SET_DEATH_SIGNAL, 9, 0, 0, 0)  # nothing reads on when the parent is gone


# Landlock (Linux 5.13 and later): its calls have one number on every processor.
_CREATE, _ADD_RULE, _RESTRICT = 444, 445, 446
_READ = 0x4 | 0x8  # a file, a folder's list


def _keep_to_files(system: Any, scratch: Path) -> None:
    """Let only the installed programs be read, and only the scratch folder be written."""
    version = system.syscall(_CREATE, None, 0, 1)
    if version < 1:
        return
    handled = (1 << {1: 13, 2: 14, 3: 15, 4: 15}.get(version, 16)) - 1
    tcp, scopes = (3 if version >= 4 else 0), (3 if version >= 6 else 0)
    rules = struct.pack("QQQ", handled, tcp, scopes)[
        : 8 if version < 4 else 16 if version < 6 else 24
    ]
    ruleset = system.syscall(_CREATE, rules, len(rules), 0)
    if ruleset < 0:
        return
    for path, access in [*((path, _READ) for path in _installed()), (str(scratch), handled)]:
        with contextlib.suppress(OSError):
            handle = os.open(path, os.O_PATH | os.O_CLOEXEC)
            rule = struct.pack("=Qi", access if Path(path).is_dir() else access & ~0x8, handle)
            system.syscall(_ADD_RULE, ruleset, 1, rule, 0)
            os.close(handle)
    system.syscall(_RESTRICT, ruleset, 0)
    os.close(ruleset)


def _installed() -> Iterator[str]:
    """Yield where Python, the libraries and geoloc itself lie."""
    yield from {sys.prefix, sys.base_prefix, sys.exec_prefix, str(Path(__file__).parents[1])}
    yield from (path for path in sys.path if Path(path).name in ("site-packages", "dist-packages"))
    yield from filter(None, os.environ.get("LD_LIBRARY_PATH", "").split(os.pathsep))
    yield from ("/usr", "/lib", "/lib64", "/etc/ld.so.cache", "/dev/urandom", "/dev/null")


# The calls to refuse, by processor: its number for the kernel's audit, then sockets (open, pair,
# bind, listen, connect, send), programs (start, trace, signal, read another's memory), io_uring.
_CALLS = {
    "x86_64": (
        0xC000003E,
        (41, 53, 49, 50, 42, 44, 46, 307, 57, 58, 59, 322, 101, 62, 310, 311, 425),
        56,
    ),
    "aarch64": (
        0xC00000B7,
        (198, 199, 200, 201, 203, 206, 211, 269, 221, 281, 117, 129, 270, 271, 425),
        220,
    ),
}
_CLONE3, _NO_SUCH_CALL, _NOT_PERMITTED = 435, 38, 1


def _refuse_calls(system: Any) -> None:
    """Install a filter (seccomp) by which such calls fail; threads can still be started."""
    known = _CALLS.get(platform.machine())
    if known is None:
        return
    program = _filter(*known)
    content = ctypes.create_string_buffer(program, len(program))
    about = struct.pack("HL", len(program) // 8, ctypes.addressof(content))
    system.prctl(_SET_FILTER, 2, about, 0, 0)


_LOAD, _EQUAL, _AT_LEAST, _HAS_BITS, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _FAIL = 0x7FFF0000, 0x00050000


def _filter(audit: int, refused: Iterable[int], clone: int) -> bytes:
    """Return the filter for the kernel's classic packet filter: eight bytes an instruction."""
    refused = tuple(refused)
    steps = [(_LOAD, 0, 0, 4), (_EQUAL, 1, 0, audit), (_RETURN, 0, 0, _FAIL | _NOT_PERMITTED)]
    steps += [(_LOAD, 0, 0, 0)]
    # Each jump counts the steps between: to the refusal, which is the one before the last.
    tests = [(_AT_LEAST, 0x40000000), *((_EQUAL, call) for call in refused)]  # x32's numbers too
    after = 5  # the steps from the last of these to the refusal
    steps += [(code, len(tests) - 1 - n + after, 0, call) for n, (code, call) in enumerate(tests)]
    steps += [
        # Only a new thread may be cloned; clone3 hides its flags, so libraries must do without.
        (_EQUAL, 0, 1, _CLONE3),
        (_RETURN, 0, 0, _FAIL | _NO_SUCH_CALL),
        (_EQUAL, 0, 3, clone),
        (_LOAD, 0, 0, 16),
        (_HAS_BITS, 1, 0, 0x10000),
        (_RETURN, 0, 0, _FAIL | _NOT_PERMITTED),
        (_RETURN, 0, 0, _ALLOW),
    ]
    return b"".join(struct.pack("HBBI", *step) for step in steps)
