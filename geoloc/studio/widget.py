"""The drawing page in a notebook: the same front end, asked and answered by the kernel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anywidget

from geoloc.studio.page import module, style

if TYPE_CHECKING:
    from geoloc.area import LikelyArea
    from geoloc.casebook import Finding
    from geoloc.studio.session import Session

_RENDER = """
function render({ model, el }) {
  const tag = Math.random().toString(36).slice(2);  // a notebook can show one widget twice
  const waiting = new Map();
  let last = 0;
  const answered = ({ id, answer }) => {
    const resolve = waiting.get(id);
    waiting.delete(id);
    if (resolve) resolve(answer);
  };
  const ask = (verb, payload = {}) => new Promise((resolve) => {
    const id = `${tag}-${last += 1}`;
    waiting.set(id, resolve);
    model.send({ id, verb, payload });
  });
  const root = document.createElement('div');
  el.append(root);
  model.on('msg:custom', answered);
  start(root, ask);
  return () => model.off('msg:custom', answered);
}
export default { render };
"""


class DrawingWidget(anywidget.AnyWidget):
    """A drawing page below a notebook's cell."""

    _esm = module() + _RENDER
    _css = style()

    def __init__(self, session: Session) -> None:
        self._session = session
        super().__init__()
        self.on_msg(self._asked)

    @property
    def area(self) -> LikelyArea | None:
        """Return the likely area of what is drawn now; None where nothing says where it was."""
        return self._session.area

    @property
    def finding(self) -> Finding:
        """Return what is drawn now as a finding: the case with these drawings, and its verdicts."""
        return self._session.finding

    def _asked(self, _widget: object, message: Any, _buffers: object) -> None:
        if not isinstance(message, dict) or not isinstance(message.get("id"), str):
            return
        verb, payload = message.get("verb"), message.get("payload")
        try:
            answer = self._session.answer(str(verb), payload)
        except BaseException:
            failed = "geoloc failed here; the notebook's log says more."
            self.send(
                {"id": message["id"], "answer": {"ok": False, "error": failed, "field": None}}
            )
            raise
        self.send({"id": message["id"], "answer": answer})
