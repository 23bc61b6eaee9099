"""XML that declares nothing: a document type or an entity is refused before it is expanded.

So expat (Python's own) cannot be made to read a file or to grow.
"""

from __future__ import annotations

from xml.parsers import expat  # every DOCTYPE is refused, see `parser`

from geoloc.fence.child import RefusedError


def local(name: str) -> str:
    """Return an element's name without its prefix."""
    return name.rpartition(":")[2]


def root_of(content: bytes) -> str:
    """Return the name of the root element without its prefix."""

    class _SeenError(Exception):
        pass

    def start(name: str, _: dict[str, str]) -> None:
        raise _SeenError(local(name))

    reader = parser()
    reader.StartElementHandler = start
    try:
        parse(reader, content[:100_000], final=False)
    except _SeenError as seen:
        return str(seen)
    raise RefusedError("is XML without a root element")


def require_plain(content: bytes) -> None:
    """Refuse XML that is broken or declares a document type anywhere."""
    parse(parser(), content)


def parser() -> expat.XMLParserType:
    """Return a parser that refuses every declaration of a type or an entity."""

    def refuse(*_: object) -> None:
        raise RefusedError("declares a document type or an entity (DOCTYPE), which is never let in")

    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    parser.UnparsedEntityDeclHandler = refuse
    parser.ExternalEntityRefHandler = refuse  # type: ignore[assignment]
    return parser


def parse(parser: expat.XMLParserType, content: bytes, *, final: bool = True) -> None:
    """Feed a parser some of a text, or the end of it; refuse what is broken."""
    try:
        parser.Parse(content, final)
    except expat.ExpatError as error:
        raise RefusedError(f"is broken XML: {error}") from error
    except (ValueError, LookupError) as error:  # an encoding that Python does not know
        raise RefusedError(f"is XML that cannot be decoded: {error}") from error
