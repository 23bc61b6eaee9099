"""The drawing page in a notebook: a kernel answers it, and the front end is the page's own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from jupyter_client.manager import start_new_kernel
from studio_server import copied

import geoloc
from geoloc.studio.page import module
from geoloc.studio.widget import DrawingWidget

if TYPE_CHECKING:
    from playwright.sync_api import Browser

AREA = {
    "name": "roofs",
    "means": "area",
    "geometry": {
        "type": "Polygon",
        "coordinates": [
            [[69.27, 34.48], [69.29, 34.48], [69.29, 34.5], [69.27, 34.5], [69.27, 34.48]]
        ],
    },
    "origin": "photo 7",
}


class Kernel:
    """A real notebook kernel that is asked as a notebook in a browser asks it."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def run(self, code: str) -> str:
        """Run a cell and return what it printed."""
        printed: list[str] = []

        def heard(message: dict[str, Any]) -> None:
            content = message["content"]
            printed.append(content.get("text") or "\n".join(content.get("traceback", [])))

        self._client.execute_interactive(code, timeout=120, output_hook=heard)
        return "".join(printed).strip()

    def ask(self, widget: str, verb: str, payload: dict[str, Any]) -> dict[str, Any]:
        """Send a verb as the widget's front end does and return the answer."""
        asked = {"id": "1", "verb": verb, "payload": payload}
        content = {"comm_id": widget, "data": {"method": "custom", "content": asked}}
        self._client.shell_channel.send(self._client.session.msg("comm_msg", content))
        while True:
            message = self._client.get_iopub_msg(timeout=120)
            data = message["content"].get("data", {})
            if message["msg_type"] == "comm_msg" and data.get("method") == "custom":
                assert data["content"]["id"] == "1"
                answer: dict[str, Any] = data["content"]["answer"]
                return answer


def test_a_kernel_answers_and_gives_the_likely_area(tmp_path: Path) -> None:
    """Asked through the notebook's own channel it judges, and `area` is a LikelyArea of that."""
    case = copied(tmp_path)
    manager, client = start_new_kernel()
    try:
        kernel = Kernel(client)
        made = kernel.run(f"import geoloc; w = geoloc.draw({str(case)!r}); print(w.comm.comm_id)")
        before = kernel.run("print(w.area.regions[-1].area_km2)")
        assert kernel.ask(made, "open", {})["case"]["id"] == case.stem
        told = kernel.ask(made, "judge", {"drawings": [AREA]})
        assert told["ok"] is True
        after = kernel.run("print(type(w.area).__name__, w.area.regions[-1].area_km2)")
        assert after == f"LikelyArea {told['area']['area_km2']}"
        assert float(before) > told["area"]["area_km2"]
        assert kernel.ask(made, "nonsense", {})["ok"] is False
        grade = kernel.run("print(w.finding.verdicts[0].grade)")
        assert grade == told["verdicts"][0]["grade"]
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def test_without_a_case_the_area_is_that_of_the_drawing(monkeypatch: pytest.MonkeyPatch) -> None:
    """With nothing drawn there is none; a drawing makes one, and taking it away unmakes it."""
    widget = geoloc.draw()
    sent: list[Any] = []
    monkeypatch.setattr(widget, "send", lambda content, _buffers=None: sent.append(content))
    assert widget.area is None
    ask = {"id": "a", "verb": "judge", "payload": {"drawings": [AREA]}}
    widget._asked(widget, ask, [])
    assert sent[-1]["answer"]["ok"] is True
    assert widget.area is not None
    assert widget.area.clues[0].says == "inside roofs"
    widget._asked(widget, {**ask, "payload": {"drawings": []}}, [])
    assert widget.area is None


def test_messages_that_are_no_questions_are_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another extension's message is not answered; a verb with nonsense is, in one line."""
    widget = geoloc.draw()
    sent: list[Any] = []
    monkeypatch.setattr(widget, "send", lambda content, _buffers=None: sent.append(content))
    strange: list[Any] = [None, "judge", [], {}, {"id": 3, "verb": "open"}]
    for message in strange:
        widget._asked(widget, message, [])
    assert not sent
    widget._asked(widget, {"id": "x", "verb": None, "payload": None}, [])
    assert sent[0]["answer"]["ok"] is False


def test_a_defect_answers_the_page_and_is_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    """The page is not left waiting, and the notebook shows what failed."""
    widget = geoloc.draw()
    sent: list[Any] = []
    monkeypatch.setattr(widget, "send", lambda content, _buffers=None: sent.append(content))

    def broken(_verb: str, _payload: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(widget._session, "answer", broken)
    with pytest.raises(ZeroDivisionError):
        widget._asked(widget, {"id": "x", "verb": "open", "payload": {}}, [])
    assert sent[0]["answer"]["ok"] is False


def test_the_widget_and_the_page_have_one_front_end() -> None:
    """The widget's module is the page's, and after it only what joins it to the notebook."""
    widget = geoloc.draw()
    assert isinstance(widget, DrawingWidget)
    assert DrawingWidget._esm.startswith(module())
    assert len(DrawingWidget._esm) - len(module()) < 1500


@pytest.mark.browser
def test_the_front_end_draws_and_judges_in_a_host_page(chromium: Browser, tmp_path: Path) -> None:
    """In a page that behaves like a notebook, the map appears and the case is judged."""
    widget = geoloc.draw(copied(tmp_path))
    asked: list[str] = []

    def answer(message: dict[str, Any]) -> dict[str, Any]:
        asked.append(message["verb"])
        told = widget._session.answer(message["verb"], message["payload"])
        return {"id": message["id"], "answer": json.loads(json.dumps(told))}

    page = chromium.new_page()
    failed: list[str] = []
    asked_elsewhere: list[str] = []
    page.on("pageerror", lambda error: failed.append(str(error)))
    page.on(
        "request", lambda request: failed.append(request.url) if "http" in request.url else None
    )
    page.expose_function("kernel", answer)
    page.set_content("<!DOCTYPE html><html lang=en><title>host</title><main id=cell></main>")
    page.add_style_tag(content=DrawingWidget._css)
    page.evaluate(
        """async (source) => {
          const listeners = new Set();
          const model = {
            on: (name, heard) => { if (name === 'msg:custom') listeners.add(heard); },
            off: (name, heard) => listeners.delete(heard),
            send: async (message) => {
              const answer = await window.kernel(message);
              listeners.forEach((heard) => heard(answer));
            },
          };
          const at = URL.createObjectURL(new Blob([source], { type: 'text/javascript' }));
          const widget = (await import(at)).default;
          window.leave = widget.render({ model, el: document.getElementById('cell') });
          window.listening = () => listeners.size;
        }""",
        DrawingWidget._esm,
    )
    page.wait_for_selector("#cell .leaflet-container", timeout=30_000)
    page.wait_for_function("document.querySelector('#cell').innerText.includes('Bagrami')")
    assert asked[0] == "open"
    assert page.evaluate("window.listening()") == 1
    page.evaluate("window.leave()")
    assert page.evaluate("window.listening()") == 0
    assert not failed
    assert not [url for url in asked_elsewhere if not url.startswith(("blob:", "data:"))]
    page.close()
