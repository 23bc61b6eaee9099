"""The one door to disk: where shipped files lie, and how anything of the user's is written.

A write either happens whole or not at all: the bytes go to a temporary file beside the target,
are forced to disk, and take the target's name in one step; then the folder itself is forced to
disk, because a rename alone did not survive simulated power cuts.
"""

from __future__ import annotations

import contextlib
import errno
import io
import os
import random
import stat
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from geoloc.errors import OutputError

_PACKAGE = Path(__file__).parent
_LINKS_REFUSED = getattr(os, "O_NOFOLLOW", 0)
_BYTES_AS_THEY_ARE = getattr(os, "O_BINARY", 0)
_WITHOUT_WAITING = getattr(os, "O_NONBLOCK", 0)


def shipped(folder: str) -> Path:
    """Return the folder of shipped files, in an installed wheel as in a checkout.

    Parameters
    ----------
    folder : str
        `boundaries` or `cases`.
    """
    installed = _PACKAGE / "shipped" / folder
    return installed if installed.is_dir() else _PACKAGE.parent / folder


@contextlib.contextmanager
def opened(path: Path, *, longest: int) -> Iterator[io.BufferedReader]:
    """Open a file that may come from anybody, to read it.

    Parameters
    ----------
    path : Path
        The file.
    longest : int
        How many bytes it may hold.

    Raises
    ------
    OSError
        If it cannot be read, is longer, or is a folder, device or pipe, which may never end.
    """
    handle = os.open(path, os.O_RDONLY | _WITHOUT_WAITING | _BYTES_AS_THEY_ARE)
    try:
        found = os.fstat(handle)
        if not stat.S_ISREG(found.st_mode):
            raise OSError(errno.EINVAL, f"{path.name} is no ordinary file")
        if found.st_size > longest:
            raise OSError(errno.EFBIG, f"{path.name} is larger than {longest:,} bytes")
        with open(handle, "rb", closefd=False) as stream:
            yield stream
    finally:
        os.close(handle)


def write_whole(path: Path, content: bytes | str) -> Path:
    """Write `content` to `path` so that a crash leaves the old file or the new one.

    Parameters
    ----------
    path : Path
        The target; its folder is made if it is not there.
    content : bytes or str
        Text is written as UTF-8, its line ends as they are.

    Returns
    -------
    Path
        The target, absolute.

    Raises
    ------
    OutputError
        If the target or its folder cannot be written; the target is as it was before.
    """
    with writing_whole(path) as temporary, temporary.open("wb") as stream:
        stream.write(content.encode("utf-8") if isinstance(content, str) else content)
    return Path(path).absolute()


@contextlib.contextmanager
def writing_whole(path: Path) -> Iterator[Path]:
    """Give a temporary file to write, which takes the name `path` when all went well.

    For what is too large to be held whole, or is written by a library that wants a name. If the
    block raises, the target is as it was before and the temporary file is gone.

    Yields
    ------
    Path
        An empty file in the folder of `path`, with the same suffix.

    Raises
    ------
    OutputError
        If the target or its folder cannot be written; the target is as it was before.
    """
    path = Path(path).resolve()  # a link keeps pointing where it points
    try:
        if path.exists() and not path.is_file():
            raise OSError(f"it is {'a folder' if path.is_dir() else 'no ordinary file'}")
        path.parent.mkdir(parents=True, exist_ok=True)
        prefix = f".{path.stem[:60]}."
        handle, name = tempfile.mkstemp(prefix=prefix, suffix=path.suffix, dir=path.parent)
        os.close(handle)
        temporary = Path(name)
        try:
            yield temporary
            _force_to_disk(temporary)
            temporary.chmod(_mode_for(path))
            temporary.replace(path)
        except BaseException:
            with contextlib.suppress(OSError):
                temporary.unlink()
            raise
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise OutputError(
            f"Cannot write {path}: {reason}. What was there is untouched; choose another place"
            " with -o, or free the space or the permission."
        ) from error
    try:
        _force_to_disk(path.parent)
    except OSError as error:
        raise OutputError(
            f"{path} was written, but the disk did not confirm it ({error.strerror or error}); a"
            " power cut could bring back what was there before. Write it again."
        ) from error


def append_line(path: Path, line: bytes, at: int) -> None:
    """Write a line at the end of a file and force it to disk.

    Parameters
    ----------
    path : Path
        The file, which is made if it is not there; a link is refused.
    line : bytes
        The line, with its line end.
    at : int
        Where the line begins, bytes from the start; what stands there already is cut off first.

    Raises
    ------
    OSError
        If it cannot be written whole; then the file ends at `at`, if the disk allows that much.
    """
    new = not path.exists()
    flags = os.O_WRONLY | os.O_CREAT | _LINKS_REFUSED | _BYTES_AS_THEY_ARE
    handle = os.open(path, flags, 0o666)
    try:
        os.ftruncate(handle, at)
        os.lseek(handle, at, os.SEEK_SET)
        try:
            left = memoryview(line)
            while left:
                left = left[os.write(handle, left) :]
            os.fsync(handle)
        except OSError:
            with contextlib.suppress(OSError):
                os.ftruncate(handle, at)
            raise
    finally:
        os.close(handle)
    if new:
        _force_to_disk(path.parent)


def make_folder(folder: Path) -> None:
    """Make a folder, and those that it lies in, so that a power cut does not take it away.

    Raises
    ------
    OSError
        If it cannot be made.
    """
    if folder.is_dir():
        return
    make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    _force_to_disk(folder.parent)


@contextlib.contextmanager
def locked(path: Path, *, wait_s: float = 60.0) -> Iterator[None]:
    """Hold the lock of a file for the block: one process, and one thread of it, at a time.

    The operating system keeps the lock and lets go of it when its holder dies, however that was.

    Parameters
    ----------
    path : Path
        The file that stands for the lock; made if it is not there, and left there.
    wait_s : float
        How long to wait for another holder, seconds.

    Raises
    ------
    OutputError
        If it is held for longer, or the folder is read-only or of a kind that knows no locks.
    """
    try:
        flags = os.O_RDWR | os.O_CREAT | _LINKS_REFUSED
        handle = os.open(path, flags, 0o666)
    except OSError as error:
        raise OutputError(
            f"Cannot save in {path.parent}: {error.strerror or error}. Copy the folder to where you"
            " can write, or ask for the permission."
        ) from error
    try:
        _take(handle, path, time.monotonic() + wait_s)
        yield
    finally:
        os.close(handle)  # and with it the lock


def _take(handle: int, path: Path, until: float) -> None:
    while True:
        try:
            _try_lock(handle)
        except OSError as error:
            if error.errno not in (errno.EACCES, errno.EAGAIN, errno.EDEADLK):
                raise OutputError(
                    f"{path.parent} lies where files cannot be locked ({error.strerror or error}),"
                    " so two savers could overwrite each other; copy it to a disk of this computer."
                ) from error
            if time.monotonic() > until:
                raise OutputError(
                    f"Another program is saving in {path.parent} and does not come to an end; close"
                    " it and try again. Nothing was written."
                ) from error
        else:
            return
        # Not in step with the others that wait.
        time.sleep(random.uniform(0.002, 0.02))  # noqa: S311 - no secret


if sys.platform == "win32":

    def _try_lock(handle: int) -> None:
        import msvcrt

        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)

else:

    def _try_lock(handle: int) -> None:
        import fcntl

        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


def require_writable(folder: Path) -> None:
    """Find out before the work, not after it, that files can be written into a folder.

    Raises
    ------
    OutputError
        If they cannot; nothing is left behind.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise OutputError(
            f"Cannot write into {folder}: {error.strerror or error}. Choose another folder with -o."
        ) from error


def _mode_for(path: Path) -> int:
    """Keep the mode of the file that is replaced; a new one gets the user's default."""
    try:
        return path.stat().st_mode & 0o777
    except FileNotFoundError:
        mask = os.umask(0)
        os.umask(mask)
        return 0o666 & ~mask


def _force_to_disk(path: Path) -> None:
    """Force a file or a folder to disk."""
    if os.name == "nt" and path.is_dir():  # no handle for a folder; its rename is journalled
        return
    handle = os.open(path, os.O_RDWR if os.name == "nt" else os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        # Some network disks cannot do it for a folder; there is no more that can be done.
        if error.errno not in (errno.EINVAL, errno.ENOTSUP) or not path.is_dir():
            raise
    finally:
        os.close(handle)
