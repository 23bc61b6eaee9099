"""Pictures full of what must not come out: a mark in every place where a file can carry words."""

from __future__ import annotations

import base64
import io
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np
from PIL import Image, PngImagePlugin, TiffImagePlugin

KINDS = ("JPEG", "PNG", "WEBP", "TIFF", "HEIF")
GPS = struct.pack(">II", 34_493_877, 1_000_003)  # a rational that no file has by chance


def can_write(kind: str) -> bool:
    """Return whether pictures of a kind can be made here."""
    if kind != "HEIF":
        return True
    try:
        import pillow_heif
    except ImportError:
        return False
    pillow_heif.register_heif_opener()
    return True


def exif(mark: str) -> bytes:
    """Return EXIF with words, GPS, a maker's note and a thumbnail that has a comment of its own."""
    words = mark.encode()
    thumbnail = b"\xff\xd8\xff\xfe" + struct.pack(">H", len(words) + 2) + words + b"\xff\xd9"
    heap = bytearray()
    base = 8 + (2 + 3 * 12 + 4) + (2 + 3 * 12 + 4) + (2 + 2 * 12 + 4)

    def held(content: bytes) -> int:
        at = base + len(heap)
        heap.extend(content + b"\0" * (len(content) % 2))
        return at

    def folder(entries: list[tuple[int, int, int, int]], after: int) -> bytes:
        packed = b"".join(struct.pack(">HHII", *entry) for entry in entries)
        return struct.pack(">H", len(entries)) + packed + struct.pack(">I", after)

    gps_at, next_at = 8 + 42, 8 + 84
    first = [
        (0x010E, 2, len(words), held(words)),
        (0x8825, 4, 1, gps_at),
        (0x927C, 7, len(words), held(words)),
    ]
    gps = [
        (0x0002, 5, 3, held(GPS * 3)),
        (0x0004, 5, 3, held(GPS * 3)),
        (0x001B, 7, len(words), held(words)),
    ]
    small = [(0x0201, 4, 1, held(thumbnail)), (0x0202, 4, 1, len(thumbnail))]
    head = b"MM\0*" + struct.pack(">I", 8)
    tiff = head + folder(first, next_at) + folder(gps, 0) + folder(small, 0) + bytes(heap)
    return b"Exif\0\0" + tiff


def xmp(mark: str) -> bytes:
    """Return an XMP packet."""
    return f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><a>{mark}</a></x:xmpmeta>'.encode()


def iptc(mark: str) -> bytes:
    """Return a Photoshop resource that holds an IPTC caption and a place."""
    words = mark.encode()
    records = b"".join(
        b"\x1c\x02" + bytes([number]) + struct.pack(">H", len(words)) + words
        for number in (120, 90, 92)
    )
    records += b"\0" * (len(records) % 2)
    return b"8BIM\x04\x04\0\0" + struct.pack(">I", len(records)) + records


def icc(mark: str) -> bytes:
    """Return a colour profile with words in it."""
    from PIL import ImageCms

    whole = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes() + mark.encode()
    return struct.pack(">I", len(whole)) + whole[4:]


def planted(kind: str, number: int, size: tuple[int, int] = (160, 120)) -> tuple[bytes, str]:
    """Return a picture of a kind and the mark that stands everywhere in it but in its pixels."""
    mark = f"SECRET{number:04d}PLACE"
    pixels = np.random.default_rng(number).integers(0, 255, (*size[::-1], 3), np.uint8)
    picture, out = Image.fromarray(pixels), io.BytesIO()
    common: dict[str, Any] = {"exif": exif(mark), "icc_profile": icc(mark)}
    if kind == "JPEG":
        picture.save(out, kind, comment=mark.encode(), xmp=xmp(mark), **common)
        whole = out.getvalue()
        resource = b"Photoshop 3.0\0" + iptc(mark)
        segment = b"\xff\xed" + struct.pack(">H", len(resource) + 2) + resource
        return whole[:2] + segment + whole[2:] + mark.encode(), mark
    if kind == "PNG":
        info = PngImagePlugin.PngInfo()
        info.add_text("Comment", mark)
        info.add_text("Place", mark * 9, zip=True)
        info.add_itxt("XML:com.adobe.xmp", xmp(mark).decode(), zip=bool(number % 2))
        picture.save(out, kind, pnginfo=info, **common)
    elif kind == "TIFF":
        tags = TiffImagePlugin.ImageFileDirectory_v2()
        for tag in (270, 305, 315, 33432):
            tags[tag] = mark
        for tag, content in ((700, xmp(mark)), (33723, iptc(mark)), (34377, iptc(mark))):
            tags.tagtype[tag] = 1
            tags[tag] = content
        picture.save(
            out, kind, tiffinfo=tags, icc_profile=icc(mark), save_all=True,
            append_images=[picture.resize((16, 12))],
        )  # fmt: skip
    else:
        picture.save(out, kind, xmp=xmp(mark), **common)
    tail = mark.encode()
    if kind == "HEIF":
        tail = struct.pack(">I", len(tail) + 8) + b"free" + tail
    return out.getvalue() + tail, mark


def depths(content: bytes) -> Iterator[bytes]:
    """Yield what a file holds, whatever it was packed in: archives, streams, data addresses."""
    yield content
    if content.startswith(b"PK\x03\x04"):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for name in archive.namelist():
                yield from depths(archive.read(name))
    if content.startswith(b"%PDF"):
        for found in re.finditer(rb"stream\r?\n", content):
            yield _inflated(content[found.end() :])
    if content.startswith(b"\x89PNG"):
        at = 8
        while at + 8 <= len(content):
            length, name = struct.unpack(">I4s", content[at : at + 8])
            if name in (b"zTXt", b"iTXt", b"iCCP"):
                inner = content[at + 8 : at + 8 + length]
                starts = [k for k in range(len(inner)) if inner[k : k + 1] == b"\x78"]
                yield from (_inflated(inner[start:]) for start in starts)
            at += 12 + length
    for found in re.finditer(rb"base64,([A-Za-z0-9+/=\s]+)", content):
        yield from depths(base64.b64decode(found[1]))


def _inflated(content: bytes) -> bytes:
    try:
        return zlib.decompressobj().decompress(content)
    except zlib.error:
        return b""


def marks_in(content: bytes, mark: str) -> int:
    """Return how often a mark, in any encoding, or the GPS rational is in a file."""
    wanted = [mark.encode(), mark.encode("utf-16-le"), mark.encode("utf-16-be"), GPS]
    wanted += [mark.encode().hex().encode(), base64.b64encode(mark.encode())[:-4]]
    return sum(part.count(each) for part in depths(content) for each in wanted)
