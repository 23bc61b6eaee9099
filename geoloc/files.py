"""The one door to disk: where shipped files lie, and how anything of the user's is written.

A write either happens whole or not at all: the bytes go to a temporary file beside the target,
are forced to disk, and take the target's name in one step; then the folder itself is forced to
disk, because a rename alone did not survive simulated power cuts.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from geoloc.errors import OutputError

_PACKAGE = Path(__file__).parent


def shipped(folder: str) -> Path:
    """Return the folder of shipped files, in an installed wheel as in a checkout.

    Parameters
    ----------
    folder : str
        `boundaries` or `cases`.
    """
    installed = _PACKAGE / "shipped" / folder
    return installed if installed.is_dir() else _PACKAGE.parent / folder


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
        _force_to_disk(path.parent)
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise OutputError(
            f"Cannot write {path}: {reason}. What was there is untouched; choose another place"
            " with -o, or free the space or the permission."
        ) from error


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
    finally:
        os.close(handle)
