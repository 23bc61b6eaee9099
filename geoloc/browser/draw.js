/*
 * The drawing page: begins a session in an element, whoever answers it - a local server or a
 * notebook's kernel. What comes from a case or a file is only ever text and numbers here.
 */

/** Begin; `ask(verb, payload)` resolves to the session's answer. */
export async function start(root, ask) {
  'use strict';

  const { follow, languageChoice, liveIn, make, onLanguage, said, setLanguage, t } = geolocWords;
  const { button } = geolocDrawPanel;
  const CUTTING = ['split', 'hole'];

  root.classList.add('geoloc-draw');
  const isPage = root.parentElement === document.body;
  root.classList.toggle('is-page', isPage);
  if (!isPage) liveIn(root);
  root.replaceChildren(make('p', { class: 'goodbye', role: 'status' }, '…'));

  /** Ask, and take a session that is gone for an answer, too. */
  async function safely(verb, payload = {}) {
    try {
      return await ask(verb, payload);
    } catch {
      return { ok: false, error: t('The session does not answer. Is geoloc draw still running?'), field: null };
    }
  }

  const opened = await safely('open', {});
  if (!opened.ok) {
    root.replaceChildren(make('p', { class: 'goodbye', role: 'alert' }, opened.error));
    return;
  }
  setLanguage(opened.language);

  const status = make('p', { class: 'unseen', role: 'status' });
  const toast = make('p', { class: 'toast', 'aria-hidden': 'true' });
  let fading = null;
  /** Say something to a screen reader and, if not quietly, to the eye. */
  function tell(words, quietly = false) {
    status.textContent = words;
    if (quietly) return;
    toast.textContent = words;
    clearTimeout(fading);
    fading = setTimeout(() => { toast.textContent = ''; }, 6000);
  }

  const work = geolocCase.work(safely, opened);
  work.on('refused', (error) => tell(error));
  const frame = make('div', { class: 'frame' });
  const ground = make('div', { class: 'ground' });
  const stage = make('section', { class: 'stage' });
  const panel = make('article', { class: 'panel', tabindex: 0 });
  const tools = make('div', { class: 'tools', role: 'group' });
  const hint = make('div', { class: 'hint', hidden: '' });
  const sketched = make('p', { class: 'sketched' });
  stage.append(tools, ground);
  ground.append(frame);
  const skips = [
    button(() => t('Skip to the map'), () => map.holder.focus(), { class: 'skip' }),
    button(() => t('Skip to the panel'), () => panel.focus(), { class: 'skip' }),
  ];
  root.replaceChildren(...skips, stage, panel, toast, status);
  const map = geolocDrawMap.make(frame, work, tell);
  frame.append(hint);

  /* Tools */

  const chosenKind = () => (work.chosen ? work.document.drawings[work.chosen.index].geometry.type.replace('Multi', '') : null);

  /** Split the chosen shape, or cut a hole into it, by what was just drawn. */
  async function cut(how, geometry) {
    const { index } = work.chosen;
    const drawing = work.document.drawings[index];
    const answer = await safely('cut', { geometry: drawing.geometry, [how === 'split' ? 'line' : 'hole']: geometry });
    if (!answer.ok) { tell(answer.error); return; }
    work.change((next) => {
      const [first, ...others] = answer.parts;
      // Two parts that both say where it happened would have to hold both: only one goes on saying it.
      const marks = others.map((part, number) => geolocCase.restate(
        { ...structuredClone(drawing), geometry: part, name: `${drawing.name} (${number + 2})` }, 'mark'));
      next.drawings.splice(index, 1, { ...drawing, geometry: first }, ...marks);
    });
    const split = t('Split into {count}.', { count: answer.parts.length });
    const isMark = drawing.means === 'mark';
    tell(how !== 'split' ? t('The hole is cut.') : isMark ? split : `${split} ${t('The second part is a mark until you say what it means.')}`);
  }

  function take(tool) {
    if (tool === 'select') { map.use('select'); return; }
    const { chosen } = work;
    if (CUTTING.includes(tool)) map.use(tool, (geometry) => { work.choose(chosen.index, chosen.path); cut(tool, geometry); });
    else map.use(tool, (geometry) => work.add(geometry));
    map.holder.focus();
    tell(hintWords()[tool], true);
  }

  const hintWords = () => ({
    area: t('Click the corners; click the first again to close. By key: Enter adds the middle, End finishes, Backspace takes one back, Escape stops.'),
    line: t('Click along the line; click the last again to end. By key: Enter adds the middle, End finishes, Backspace takes one back, Escape stops.'),
    point: t('Click the place, or press Enter for the middle.'),
    split: t('Draw a line right across the chosen shape.'),
    hole: t('Draw the hole inside the chosen area.'),
    pair: t('Click where the feature of the photo is, or press Enter for the middle.'),
  });

  const snap = button(() => t('Snap'), () => {
    const on = snap.getAttribute('aria-pressed') !== 'true';
    snap.setAttribute('aria-pressed', String(on));
    map.snap(on);
    tell(on ? t('Corners snap to district lines.') : t('Corners stay where you put them.'));
  }, { 'aria-pressed': 'true' });
  const drawers = Object.fromEntries([
    ['select', () => t('Select')], ['area', () => t('Area')], ['line', () => t('Line')], ['point', () => t('Point')],
    ['split', () => t('Split')], ['hole', () => t('Cut hole')],
  ].map(([name, write]) => [name, button(write, () => take(map.tool === name ? 'select' : name), { 'aria-pressed': 'false', 'data-tool': name })]));
  const gone = button(() => t('Delete'), () => {
    work.remove(work.chosen.index);
    map.holder.focus();
    tell(t('Deleted. Undo brings it back.'));
  });
  const undo = () => { if (!map.undoCorner() && !work.undo()) tell(t('Nothing to undo.')); };
  const redo = () => { if (!map.redoCorner() && !work.redo()) tell(t('Nothing to redo.')); };
  const back = button(() => t('Undo'), undo);
  const again = button(() => t('Redo'), redo);

  const about = make('div', { class: 'about' });
  const work_ = make('div', { class: 'work' });
  panel.append(about, work_);
  const title = make('header', {});
  const keys = make('div', {});
  about.append(title, keys);
  const photosPart = make('div', {});
  const photos = geolocDrawPhoto.make(ground, photosPart, work, map, tell);
  const { measureWords } = geolocDrawPanel.make(about, work_, work, map, tell);
  work_.append(photosPart);
  const saving = geolocDrawSaving.make(root, work, tell);
  const files = geolocDrawEntry.files(root, work, map, photos, tell);
  const group = (...parts) => make('span', { class: 'set' }, ...parts);
  tools.append(
    group(drawers.select, drawers.area, drawers.line, drawers.point), group(drawers.split, drawers.hole, gone),
    group(back, again), snap, geolocDrawEntry.search(work, map, tell), ...files.button,
  );

  keys.append(make('div', { class: 'keys saving-keys' }, saving.state, ...saving.buttons), saving.offer || '', files.pictures);
  const choice = languageChoice();
  follow(() => {
    title.replaceChildren(
      choice,
      opened.case ? said('p', `${opened.case.date} · ${opened.case.id}`, { class: 'when' }) : '',
      said('h1', opened.case ? opened.case.title : t('Drawing')),
    );
    stage.setAttribute('aria-label', t('Map and tools'));
    tools.setAttribute('aria-label', t('Drawing tools'));
    panel.setAttribute('aria-label', t('What is drawn, and what it means'));
  });

  function writeTools() {
    const kind = chosenKind();
    for (const [name, made] of Object.entries(drawers)) made.setAttribute('aria-pressed', String(map.tool === name));
    drawers.split.disabled = map.tool !== 'split' && !['Polygon', 'LineString'].includes(kind);
    drawers.hole.disabled = map.tool !== 'hole' && kind !== 'Polygon';
    gone.disabled = !work.chosen || map.tool !== 'select';
    back.disabled = !work.canUndo && !map.isDrawing();
    again.disabled = !work.canRedo && map.tool === 'select';
    if (hint.hidden !== (map.tool === 'select') || hint.dataset.tool !== map.tool) writeHint();
  }
  function writeHint() {
    const { tool } = map;
    hint.hidden = tool === 'select';
    hint.dataset.tool = tool;
    if (hint.hidden) return;
    const ends = !['point', 'pair'].includes(tool);
    hint.replaceChildren(make('p', {}, hintWords()[tool]), sketched, make('p', { class: 'keys' },
      plain(t('Add the middle'), () => map.addCorner(map.middle())), ends ? plain(t('Finish'), () => map.finish()) : '', plain(t('Stop'), () => { map.cancel(); if (map.tool !== 'select') map.cancel(); })));
  }
  /** Say how large the shape is that is being drawn, and what it touches most. */
  function writeSketched() {
    const measured = work.judged && map.isDrawing() ? work.judged.shapes.find(({ index }) => index === work.document.drawings.length) : null;
    const touched = measured ? measured.units.filter(({ level, share }) => level !== 'provinces' && !(share < 0.01)).slice(0, 4) : [];
    sketched.replaceChildren(measured ? make('b', {}, measureWords(measured)) : '', ' ',
      ...touched.flatMap((unit) => [said('bdi', unit.code === null ? t('in no police district') : unit.name), ` ${geolocDrawPanel.percent(unit.share ?? unit.membership)} `]));
  }
  work.on('judged', writeSketched);
  function plain(words, act) {
    const made = make('button', { type: 'button' }, words);
    made.addEventListener('click', act);
    return made;
  }
  for (const event of ['document', 'chosen']) work.on(event, writeTools);
  map.onTool(writeTools);
  onLanguage(writeHint);
  writeTools();

  const isTyping = (target) => Boolean(target.closest('input:not([type="checkbox"], [type="range"], [type="file"]), textarea, select'));
  /** While a shape is drawn its keys are the map's, wherever the focus is, and never scroll the page. */
  (isPage ? document : root).addEventListener('keydown', (event) => {
    const { target } = event;
    if (map.tool === 'select' || !(target instanceof Element) || isTyping(target) || target.closest('dialog')) return;
    if (event.key !== 'End' && event.key !== 'Backspace' && !(event.key === 'Enter' && !target.closest('button, a, summary'))) return;
    event.preventDefault();
    if (map.holder.contains(target) || target.closest('.holder')) return; // each has its own keys
    if (event.key === 'End') map.finish();
    else if (event.key === 'Backspace') map.undoCorner();
    else if (!event.repeat) map.addCorner(map.middle());
  });
  root.addEventListener('keydown', (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.altKey) return;
    const typing = event.target.closest('input[type="text"], input[type="search"], textarea');
    const key = event.key.toLowerCase();
    if (key === 's') saving.askToSave();
    else if (!typing && key === 'z' && !event.shiftKey) undo();
    else if (!typing && (key === 'y' || (key === 'z' && event.shiftKey))) redo();
    else return;
    event.preventDefault();
  });

  /* What the map shows, told apart without colour */

  const legend = make('details', { class: 'legend' });
  frame.append(legend);
  L.DomEvent.disableClickPropagation(legend);
  L.DomEvent.on(legend, 'pointerdown', L.DomEvent.stopPropagation);
  L.DomEvent.disableScrollPropagation(legend);
  L.DomEvent.disableClickPropagation(hint);
  L.DomEvent.on(hint, 'pointerdown', L.DomEvent.stopPropagation);
  const swatch = (...parts) => geolocWords.makeSvg('svg', { class: 'swatch', viewBox: '0 0 34 20', 'aria-hidden': 'true' }, ...parts);
  const cell = (className, more) => geolocWords.makeSvg('rect', { x: 1.5, y: 1.5, width: 31, height: 17, class: className, ...more });
  const credit = make('p', { class: 'credit' });
  frame.append(credit);
  follow(() => credit.replaceChildren(make('b', {}, t('Police-district lines are approximate.')),
    ...(opened.credits || []).map((owner) => said('span', owner))));
  const row = (picture, words) => make('p', { class: 'row' }, picture, make('span', {}, words));
  follow(() => legend.replaceChildren(
    make('summary', {}, t('Legend')),
    row(swatch(cell('claimed ink-0', { fill: 'url(#draw-hatch-0)' })), t('Claimed, not verified')),
    row(swatch(cell('likely outermost'), cell('likely'), cell('likely')), t('Likely: 50, 80 and 95 %')),
    row(swatch(cell('drawn means-area'), cell('drawn-inside')), t('Drawn: it happened inside')),
    row(swatch(cell('drawn means-searched', { fill: 'url(#draw-searched)' }), cell('drawn-inside')), t('Drawn: searched, not found')),
    row(swatch(cell('drawn means-mark'), cell('drawn-inside means-mark')), t('Drawn: mark only')),
  ));

  work.judge();
  if (opened.draft) tell(t('There is a draft that was never saved.'), true);
  root.dispatchEvent(new CustomEvent('geoloc-ready'));
}
