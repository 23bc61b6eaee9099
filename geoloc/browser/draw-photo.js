/*
 * Photos beside the map: numbered features are marked in them and placed on the map, as pairs, and
 * the skyline is traced. Positions are shares of the width and height, from the left and the top.
 */
const geolocDrawPhoto = (() => {
  'use strict';

  const { figures, follow, make, makeSvg, said, t } = geolocWords;
  const { NO_ORIGIN, rounded } = geolocCase;
  const { button, field } = geolocDrawPanel;

  const CLOSEST = 12;
  const STEP = 0.005; // of the photo, for one arrow key
  const share = (value) => Math.min(1, Math.max(0, Number(value.toFixed(5))));

  /** Read a file as base64, without the address that names its kind. */
  function contentOf(file) {
    return new Promise((done, fail) => {
      const reader = new FileReader();
      reader.addEventListener('load', () => done(reader.result.slice(reader.result.indexOf(',') + 1)));
      reader.addEventListener('error', () => fail(reader.error));
      reader.readAsDataURL(file);
    });
  }

  function make_(stage, panel, work, map, tell) {
    const { ask, opened } = work;
    const pictures = new Map(); // file -> address of its pixels
    let open = null; // index of the photo that is shown
    let doing = 'look'; // look, mark or ridge
    let view = { zoom: 1, x: 0, y: 0 };
    let uncovered = new Set(); // graphic photos that were asked to be seen

    const photoOf = () => (open === null ? null : work.document.photos[open]);
    const edit = (act, thing) => work.change((next) => act(next.photos[open]), thing);

    /* The viewer */

    const image = make('img', { alt: '', draggable: 'false' });
    const ridge = makeSvg('svg', { class: 'ridge', viewBox: '0 0 1 1', preserveAspectRatio: 'none', 'aria-hidden': 'true' });
    const marks = make('div', { class: 'marks' });
    const plate = make('div', { class: 'plate' }, image, ridge, marks);
    const holder = make('div', { class: 'holder', tabindex: 0, role: 'application' }, plate, make('div', { class: 'cross', 'aria-hidden': 'true' }));
    const cover = button(() => t('This photo is marked as graphic. Show it'), () => { uncovered.add(photoOf().file); write(); }, { class: 'cover' });
    const doers = {
      look: button(() => t('Move'), () => take('look'), { 'aria-pressed': 'true' }),
      mark: button(() => t('Mark features'), () => take('mark'), { 'aria-pressed': 'false' }),
      ridge: button(() => t('Trace the ridge'), () => take('ridge'), { 'aria-pressed': 'false' }),
    };
    const zooms = [
      button(() => '+', () => zoomBy(1.5), { class: 'zoom' }), button(() => '−', () => zoomBy(1 / 1.5), { class: 'zoom' }),
    ];
    follow(() => {
      zooms[0].setAttribute('aria-label', t('Closer'));
      zooms[1].setAttribute('aria-label', t('Wider'));
      holder.setAttribute('aria-label', t('Photo. Arrow keys move it, plus and minus zoom; Enter adds at its middle.'));
    });
    const bar = make('div', { class: 'bar', role: 'group' }, ...Object.values(doers), ...zooms,
      button(() => t('Close the photo'), () => show(null)));
    const viewer = make('section', { class: 'photo', hidden: '' }, bar, holder, cover);
    stage.append(viewer);

    function place() {
      plate.style.transform = `translate(${view.x}px, ${view.y}px) scale(${view.zoom})`;
      plate.style.setProperty('--zoom', view.zoom);
    }

    /** Fit the photo into its frame. */
    function fit() {
      if (!image.naturalWidth) return;
      const scale = Math.min(holder.clientWidth / image.naturalWidth, holder.clientHeight / image.naturalHeight);
      plate.style.width = `${image.naturalWidth * scale}px`;
      plate.style.height = `${image.naturalHeight * scale}px`;
      view = { zoom: 1, x: (holder.clientWidth - image.naturalWidth * scale) / 2, y: (holder.clientHeight - image.naturalHeight * scale) / 2 };
      place();
    }
    image.addEventListener('load', fit);
    new ResizeObserver(fit).observe(holder);

    const middle = () => [holder.clientWidth / 2, holder.clientHeight / 2];
    function zoomBy(factor, [x, y] = middle()) {
      const zoom = Math.min(CLOSEST, Math.max(1, view.zoom * factor));
      const by = zoom / view.zoom;
      view = { zoom, x: x - (x - view.x) * by, y: y - (y - view.y) * by };
      place();
    }

    /** Return where a pixel of the frame is in the photo, or null outside it. */
    function shareAt([x, y]) {
      const at = [(x - view.x) / (plate.offsetWidth * view.zoom), (y - view.y) / (plate.offsetHeight * view.zoom)];
      return at.every((value) => value >= 0 && value <= 1) ? at.map(share) : null;
    }

    function act(pixel) {
      const at = shareAt(pixel);
      if (!at) return;
      if (doing === 'mark') addFeature(at);
      else if (doing === 'ridge') edit((photo) => photo.ridge.push(at));
    }

    let pulling = null;
    const pixelOf = (event) => { const frame = holder.getBoundingClientRect(); return [event.clientX - frame.left, event.clientY - frame.top]; };
    holder.addEventListener('pointerdown', (event) => {
      if (event.button || event.target.closest('button')) return;
      pulling = { from: pixelOf(event), view: { ...view }, moved: false };
      holder.setPointerCapture(event.pointerId);
    });
    holder.addEventListener('pointermove', (event) => {
      if (!pulling) return;
      const [x, y] = pixelOf(event);
      pulling.moved = pulling.moved || Math.hypot(x - pulling.from[0], y - pulling.from[1]) > 4;
      if (!pulling.moved) return;
      view = { ...view, x: pulling.view.x + x - pulling.from[0], y: pulling.view.y + y - pulling.from[1] };
      place();
    });
    holder.addEventListener('pointerup', (event) => {
      if (pulling && !pulling.moved) act(pixelOf(event));
      pulling = null;
    });
    holder.addEventListener('wheel', (event) => { event.preventDefault(); zoomBy(event.deltaY < 0 ? 1.2 : 1 / 1.2, pixelOf(event)); }, { passive: false });
    holder.addEventListener('keydown', (event) => {
      if (event.target !== holder) return;
      const moves = { ArrowLeft: [40, 0], ArrowRight: [-40, 0], ArrowUp: [0, 40], ArrowDown: [0, -40] };
      if (event.key in moves) {
        view = { ...view, x: view.x + moves[event.key][0], y: view.y + moves[event.key][1] };
        place();
      } else if (event.key === '+' || event.key === '=') zoomBy(1.5);
      else if (event.key === '-') zoomBy(1 / 1.5);
      else if (event.key === 'Enter') act(middle());
      else if (event.key === 'Backspace' && doing === 'ridge' && photoOf().ridge.length) edit((photo) => photo.ridge.pop());
      else if (event.key === 'Escape') take('look');
      else return;
      event.preventDefault();
    });

    function take(wanted) {
      doing = wanted;
      Object.entries(doers).forEach(([name, made]) => made.setAttribute('aria-pressed', String(name === doing)));
      holder.classList.toggle('is-pointing', doing !== 'look');
      if (wanted === 'mark') tell(t('Click a feature in the photo, or press Enter for the middle.'));
      if (wanted === 'ridge') tell(t('Click along the skyline, or press Enter for the middle; Backspace takes the last back.'));
    }

    /* Features */

    function addFeature([x, y]) {
      const used = new Set(photoOf().features.map((feature) => feature.number));
      let number = 1;
      while (used.has(number)) number += 1;
      if (number > 99) { tell(t('A photo can have 99 features.')); return; }
      edit((photo) => photo.features.push({ number, x, y }));
      tell(t('Feature {number} marked. Place it on the map, too.', { number }), true);
    }

    /** Wait for the feature's place on the map: a click, Enter, or typed coordinates. */
    function pair(number) {
      const index = open;
      map.use('pair', (geometry) => {
        const [lon, lat] = rounded(geometry.coordinates);
        work.change((next) => Object.assign(next.photos[index].features.find((one) => one.number === number), { lon, lat }));
        tell(t('Feature {number} is placed at {place}.', { number, place: geolocEarth.decimal([lon, lat]) }));
      });
      map.holder.focus();
      tell(t('Click feature {number} on the map, or press Enter for its middle.', { number }));
    }

    function writeMarks() {
      const photo = photoOf();
      marks.replaceChildren(...photo.features.map((feature) => {
        const badge = make('span', { class: 'badge of-pair' }, figures(String(feature.number)));
        badge.style.left = `${100 * feature.x}%`;
        badge.style.top = `${100 * feature.y}%`;
        return badge;
      }));
      const path = photo.ridge.map(([x, y], index) => `${index ? 'L' : 'M'}${x} ${y}`).join('');
      ridge.replaceChildren(makeSvg('path', { d: path, class: 'casing' }), makeSvg('path', { d: path, class: 'line' }));
    }

    /* The panel */

    const heading = make('h2', {});
    const list = make('ol', { class: 'photos' });
    const form = make('section', { class: 'form', hidden: '' });
    const chooser = make('input', { type: 'file', accept: 'image/*,.heic', class: 'unseen', tabindex: -1, 'aria-hidden': 'true' });
    const adder = button(() => t('Add a photo'), () => chooser.click());
    chooser.addEventListener('change', () => { if (chooser.files[0]) add(chooser.files[0]); chooser.value = ''; });
    panel.append(make('section', { class: 'list' }, heading, list, form, make('p', { class: 'keys' }, adder, chooser)));

    async function add(file) {
      const answer = await ask('photo', { name: file.name, content: await contentOf(file) });
      if (!answer.ok) { tell(answer.error); return; }
      pictures.set(answer.file, answer.picture);
      const known = work.document.photos.findIndex((photo) => photo.file === answer.file);
      if (known < 0) {
        work.change((next) => next.photos.push({
          file: answer.file, sha256: answer.sha256, origin: NO_ORIGIN, caption: file.name.slice(0, 200), graphic: false, features: [], ridge: [],
        }));
      }
      show(known < 0 ? work.document.photos.length - 1 : known);
    }

    async function show(index) {
      open = index;
      viewer.hidden = index === null;
      stage.classList.toggle('has-photo', index !== null);
      built = null;
      write();
      if (index === null) return;
      take('look');
      const { file } = photoOf();
      if (!pictures.has(file)) {
        const answer = await ask('picture', { file });
        if (!answer.ok) { tell(answer.error); return; }
        pictures.set(file, answer.picture);
      }
      if (photoOf() && photoOf().file === file) image.src = pictures.get(file);
    }

    function row(photo, index) {
      const made = make('button', { type: 'button', class: 'entry', 'aria-expanded': String(index === open) },
        make('span', { class: 'badge of-pair' }, String.fromCharCode(65 + index % 26)),
        make('span', { class: 'what' }, said('b', photo.caption || photo.file),
          make('small', {}, t('Features: {count}, on the map: {placed}', { count: photo.features.length, placed: photo.features.filter((one) => Number.isFinite(one.lon)).length }))));
      made.addEventListener('click', () => {
        show(index === open ? null : index);
        list.querySelectorAll('.entry')[index].focus();
      });
      return make('li', {}, made);
    }

    let built = null; // which form stands there
    function featureRow(number) {
      const find = (photo) => photo.features.find((one) => one.number === number);
      const name = make('input', { type: 'text', dir: 'auto', 'aria-label': t('Name of feature {number}', { number }) });
      name.addEventListener('input', () => edit((photo) => { find(photo).name = name.value || null; }, `${open}.feature.${number}`));
      const at = make('small', { dir: 'ltr' });
      const move = make('button', { type: 'button', 'aria-label': t('Move feature {number} in the photo with the arrow keys', { number }) }, '✥');
      move.addEventListener('keydown', (event) => {
        const way = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] }[event.key];
        if (!way) return;
        event.preventDefault();
        const size = STEP / view.zoom * (event.shiftKey ? 10 : 1);
        edit((photo) => { const one = find(photo); one.x = share(one.x + way[0] * size); one.y = share(one.y + way[1] * size); }, `${open}.move.${number}`);
      });
      const place_ = make('button', { type: 'button' });
      place_.addEventListener('click', () => pair(number));
      const gone = make('button', { type: 'button', 'aria-label': t('Delete feature {number}', { number }) }, '✕');
      gone.addEventListener('click', () => {
        edit((photo) => { photo.features = photo.features.filter((one) => one.number !== number); });
        (form.querySelector('.features button') || adder).focus();
      });
      const part = make('li', {}, make('span', { class: 'badge of-pair' }, figures(String(number))), name,
        make('span', { class: 'acts' }, place_, move, gone), at);
      return { part, refresh(photo) {
        const one = find(photo);
        if (document.activeElement !== name) name.value = one.name || '';
        const isPlaced = Number.isFinite(one.lon);
        at.textContent = isPlaced ? geolocEarth.decimal([one.lon, one.lat]) : t('not on the map yet');
        place_.textContent = isPlaced ? t('Place anew') : t('Place on the map');
        place_.setAttribute('aria-label', `${place_.textContent}: ${figures(String(number))}`);
      } };
    }

    function buildForm() {
      const photo = photoOf();
      const words = (name, label, rows) => {
        const input = rows ? make('textarea', { rows, dir: 'auto' }) : make('input', { type: 'text', dir: 'auto', ...(name === 'origin' ? { list: 'draw-origins' } : {}) });
        const made = field(label, input);
        input.addEventListener('input', () => edit((one) => { one[name] = input.value || (name === 'origin' ? '' : null); }, `${open}.${name}`));
        return { ...made, refresh(one) {
          if (document.activeElement !== input) input.value = one[name] || '';
          made.tell(name === 'origin' && (!one.origin || one.origin === NO_ORIGIN) ? t('Say in which material it was seen: a photo, a video, a post. One origin counts once.') : null);
        } };
      };
      const graphic = make('input', { type: 'checkbox' });
      graphic.addEventListener('change', () => edit((one) => { one.graphic = graphic.checked; }));
      const fields = [words('caption', t('Caption')), words('origin', t('Origin: the material it is'))];
      const source = make('select', {}, make('option', { value: '' }, t('none')), ...opened.sources.map((one) => make('option', { value: one.id }, one.title || one.id)));
      source.addEventListener('change', () => edit((one) => { one.source = source.value || null; }));
      const rows = photo.features.map((feature) => featureRow(feature.number));
      const traced = make('p', { class: 'aside' });
      const wipe = button(() => t('Delete the ridge'), () => edit((one) => { one.ridge = []; }));
      form.replaceChildren(
        make('ol', { class: 'features' }, ...rows.map(({ part }) => part)),
        rows.length ? '' : make('p', { class: 'aside' }, t('No feature is marked yet: choose “Mark features” above the photo.')),
        traced, make('p', { class: 'keys' }, wipe),
        make('div', { class: 'fields' }, ...fields.map(({ part }) => part), opened.sources.length ? field(t('Source'), source).part : '',
          make('label', { class: 'tick' }, graphic, t('Graphic: shows violence or the dead'))),
        make('p', { class: 'keys' }, button(() => t('Take the photo off the case'), () => {
          const index = open;
          show(null);
          work.change((next) => next.photos.splice(index, 1));
          adder.focus();
        })));
      return () => {
        const now = photoOf();
        rows.forEach((one) => one.refresh(now));
        fields.forEach((one) => one.refresh(now));
        graphic.checked = Boolean(now.graphic);
        source.value = now.source || '';
        traced.textContent = now.ridge.length ? t('Ridge: {count} corners.', { count: now.ridge.length }) : t('No ridge is traced.');
        wipe.hidden = !now.ridge.length;
      };
    }

    let refresh = null;
    function write() {
      if (open !== null && !photoOf()) { show(null); return; }
      const { activeElement } = document;
      const focused = list.contains(activeElement) ? [...list.querySelectorAll('.entry')].indexOf(activeElement) : -1;
      heading.textContent = t('Photos');
      list.replaceChildren(...work.document.photos.map(row));
      if (focused >= 0 && list.children[focused]) list.children[focused].firstChild.focus();
      form.hidden = open === null;
      if (open === null) { form.replaceChildren(); built = null; return; }
      const key = JSON.stringify([open, geolocWords.language(), photoOf().features.map((one) => one.number)]);
      if (key !== built) refresh = buildForm();
      built = key;
      refresh();
      const covered = Boolean(photoOf().graphic) && !uncovered.has(photoOf().file);
      cover.hidden = !covered;
      holder.classList.toggle('is-covered', covered);
      image.alt = photoOf().caption || photoOf().file;
      writeMarks();
    }
    work.on('document', write);
    follow(() => { built = null; write(); });
    return { add };
  }

  return Object.freeze({ contentOf, make: make_ });
})();
