/*
 * What comes onto the map other than by hand: coordinates typed or pasted in any notation, names,
 * and files. Nothing is taken without being listed and chosen.
 */
const geolocDrawEntry = (() => {
  'use strict';

  const { follow, make, said, t } = geolocWords;
  const { kindOf, meanings } = geolocCase;

  const REST_MS = 180;
  const MOST_LINES = 500; // pasted at once
  const MOST_LISTED = 1000; // features of a file

  /* Coordinates and names */

  function search(work, map, tell) {
    const { ask } = work;
    const input = make('input', {
      type: 'search', role: 'combobox', autocomplete: 'off', spellcheck: 'false', dir: 'auto',
      'aria-expanded': 'false', 'aria-controls': 'draw-answers', 'aria-autocomplete': 'list', maxlength: 5000,
    });
    const list = make('ul', { id: 'draw-answers', role: 'listbox', hidden: '' });
    let shown = [];
    let at = -1;
    let asked = 0;
    let timer = null;

    function open(found) {
      shown = found;
      at = -1;
      list.replaceChildren(...found.map((entry, index) => {
        const item = make('li', { id: `draw-answer-${index}`, role: 'option', 'aria-selected': 'false' }, said('b', entry.words), entry.more ? said('small', entry.more) : null);
        item.addEventListener('pointerdown', (event) => event.preventDefault()); // the field keeps the focus
        item.addEventListener('click', () => choose(index));
        return item;
      }));
      list.hidden = !found.length;
      input.setAttribute('aria-expanded', String(found.length > 0));
      input.removeAttribute('aria-activedescendant');
    }

    function move(to) {
      if (!shown.length) return;
      at = (to + shown.length) % shown.length;
      [...list.children].forEach((item, index) => item.setAttribute('aria-selected', String(index === at)));
      list.children[at].scrollIntoView({ block: 'nearest' });
      input.setAttribute('aria-activedescendant', `draw-answer-${at}`);
    }

    function choose(index) {
      const entry = shown[index];
      if (!entry) return;
      open([]);
      input.value = '';
      entry.act();
    }

    /** Return what can be done with a place that was read. */
    function forPlace(read) {
      const place = [read.lon, read.lat];
      const go = { words: t('Go to {place}', { place: geolocEarth.decimal(place) }), more: read.as, act: () => { map.goTo(place); map.holder.focus(); tell(t('{name} is shown.', { name: geolocEarth.decimal(place) }), true); } };
      const isTool = map.tool !== 'select';
      const put = isTool ? { words: t('Add {place} to what is drawn', { place: geolocEarth.decimal(place) }), more: read.as, act: () => { map.addCorner(place, true); input.focus(); } }
        : { words: t('Put a point at {place}', { place: geolocEarth.decimal(place) }), more: read.as, act: () => { map.goTo(place); work.add({ type: 'Point', coordinates: place }); } };
      return isTool ? [put, go] : [go, put];
    }

    function forPlaces(places) {
      const draw = (geometry) => { work.add(geometry); map.frameDrawing(work.document.drawings.length - 1); };
      const count = places.length;
      const line = { words: t('Draw a line through {count} places', { count }), act: () => draw({ type: 'LineString', coordinates: places }) };
      const ring = String(places[0]) === String(places.at(-1)) ? places : [...places, places[0]];
      const area = { words: t('Draw an area with {count} corners', { count: ring.length - 1 }), act: () => draw({ type: 'Polygon', coordinates: [ring] }) };
      const points = { words: t('Put {count} points', { count }), act: () => places.forEach((place) => draw({ type: 'Point', coordinates: place })) };
      const corners = { words: t('Add {count} corners to what is drawn', { count }), act: () => places.forEach((place) => map.addCorner(place, true)) };
      if (['area', 'line'].includes(map.tool)) return [corners];
      return ring.length > 3 ? [area, line, points] : [line, points];
    }

    async function look() {
      const text = input.value.trim();
      asked += 1;
      const mine = asked;
      if (!text) { open([]); return; }
      const [read, found] = await Promise.all([/\p{Nd}|\+/u.test(text) ? ask('read', { text }) : { ok: false }, ask('find', { text })]);
      if (mine !== asked) return;
      const names = found.ok && !read.ok ? found.candidates.map((one) => ({
        words: one.name, more: [one.kind, geolocEarth.decimal([one.lon, one.lat]), one.why].filter(Boolean).join(' · '),
        act: () => { map.goTo([one.lon, one.lat]); map.holder.focus(); tell(t('{name} is shown.', { name: one.name })); },
      })) : [];
      const all = [...read.ok ? forPlace(read) : [], ...names];
      open(all);
      tell(all.length ? t('{count} found', { count: all.length }) : (read.error || t('Nothing has that name.')), all.length > 0);
    }

    /** Read one place a line; a line that cannot be read is named, and nothing is taken. */
    async function lookAtLines(lines) {
      const places = [];
      for (const [index, text] of lines.entries()) {
        const read = await ask('read', { text });
        if (!read.ok) { tell(t('Line {number}: {error}', { number: index + 1, error: read.error })); return; }
        places.push([read.lon, read.lat]);
      }
      open(forPlaces(places));
      tell(t('{count} places read.', { count: places.length }), true);
    }

    input.addEventListener('input', () => { clearTimeout(timer); timer = setTimeout(look, REST_MS); });
    input.addEventListener('paste', (event) => {
      const lines = event.clipboardData.getData('text').split(/\r?\n/).map((line) => line.trim()).filter(Boolean);
      if (lines.length < 2) return;
      event.preventDefault();
      input.value = lines.join('; ').slice(0, 200);
      if (lines.length > MOST_LINES) tell(t('At most {count} lines can be pasted; drop a file instead.', { count: MOST_LINES }));
      else lookAtLines(lines);
    });
    input.addEventListener('blur', () => { list.hidden = true; input.setAttribute('aria-expanded', 'false'); });
    input.addEventListener('keydown', async (event) => {
      const moves = { ArrowDown: at + 1, ArrowUp: at < 0 ? -1 : at - 1 };
      if (event.key in moves) { move(moves[event.key]); event.preventDefault(); } else if (event.key === 'Enter') {
        event.preventDefault();
        if (!shown.length) { clearTimeout(timer); await look(); }
        choose(Math.max(0, at));
      } else if (event.key === 'Escape') { input.value = ''; open([]); }
    });
    follow(() => {
      input.placeholder = t('Coordinates or a name');
      input.setAttribute('aria-label', t('Coordinates in any notation, or a name'));
      list.setAttribute('aria-label', t('Answers'));
    });
    return make('div', { class: 'search', role: 'search' }, input, list);
  }

  /* Files */

  const flat = (at) => (typeof at[0] === 'number' ? at.slice(0, 2) : at.map(flat));

  /** Return a geometry from outside as those that a drawing can have. */
  function parts(geometry) {
    if (geometry.type === 'GeometryCollection') return geometry.geometries.flatMap(parts);
    const coordinates = flat(geometry.coordinates);
    if (geometry.type === 'MultiPoint' || geometry.type === 'MultiLineString') {
      return coordinates.map((one) => ({ type: geometry.type.slice(5), coordinates: one }));
    }
    return [{ type: geometry.type, coordinates }];
  }

  function files(root, work, map, photos, tell) {
    const { ask } = work;
    const chooser = make('input', { type: 'file', class: 'unseen', tabindex: -1, 'aria-hidden': 'true', accept: '.kml,.kmz,.geojson,.json,.gpx,.tif,.tiff,.gpkg,.zip,.fgb,.csv,.xlsx,.parquet' });
    const dialog = make('dialog', { class: 'take', 'aria-labelledby': 'draw-take' });
    root.append(dialog);

    const MEANT = () => ({
      area: t('It happened inside'), searched: t('Searched, not found'), along: t('It happened along it'), mark: t('Mark only'),
    });

    /** List what a file holds; the user says what is taken, and as what. */
    function list(name, answer, again) {
      const rows = [];
      const boxOf = (feature) => {
        const tick = make('input', { type: 'checkbox' });
        tick.disabled = !feature.geometry || feature.usable === false;
        rows.push({ tick, feature });
        const kind = feature.geometry ? { Point: t('Point'), LineString: t('Line'), Polygon: t('Area') }[kindOf(feature.geometry)] || feature.geometry.type : t('no shape');
        return make('li', {}, make('label', { class: 'tick' }, tick, make('span', {}, said('b', feature.name || t('without a name')), ' ', make('small', {}, kind),
          feature.drawing ? make('small', {}, ` · ${t('drawn in geoloc')}`) : null,
          feature.mended ? make('p', { class: 'told' }, t('Mended: its area changed by {change} m², to {area}.', { change: geolocWords.figures(Math.round(feature.mended.change_m2).toLocaleString('en-GB')), area: geolocWords.areaWords(feature.mended.area_km2) })) : null,
          feature.problem ? said('p', feature.problem, { class: 'told is-wrong' }) : null)));
      };
      const layers = answer.layers.map((layer) => make('section', {}, said('h3', layer.name || name),
        ...(layer.notes || []).map((note) => said('p', note, { class: 'aside' })),
        make('ul', {}, ...layer.features.slice(0, MOST_LISTED).map(boxOf)),
        layer.features.length > MOST_LISTED ? make('p', { class: 'told is-wrong' }, t('{count} more are not listed; split the file.', { count: layer.features.length - MOST_LISTED })) : null));
      const means = make('select', { id: 'draw-take-as' }, ...Object.entries(MEANT()).reverse().map(([value, words]) => make('option', { value }, words)));
      const take = make('button', { type: 'button', class: 'main' });
      const count = () => {
        const chosen = rows.filter(({ tick }) => tick.checked).length;
        take.textContent = t('Take {count}', { count: chosen });
        take.disabled = !chosen;
      };
      const all = make('button', { type: 'button' }, t('Choose all'));
      all.addEventListener('click', () => { rows.forEach(({ tick }) => { tick.checked = !tick.disabled; }); count(); });
      const features = answer.layers.flatMap((layer) => layer.features);
      const offer = (words, isOffered, change) => {
        if (!features.some(isOffered)) return '';
        const made = make('button', { type: 'button' }, words);
        made.addEventListener('click', () => { dialog.close(); again(change); });
        return made;
      };
      const mend = offer(t('Mend what can be mended'), (feature) => feature.mendable, { repair: true });
      const swap = offer(t('Swap latitude and longitude'), (feature) => feature.swapped, { swap: true });
      const cancel = make('button', { type: 'button' }, t('Cancel'));
      cancel.addEventListener('click', () => dialog.close());
      take.addEventListener('click', () => {
        const before = work.document.drawings.length;
        work.change((next) => rows.filter(({ tick }) => tick.checked).forEach(({ feature }) => {
          if (feature.drawing) { next.drawings.push(feature.drawing); return; }
          for (const geometry of parts(feature.geometry)) {
            const meant = meanings(geometry).includes(means.value) ? means.value : 'mark';
            const more = { means: meant, method: t('taken from {file}', { file: name }) };
            if (feature.name) more.name = feature.name;
            const drawing = work.fresh(geometry, more);
            if (!feature.name) drawing.name = `${drawing.name.replace(/\d+$/, '')}${next.drawings.length + 1}`;
            next.drawings.push(drawing);
          }
        }));
        dialog.close();
        const taken = work.document.drawings.length - before;
        if (taken) {
          work.choose(before);
          map.frameDrawing(before);
        }
        tell(t('{count} taken.', { count: taken }));
      });
      dialog.replaceChildren(make('h2', { id: 'draw-take' }, t('What {file} holds', { file: name })),
        ...(answer.notes || []).map((note) => said('p', note, { class: 'aside' })),
        ...layers, rows.length ? '' : make('p', {}, t('There is no shape in it.')),
        make('p', { class: 'field' }, make('label', { for: 'draw-take-as' }, t('They say')), means),
        make('p', { class: 'keys' }, take, all, mend, swap, cancel));
      dialog.addEventListener('change', count);
      count();
      dialog.showModal();
    }

    const IMAGE = /\.(jpe?g|png|webp|heic|heif)$/i;
    async function take(file, asked = {}) {
      if (IMAGE.test(file.name)) { photos.add(file); return; }
      tell(t('Reading {file} …', { file: file.name }));
      const answer = await ask('take', { ...asked, name: file.name, content: await geolocDrawPhoto.contentOf(file) });
      if (!answer.ok) { tell(answer.error); return; }
      if (answer.image) {
        const overlay = map.addPicture(answer.image);
        pictureRow(file.name, overlay, answer.notes || []);
        tell(t('{file} lies under the lines.', { file: file.name }));
      }
      if (answer.layers.length || !answer.image) list(file.name, answer, (more) => take(file, { ...asked, ...more }));
    }

    const pictures = make('div', { class: 'pictures' });
    function pictureRow(name, overlay, notes) {
      const slide = make('input', { type: 'range', min: 10, max: 100, step: 5, value: 80, 'aria-label': `${t('Strength of the background')}: ${name}` });
      slide.addEventListener('input', () => overlay.setOpacity(slide.value / 100));
      const gone = make('button', { type: 'button', 'aria-label': t('Take {file} off the map', { file: name }) }, '✕');
      const part = make('p', {}, said('span', name), slide, gone, ...notes.map((note) => said('small', note)));
      gone.addEventListener('click', () => { overlay.remove(); part.remove(); });
      pictures.append(part);
    }

    chooser.addEventListener('change', () => { [...chooser.files].forEach((file) => take(file)); chooser.value = ''; });
    root.addEventListener('dragover', (event) => { event.preventDefault(); root.classList.add('is-over'); });
    root.addEventListener('dragleave', (event) => { if (!root.contains(event.relatedTarget)) root.classList.remove('is-over'); });
    root.addEventListener('drop', (event) => {
      event.preventDefault();
      root.classList.remove('is-over');
      [...event.dataTransfer.files].forEach((file) => take(file));
    });
    return { button: [geolocDrawPanel.button(() => t('File …'), () => chooser.click()), chooser], pictures };
  }

  return Object.freeze({ files, search });
})();
