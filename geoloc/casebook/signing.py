"""An Ed25519 signature of a casebook: what its files were, and the journal up to that day.

What is signed is the manifest, which names every case file and photo by its SHA-256 and the last
line of the journal; by the chain that line vouches for all lines before it. The signature holds the
manifest it is for, so that it can be checked long after the files have changed again.
"""

from __future__ import annotations

import base64
import contextlib
import datetime as dt
import hashlib
import json
import os
import stat
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from geoloc import files
from geoloc.casebook import journal
from geoloc.casebook.archive import Archive, Manifest, digest_inside, manifest_of
from geoloc.casebook.condition import check_folder
from geoloc.errors import InputError, OutputError, SignatureError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import (
        Ed25519PrivateKey,
        Ed25519PublicKey,
    )

# Nothing else that the key may sign begins like this.
_PURPOSE = b"geoloc casebook manifest 1\n"


@dataclass(frozen=True, slots=True)
class Signed:
    """A signature that holds."""

    fingerprint: str  # SHA-256 of the public key, 64 hex digits
    when: str  # ISO 8601, UTC; as the signer says
    by: str
    files: int
    lines: int  # of the journal that it vouches for
    changed: tuple[str, ...]  # files that are other than signed, gone ones among them
    added: tuple[str, ...]  # case files that came later
    journal_holds: bool  # whether the journal still is the signed one up to there


def sign(folder: Path, key: Path, *, by: str) -> tuple[Path, str, bool]:
    """Sign a casebook as it is now.

    Parameters
    ----------
    folder : Path
        The folder of case files.
    key : Path
        A private key (PEM, PKCS 8) outside of the folder; made, with its public half beside it as
        `NAME.pub`, if there is none. Readable by its owner only.
    by : str
        Who signs.

    Returns
    -------
    tuple of Path, str, bool
        The file of the signature, the key's fingerprint, and whether the key was made just now.

    Raises
    ------
    SignatureError
        If the casebook is damaged, or the key cannot be used or lies inside the casebook.
    InputError
        If cryptography is not installed, or `by` is empty.
    """
    _require_cryptography()
    if not by.strip():
        raise InputError("by must say who signs.")
    _outside(key, folder)
    condition = check_folder(folder)
    broken = [trouble for trouble in condition.troubles if trouble.is_damage]
    if broken:
        first = broken[0]
        raise SignatureError(
            f"{folder} is not signed, because it is damaged: {first.file}: {first.what} geoloc"
            " casebook check shows all."
        )
    made = not key.exists()
    private = _made(key) if made else _private(key)
    public = _raw(private.public_key())
    archive = Archive(folder)
    now = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    with archive.locked(), _disk(archive.place):
        manifest = archive.read_manifest() or Manifest()
        payload = json.dumps({"when": now, "by": by, "manifest": asdict(manifest)}, sort_keys=True)
        document = {
            "algorithm": "Ed25519",
            "public_key": base64.b64encode(public).decode("ascii"),
            "signature": base64.b64encode(private.sign(_PURPOSE + payload.encode())).decode(),
            "payload": payload,
        }
        fingerprint = hashlib.sha256(public).hexdigest()
        target = archive.place / "signatures" / f"{fingerprint[:16]}.json"
        archive.write(target, json.dumps(document, indent=1) + "\n")
    return target, fingerprint, made


def verify_signatures(folder: Path, public_key: Path | None = None) -> tuple[Signed, ...]:
    """Check the signatures of a casebook, and say what changed since.

    Parameters
    ----------
    folder : Path
        The folder of case files.
    public_key : Path, optional
        The signer's public key (PEM), as they gave it to you. Without it a signature only shows
        that nothing was changed by somebody who lacks the key that is named in it, and whose key
        that is remains to be asked.

    Raises
    ------
    SignatureError
        If there is no signature (by this key), or one that does not hold.
    InputError
        If cryptography is not installed.
    """
    _require_cryptography()
    wanted = None if public_key is None else _raw(_public(public_key))
    archive = Archive(folder)
    place = archive.place / "signatures"
    paths = sorted(place.glob("*.json")) if place.is_dir() and not place.is_symlink() else []
    found = [_verified(archive, path) for path in paths]
    signed = tuple(
        _compared(archive, public, payload, manifest)
        for public, payload, manifest in found
        if wanted is None or public == wanted
    )
    if not signed:
        by = "" if public_key is None else f" by the key {public_key}"
        raise SignatureError(
            f"{folder} is not signed{by}. geoloc casebook sign --key FILE signs it."
        )
    return signed


def _verified(archive: Archive, path: Path) -> tuple[bytes, dict[str, Any], Manifest]:
    """Return the public key, the payload and the manifest of a signature that holds."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        document = json.loads(archive.read(path) or b"")
        public = base64.b64decode(document["public_key"], validate=True)
        signature = base64.b64decode(document["signature"], validate=True)
        signed = _PURPOSE + document["payload"].encode()
        Ed25519PublicKey.from_public_bytes(public).verify(signature, signed)
        payload = json.loads(document["payload"])
        manifest = manifest_of(payload["manifest"])
        if len(manifest.files) != len(payload["manifest"]["files"]):
            raise ValueError("it names what is no case file")
        str(payload["when"]), str(payload["by"])
    except InvalidSignature as error:
        raise SignatureError(
            f"{path} does not hold: it or what it is for was altered after signing. Ask the signer"
            " for the casebook again."
        ) from error
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise SignatureError(f"{path} is no signature of a casebook ({error}).") from error
    return public, payload, manifest


def _compared(
    archive: Archive, public: bytes, payload: dict[str, Any], manifest: Manifest
) -> Signed:
    """Compare what was signed with what is there now."""
    folder = archive.folder
    expected = {name: each.sha256 for name, each in manifest.files.items()}
    for each in manifest.files.values():
        expected |= each.photos
    changed = tuple(
        name for name, sha256 in expected.items() if digest_inside(folder, name) != sha256
    )
    present = {path.name for path in folder.glob("*.yaml") if not path.name.startswith(".")}
    return Signed(
        hashlib.sha256(public).hexdigest(),
        str(payload["when"]),
        str(payload["by"]),
        len(expected),
        manifest.lines,
        changed,
        tuple(sorted(present - expected.keys())),
        journal.holds(archive.journal, manifest.lines, manifest.head),
    )


# Keys


def _require_cryptography() -> None:
    try:
        import cryptography  # noqa: F401 - only whether it is there
    except ImportError as error:
        raise InputError(
            "Signing needs the library cryptography; install it with: pip install 'geoloc[sign]'."
        ) from error


def _outside(key: Path, folder: Path) -> None:
    if key.resolve().is_relative_to(folder.resolve()):
        raise SignatureError(
            f"{key} lies inside the casebook, and would be passed on with it; keep the key in"
            " another folder."
        )


def _made(path: Path) -> Ed25519PrivateKey:
    """Make a key that only its owner may read, and its public half beside it."""
    from cryptography.hazmat.primitives import serialization as form
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    private = Ed25519PrivateKey.generate()
    secret = private.private_bytes(form.Encoding.PEM, form.PrivateFormat.PKCS8, form.NoEncryption())
    public = private.public_key().public_bytes(
        form.Encoding.PEM, form.PublicFormat.SubjectPublicKeyInfo
    )
    with _disk(path.parent):
        files.make_folder(path.parent.absolute())
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(handle, "wb") as stream:  # noqa: PTH123 - of a handle
            stream.write(secret)
            stream.flush()
            os.fsync(handle)
        files.write_whole(path.with_name(f"{path.name}.pub"), public)
    return private


def _private(path: Path) -> Ed25519PrivateKey:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        mode = path.stat().st_mode
        if os.name != "nt" and stat.S_IMODE(mode) & 0o077:
            raise SignatureError(
                f"{path} can be read by others than its owner; take that away: chmod 600 {path}"
            )
        private = load_pem_private_key(path.read_bytes(), password=None)
    except OSError as error:
        raise SignatureError(f"{path} cannot be read: {error.strerror or error}.") from error
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise SignatureError(
            f"{path} is no private key that geoloc can use (PEM, no password)."
        ) from error
    if not isinstance(private, Ed25519PrivateKey):
        raise SignatureError(f"{path} is no Ed25519 key; name a new file, and one is made.")
    return private


def _public(path: Path) -> Ed25519PublicKey:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    try:
        public = load_pem_public_key(path.read_bytes())
    except OSError as error:
        raise SignatureError(f"{path} cannot be read: {error.strerror or error}.") from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise SignatureError(f"{path} is no public key (PEM).") from error
    if not isinstance(public, Ed25519PublicKey):
        raise SignatureError(f"{path} is no Ed25519 public key.")
    return public


def _raw(public: Ed25519PublicKey) -> bytes:
    from cryptography.hazmat.primitives import serialization as form

    return public.public_bytes(form.Encoding.Raw, form.PublicFormat.Raw)


@contextlib.contextmanager
def _disk(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise OutputError(f"Cannot write into {folder}: {error.strerror or error}.") from error
