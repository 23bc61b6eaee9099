"""Drawing with the verdict beside it: a local page, and the same in a notebook.

`session.Session` answers what the page asks, and is the same for both; `server.Studio` serves the
page to this machine's browser and to nobody else; `draw` shows it in Jupyter. Nothing is imported
here: the child that reads pictures begins here too.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from geoloc.errors import InputError

if TYPE_CHECKING:
    from geoloc.studio.widget import DrawingWidget

__all__ = ["draw"]


def draw(case: Path | str | None = None, *, language: str = "en") -> DrawingWidget:
    """Show the drawing page in a Jupyter notebook.

    Parameters
    ----------
    case : Path or str, optional
        A case's file or id; without one, what is drawn can be exported but not saved.
    language : str
        `en`, `fa-AF` or `ps`.

    Returns
    -------
    DrawingWidget
        To end a cell with. Whenever a line was moved, its `area` is the `LikelyArea` of what is
        drawn (None where nothing says where it was), and `finding` has the verdicts.

    Raises
    ------
    CaseError
        If there is no such case, or it cannot be read.
    InputError
        If anywidget is not installed, or there is no such language.
    """
    try:
        from geoloc.studio.widget import DrawingWidget
    except ModuleNotFoundError as error:
        raise InputError(
            f"Drawing in a notebook needs {error.name}; install it with"
            " pip install 'geoloc[studio]'."
        ) from error
    from geoloc.casebook import find_case
    from geoloc.studio.session import Session

    return DrawingWidget(Session(find_case(str(case)) if case else None, language=language))
