/*
 * What people expect of a map: search, measuring, coordinates, a link to the view, full screen and
 * the language. Whatever is found or written comes from the page itself; nothing is asked of
 * anybody. Every tool works by key: Enter acts at the middle of the map.
 */
const geolocTools = (() => {
  'use strict';

  const {
    areaNumber, chooseLanguage, figures, language, languageChoice, make, metresWords, said, t,
  } = geolocWords;
  const {
    corner, box, declutter, fit, follow, island, places, remembered, rows, written,
  } = geolocSheet;

  const MOST = 12; // answers of a search
  const LEAST_VIEW = 0.16; // degrees, as the pages' own view
  const KNOWN_ZOOM = 13; // how near a spot without an extent is shown
  const byId = (id) => document.getElementById(id);
  let map = null;
  let tool = null; // the open one: { close, add, undo }

  function button(write, act, attributes) {
    const made = make('button', { type: 'button', ...attributes });
    written(made, write);
    made.addEventListener('click', act);
    return made;
  }

  /** Say something to the eye and to a screen reader, and be silent again. */
  function tell(words, quietly = false) {
    byId('told').textContent = words;
    byId('told').classList.toggle('unseen', quietly);
    clearTimeout(tell.timer);
    tell.timer = setTimeout(() => { byId('told').textContent = ''; }, 5000);
  }

  async function copy(text) {
    try {
      await navigator.clipboard.writeText(text);
      tell(t('Copied: {text}', { text }));
    } catch {
      // Without permission, as in a notebook's frame: let the reader copy it by hand.
      const field = make('input', { class: 'by-hand', readonly: '', 'aria-label': t('Copy this') });
      field.value = text;
      byId('told').replaceChildren(t('Copy this:'), ' ', field);
      field.select();
    }
  }

  /* Search */

  /**
   * Reduce words to what people mean by them: one case, no diacritics, one form for each letter
   * that Arabic, Persian and Pashto keyboards write differently, numbers apart from letters.
   */
  function folded(text) {
    return text.normalize('NFKD').replace(/[\p{M}\u0640\u200c-\u200f\u061c\u2066-\u2069]/gu, '').toLowerCase()
      .replace(/[\u0660-\u0669\u06f0-\u06f9]/g, (digit) => String(digit.codePointAt() & 15))
      .replace(/[يىېۍئ]/g, 'ی').replace(/ك/g, 'ک').replace(/ګ/g, 'گ').replace(/[ةۀ]/g, 'ه')
      .replace(/[أإآٱ]/g, 'ا').replace(/ؤ/g, 'و').replace(/ڼ/g, 'ن')
      .replace(/(\d)(?=\p{L})|(\p{L})(?=\d)/gu, '$&\u0020')
      .replace(/[^\p{L}\p{N}]+/gu, ' ').trim()
      .replace(/\b(?:police district|nahiya|nahiyah|nahia|p d)(?= |$)/g, 'pd')
      .replace(/(^| )(?:ناحیه|ناحیی)(?= |$)/g, '$1pd')
      .replace(/\b0+(?=\d)/g, '');
  }

  /** Tell how well an entry answers: 0 for exactly, null for not at all. A number must be whole. */
  function answers(wanted, text) {
    if (text === wanted.join(' ')) return 0;
    const words = text.split(' ');
    const fits = wanted.every((part) => words.some((word) => (/^\d+$/.test(part) ? word === part : word.startsWith(part))));
    if (!fits) return null;
    return text.startsWith(wanted[0]) ? 1 : 2;
  }

  function gather() {
    const kinds = {
      'provinces': () => t('Province'), 'districts': () => t('District'), 'police-districts': () => t('Police district'),
    };
    const units = island.layers.flatMap((layer) => layer.units.map((unit) => (
      { names: [unit.name, unit.name_fa], kind: kinds[layer.id], box: unit.box, also: layer.edition })));
    const claimed = (island.places || []).filter((place) => place.at).map((place) => (
      { names: [place.name], kind: () => t('Claimed place'), box: boxOf(place.units), at: place.at }));
    const incidents = (island.incidents || []).filter((incident) => incident.box).map((incident) => (
      { names: [incident.title, incident.date, incident.id], kind: () => t('Incident'), box: incident.box }));
    return [...places, ...claimed, ...incidents, ...units].map((entry) => (
      { ...entry, folded: entry.names.filter(Boolean).map(folded) }));
  }

  function boxOf(units) {
    const known = units.filter((unit) => unit.geometry).map((unit) => L.geoJSON(unit.geometry).getBounds());
    const bounds = known.reduce((all, one) => all.extend(one), L.latLngBounds([]));
    return bounds.isValid() ? [bounds.getWest(), bounds.getSouth(), bounds.getEast(), bounds.getNorth()] : null;
  }

  function find(entries, query) {
    const wanted = folded(query).split(' ').filter(Boolean);
    if (!wanted.length) return [];
    return entries.map((entry, order) => {
      const ranks = entry.folded.map((text) => answers(wanted, text)).filter((rank) => rank !== null);
      return ranks.length ? { entry, order, rank: Math.min(...ranks) } : null;
    }).filter(Boolean).sort((one, other) => one.rank - other.rank || one.order - other.order)
      .map(({ entry }) => entry);
  }

  /** Return a box grown to what a map may show: closer in, approximate lines would look exact. */
  function roomy([west, south, east, north]) {
    const [wide, high] = [east - west, north - south].map((size) => Math.max(0, LEAST_VIEW - size) / 2);
    return [west - wide, south - high, east + wide, north + high];
  }

  /** Go to what was found, and put a ring around it. */
  function show(entry, mark) {
    mark.clearLayers();
    map.fire('taken');
    if (entry.box) fit(map, roomy(entry.box));
    else map.setView(corner(entry.at), Math.max(map.getZoom(), KNOWN_ZOOM), { animate: false });
    const style = { className: 'found-mark', pane: 'tools', interactive: false, renderer: L.svg({ pane: 'tools' }) };
    mark.addLayer(entry.box ? L.rectangle(box(entry.box), style) : L.circleMarker(corner(entry.at), { ...style, radius: 16 }));
    if (entry.go) entry.go();
    tell(t('{name} is shown.', { name: entry.names[0] }));
  }

  /** Make a search field whose answers are chosen by arrow keys or by hand. */
  function searchField() {
    const mark = L.layerGroup().addTo(map);
    const field = make('input', {
      id: 'search', type: 'search', role: 'combobox', autocomplete: 'off', spellcheck: 'false', dir: 'auto',
      'aria-expanded': 'false', 'aria-controls': 'answers', 'aria-autocomplete': 'list',
    });
    const list = make('ul', { id: 'answers', role: 'listbox', hidden: '' });
    let entries = null;
    let shown = [];
    let at = -1;

    function open(found, more) {
      shown = found;
      at = -1;
      list.replaceChildren(...found.map((entry, index) => {
        const item = make('li', { id: `answer-${index}`, role: 'option', 'aria-selected': 'false' },
          said('b', entry.names[0]), entry.names[1] ? said('span', entry.names[1]) : null,
          make('small', {}, entry.kind(), entry.also ? ` · ${entry.also}` : ''));
        item.addEventListener('pointerdown', (event) => event.preventDefault()); // the field keeps the focus
        item.addEventListener('click', () => choose(index));
        return item;
      }));
      list.hidden = !found.length;
      field.setAttribute('aria-expanded', String(found.length > 0));
      field.removeAttribute('aria-activedescendant');
      if (field.value.trim()) tell(found.length ? t('{count} found', { count: found.length + more }) : t('Nothing on this page has that name.'), found.length > 0);
      else tell('');
    }

    function look() {
      entries = entries || gather();
      const found = find(entries, field.value);
      open(found.slice(0, MOST), Math.max(0, found.length - MOST));
    }

    function move(to) {
      if (!shown.length) return;
      at = (to + shown.length) % shown.length;
      [...list.children].forEach((item, index) => item.setAttribute('aria-selected', String(index === at)));
      list.children[at].scrollIntoView({ block: 'nearest' });
      field.setAttribute('aria-activedescendant', `answer-${at}`);
    }

    function choose(index) {
      const entry = shown[index];
      if (!entry) return;
      [field.value] = entry.names;
      open([], 0);
      show(entry, mark);
    }

    field.addEventListener('input', () => {
      mark.clearLayers();
      look();
    });
    field.addEventListener('focus', () => { if (field.value) field.select(); });
    field.addEventListener('blur', () => { list.hidden = true; field.setAttribute('aria-expanded', 'false'); });
    field.addEventListener('keydown', (event) => {
      const moves = { ArrowDown: at + 1, ArrowUp: at < 0 ? -1 : at - 1 };
      if (event.key in moves) {
        if (list.hidden) look();
        move(moves[event.key]);
        event.preventDefault();
      } else if (event.key === 'Enter') choose(Math.max(0, at));
      else if (event.key === 'Escape') {
        mark.clearLayers();
        field.value = '';
        open([], 0);
      }
    });
    follow(() => {
      field.placeholder = t('Search this page');
      field.setAttribute('aria-label', t('Search places, districts and incidents on this page'));
      list.setAttribute('aria-label', t('Answers'));
      open([], 0);
    });
    return make('div', { class: 'search', role: 'search' }, field, list);
  }

  /* Measuring and coordinates */

  /** Open a card on the map for a tool, or close it; clicks on the map are the tool's meanwhile. */
  function toggle(opener, begin) {
    const mine = tool && tool.opener === opener;
    if (tool) {
      tool.end();
      tool.opener.setAttribute('aria-expanded', 'false');
      tool = null;
    }
    const card = byId('card');
    card.replaceChildren();
    if (!mine) {
      tool = { opener, ...begin(card) };
      opener.setAttribute('aria-expanded', 'true');
      card.append(button(() => '✕', () => { toggle(opener); opener.focus(); }, { class: 'close', 'aria-label': t('Close') }));
    }
    card.hidden = !tool;
    byId('cross').hidden = !tool;
    map.getContainer().classList.toggle('is-pointing', Boolean(tool));
    map.doubleClickZoom[tool ? 'disable' : 'enable']();
    declutter(map);
  }

  const middle = () => map.getCenter();
  const point = (at) => [at.lng, at.lat];

  /** Give clicks and keys on the map to the open tool. */
  function hear() {
    map.on('click', (event) => { if (tool) tool.add(event.latlng); });
    map.getContainer().addEventListener('keydown', (event) => {
      if (!tool || event.target !== map.getContainer()) return;
      if (event.key === 'Enter') tool.add(middle());
      else if (event.key === 'Backspace' && tool.undo) tool.undo();
      else if (event.key === 'Escape') {
        const { opener } = tool;
        toggle(opener);
        opener.focus();
      } else return;
      event.preventDefault();
    });
  }

  function lengthWords(metres) {
    if (metres < 1000) return metresWords(Math.round(metres));
    return t('{km} km', { km: figures((metres / 1000).toFixed(metres < 10000 ? 3 : 2)) });
  }

  function squareWords(metres) {
    if (metres < 10000) return t('{area} m²', { area: areaNumber(Math.round(metres)) });
    const km2 = metres / 1e6;
    return t('{area} km²', { area: km2 < 10 ? figures(km2.toFixed(3)) : figures(km2.toFixed(1)) });
  }

  /** Measure along clicked points, and the area within them once the line is closed. */
  function measure(card) {
    const renderer = L.svg({ pane: 'tools' });
    const drawn = L.layerGroup().addTo(map);
    const points = [];
    let closed = false;
    const result = make('output', { id: 'measured' });

    function write() {
      drawn.clearLayers();
      const look = { renderer, pane: 'tools', interactive: false, className: 'measured' };
      if (points.length > 1) {
        drawn.addLayer((closed ? L.polygon : L.polyline)(points, { ...look, className: `measured${closed ? ' is-closed' : ''}`, fill: closed }));
      }
      points.forEach((at) => drawn.addLayer(L.circleMarker(at, { ...look, radius: 4, className: 'measured-point', fill: true })));
      const ring = points.map(point);
      const along = geolocEarth.length(closed ? [...ring, ring[0]] : ring);
      result.replaceChildren(...(points.length < 2 ? [t('{count} points', { count: points.length })] : [
        make('b', {}, closed ? t('Outline {length}', { length: lengthWords(along) }) : t('Length {length}', { length: lengthWords(along) })),
        closed ? make('b', {}, t('Area {area}', { area: squareWords(geolocEarth.area(ring)) })) : '',
      ]));
      result.dataset.metres = along;
      result.dataset.squareMetres = closed ? geolocEarth.area(ring) : '';
      close.disabled = points.length < 3 || closed;
      undo.disabled = clear.disabled = !points.length;
    }

    const actions = {
      add(at) {
        if (closed) points.length = 0;
        closed = false;
        points.push(at);
        write();
      },
      undo() {
        if (closed) closed = false;
        else points.pop();
        write();
      },
      end() { drawn.remove(); },
    };
    const close = button(() => t('Close the line'), () => { closed = true; write(); });
    const undo = button(() => t('Undo'), actions.undo);
    const clear = button(() => t('Clear'), () => { points.length = 0; closed = false; write(); });
    card.append(
      make('h2', {}, t('Measure')),
      make('p', { class: 'aside' }, t('Click points on the map, or press Enter on the map for its middle.')),
      result,
      make('p', { class: 'keys' }, button(() => t('Add the middle'), () => actions.add(middle())), undo, close, clear),
    );
    write();
    return actions;
  }

  /** Show where a click or the middle of the map is, in three ways of writing, each to copy. */
  function locate(card) {
    const renderer = L.svg({ pane: 'tools' });
    const drawn = L.layerGroup().addTo(map);
    const result = make('dl', { id: 'located' });
    let chosen = null;

    function write() {
      const at = point(chosen || middle());
      const ways = [
        [t('Decimal'), geolocEarth.decimal(at), t('latitude, longitude')],
        [t('Degrees'), geolocEarth.dms(at), t('latitude, longitude')],
        [t('MGRS'), geolocEarth.mgrs(at), t('1 m square')],
      ].filter(([, text]) => text);
      result.replaceChildren(...ways.flatMap(([name, text, note]) => [
        make('dt', {}, name, make('small', {}, note)),
        make('dd', {}, make('span', { dir: 'ltr' }, text), button(() => t('Copy'), () => copy(text), {
          'aria-label': t('Copy {name}: {text}', { name, text }),
        })),
      ]));
    }

    const add = (at) => {
      chosen = at;
      drawn.clearLayers().addLayer(L.circleMarker(at, { renderer, pane: 'tools', interactive: false, radius: 6, className: 'measured-point', fill: true }));
      byId('cross').hidden = true;
      write();
      tell(geolocEarth.decimal(point(at)));
    };
    const follows = () => { if (!chosen) write(); };
    map.on('move', follows);
    card.append(
      make('h2', {}, t('Coordinates')),
      make('p', { class: 'aside' }, t('Of the middle of the map, or of where you click.')),
      result,
      make('p', { class: 'keys' }, button(() => t('Use the middle'), () => {
        chosen = null;
        drawn.clearLayers();
        byId('cross').hidden = false;
        write();
      })),
    );
    write();
    return { add, end() { map.off('move', follows); drawn.remove(); } };
  }

  /** Show beside the scale where the pointer is. */
  function readout() {
    const control = L.control({ position: 'bottomleft' });
    const text = make('div', { class: 'readout', dir: 'ltr', 'aria-hidden': 'true' });
    control.onAdd = () => text;
    control.addTo(map);
    const write = (at) => { text.textContent = `${geolocEarth.decimal(point(at))} ${t('(lat, lon)')}`; };
    map.on('mousemove', (event) => write(event.latlng));
    map.on('mouseout', () => { text.textContent = ''; });
  }

  /* A link to the view */

  /** Write the view, what is switched off, the language and more as the part after the #. */
  function viewHash() {
    const { lng, lat } = middle();
    const off = rows.map((row, index) => (row.tick.checked ? null : index)).filter((index) => index !== null);
    const parts = { map: `${map.getZoom()}/${lat.toFixed(5)}/${lng.toFixed(5)}` };
    if (off.length) parts.off = off.join('.');
    parts.lang = language();
    for (const { key, read } of remembered) {
      const value = read();
      if (value !== null) parts[key] = value;
    }
    return `#${new URLSearchParams(parts)}`;
  }

  /** Bring back what a link says; whatever in it makes no sense is left alone. */
  function restore() {
    const parts = new URLSearchParams(window.location.hash.slice(1));
    chooseLanguage();
    if (!parts.has('map')) return;
    map.fire('taken');
    const off = (parts.get('off') || '').split('.');
    rows.forEach((row, index) => {
      if (row.tick.checked === off.includes(String(index))) row.turn(!row.tick.checked);
    });
    remembered.filter(({ key }) => parts.has(key)).forEach((each) => each.restore(parts.get(each.key)));
    const [zoom, lat, lon] = parts.get('map').split('/').map(Number);
    if ([zoom, lat, lon].every(Number.isFinite) && Math.abs(lat) <= 90) map.setView([lat, lon], zoom, { animate: false });
  }

  function copyLink() {
    const hash = viewHash();
    try {
      window.history.replaceState(null, '', hash);
    } catch {
      // A notebook's frame has no address to change.
    }
    copy(window.location.href.split('#')[0] + hash);
  }

  /* The row of tools */

  function menu(write, ...items) {
    const details = make('details', { class: 'menu' }, written(make('summary', {}), write), make('div', {}, ...items));
    const shut = () => { details.open = false; };
    details.addEventListener('keydown', (event) => {
      if (event.key !== 'Escape') return;
      shut();
      details.querySelector('summary').focus();
    });
    details.addEventListener('click', (event) => { if (event.target.closest('button')) shut(); });
    document.addEventListener('pointerdown', (event) => { if (!details.contains(event.target)) shut(); });
    return details;
  }

  function fullScreen() {
    const stage = byId('stage');
    return button(() => t('Full screen'), () => (
      document.fullscreenElement ? document.exitFullscreen() : stage.requestFullscreen()));
  }

  function skipLink() {
    const link = button(() => t('Skip the map'), () => byId('panel').focus(), { class: 'skip' });
    document.querySelector('main').prepend(link);
  }

  /** Put the tools above the map. */
  function begin(onMap) {
    map = onMap;
    map.createPane('tools').style.zIndex = 645;
    const opener = (write, start) => {
      const made = button(write, () => toggle(made, start), { 'aria-expanded': 'false', 'aria-controls': 'card' });
      return made;
    };
    const bar = byId('tools');
    bar.append(
      searchField(),
      languageChoice(),
      opener(() => t('Measure'), measure),
      opener(() => t('Coordinates'), locate),
      menu(() => t('Save and share'),
        button(() => t('Copy a link to this view'), copyLink),
        button(() => t('Save as GeoJSON'), () => geolocSaving.saveGeojson(map)),
        button(() => t('Save as KML'), () => geolocSaving.saveKml(map)),
        button(() => t('Save as picture (PNG)'), () => geolocSaving.savePicture(map).then(
          () => tell(t('The picture is saved.')), () => tell(t('This browser cannot draw the picture.')))),
        button(() => t('Print'), () => window.print())),
      document.fullscreenEnabled ? fullScreen() : '',
    );
    follow(() => {
      bar.setAttribute('aria-label', t('Tools of the map'));
      if (tool) toggle(tool.opener); // its card is written in the other language
    });
    bar.setAttribute('role', 'group');
    L.DomEvent.disableClickPropagation(byId('card'));
    skipLink();
    readout();
    hear();
    window.addEventListener('hashchange', restore);
  }

  return Object.freeze({ begin, find, folded, restore });
})();
