/*
 * The sheet that every map of ours is drawn on: the map, its legend, names that give way to each
 * other, and what must always be said of editions. Each page's own script follows it.
 */
const geolocSheet = (() => {
  'use strict';

  const {
    WORDS, follow, make, makeSvg, onLanguage, rightToLeft, said, t,
  } = geolocWords;
  // Six hatches that stay apart without colour: path, size of its cell, turn in degrees. A
  // seventh place begins again with the first.
  const HATCHES = [
    ['M4 0V8', 8, 45], ['M4 0V8', 8, -45], ['M0 4H8', 8, 0], ['M4 0V8', 8, 0],
    ['M3.4 4a.6 .6 0 1 0 1.2 0a.6 .6 0 1 0-1.2 0', 8, 45], ['M5.5 0V11M0 5.5H11', 11, 45],
  ];
  // Which names give way where there is no room for all.
  const RANK = { 'districts': 1, 'police-districts': 2, 'provinces': 3 };
  const island = JSON.parse(document.getElementById('geoloc-island').textContent);

  /** Fill an element with what `write` returns, now and in every other language. */
  function written(element, write) {
    follow(() => element.replaceChildren(...[write()].flat().filter((part) => part !== null && part !== '')));
    return element;
  }

  const corner = ([lon, lat]) => [lat, lon];
  const box = ([west, south, east, north]) => L.latLngBounds([[south, west], [north, east]]);

  /** Make the map under the name that folium's own layers know it by. */
  function makeMap(panes, options) {
    const frame = document.querySelector('.folium-map');
    frame.id = island.map;
    follow(() => frame.setAttribute('aria-label', t('Map: {title}', { title: island.title })));
    const map = L.map(frame, {
      attributionControl: false, zoomSnap: 0.25, maxZoom: 16,
      maxBounds: box(island.reach).pad(0.15), maxBoundsViscosity: 0.8, ...options,
    });
    window[island.map] = map;
    // Leaflet's own marker is an image file, and this page has no files beside it.
    L.Marker.prototype.options.icon = L.divIcon({ className: 'pin', iconSize: [14, 14] });
    for (const [index, name] of panes.entries()) {
      map.createPane(name).style.zIndex = 410 + 10 * index;
    }
    map.createPane('names').style.zIndex = 620;
    L.control.scale({ imperial: false }).addTo(map);
    return map;
  }

  /** Return how many pixels of the map's right side the open legend takes. */
  function legendRoom() {
    const legend = document.getElementById('legend');
    return getComputedStyle(legend).position === 'absolute' && legend.open ? legend.offsetWidth : 0;
  }

  /** Fit a box to the map, left of the legend if the legend would cover a corner of it. */
  function fit(map, wanted) {
    const legend = document.getElementById('legend');
    for (const right of new Set([28, 28 + legendRoom()])) {
      map.fitBounds(box(wanted), {
        animate: false, paddingTopLeft: [28, 28], paddingBottomRight: [right, 44],
      });
      const { x, y } = map.latLngToContainerPoint(box(wanted).getNorthEast());
      if (x < legend.offsetLeft || y > legend.offsetTop + legend.offsetHeight) return;
    }
  }

  /** Keep the whole view fitted through resizes, until somebody moves the map. */
  function keepFitted(map) {
    const show = () => {
      map.invalidateSize(false);
      map.setMinZoom(0);
      fit(map, island.view);
      map.setMinZoom(Math.min(map.getZoom(), map.getBoundsZoom(box(island.reach))));
    };
    show();
    const watch = new ResizeObserver(show);
    watch.observe(map.getContainer());
    const stop = () => watch.disconnect();
    map.once('taken', stop);
    for (const sign of ['mousedown', 'wheel', 'keydown', 'touchstart']) {
      map.getContainer().addEventListener(sign, stop, { once: true, passive: true });
    }
    return stop;
  }

  /** Draw a geometry; `about` is what an export of it says: its name, its kind and more. */
  function shape(geometry, pane, className, more, about) {
    return L.geoJSON(geometry, {
      interactive: false, pane, about, style: { className, fill: true, ...more },
    });
  }

  function drawPatterns() {
    const patterns = HATCHES.map(([path, size, turn], index) => makeSvg('pattern', {
      id: `hatch-${index}`, width: size, height: size, patternUnits: 'userSpaceOnUse',
      patternTransform: `rotate(${turn})`,
    }, makeSvg('path', { d: path, class: `hatch ink-${index}` })));
    document.getElementById('patterns').append(makeSvg('defs', {}, ...patterns));
  }

  function label(at, className, ...lines) {
    const html = make('div', { class: `label ${className}` }, ...lines);
    const icon = L.divIcon({ html, className: 'anchor', iconSize: [0, 0] });
    return L.marker(corner(at), { icon, interactive: false, keyboard: false, pane: 'names' });
  }

  /** Name a unit in both scripts, that of the page's language first. */
  function nameLabel(layer, name) {
    const isProvince = layer.id === 'provinces';
    const classes = `of-${layer.id}${name.meant ? ' is-meant' : ''}`;
    const text = written(make('div', {}), () => {
      const latin = make('span', { lang: 'en' }, isProvince ? `${name.name} province` : name.name);
      if (!name.name_fa) return latin;
      const persian = make('span', { lang: 'fa', dir: 'rtl' }, name.name_fa);
      if (rightToLeft()) return [persian, make('small', { lang: 'en' }, name.name)];
      return layer.id === 'police-districts' ? latin : [latin, persian];
    });
    return label(name.at, classes, text);
  }

  /** Hide every name that would be cut off or touch one before it; numbers step aside first. */
  function declutter(map) {
    const frame = map.getContainer().getBoundingClientRect();
    // On paper, everything else stands beside the map.
    const over = document.documentElement.classList.contains('is-printing')
      ? '.leaflet-control-scale' : '#legend, #credit, #card, .leaflet-control';
    const taken = [...document.querySelectorAll(over)]
      .map((part) => part.getBoundingClientRect());
    const free = (own) => own.left >= frame.left && own.right <= frame.right
      && own.top >= frame.top && own.bottom <= frame.bottom && taken.every((other) => (
      own.left > other.right || own.right < other.left
        || own.top > other.bottom || own.bottom < other.top
    ));
    for (const element of map.getPane('names').querySelectorAll('.label')) {
      const fits = element.matches('.numbers, .of-unit') ? [0, 20, -20].some((step) => {
        element.style.marginLeft = `${step}px`;
        return free(element.getBoundingClientRect());
      }) : free(element.getBoundingClientRect());
      element.classList.toggle('crowded', !fits);
      if (fits) taken.push(element.getBoundingClientRect());
    }
  }

  function swatch(...parts) {
    return makeSvg('svg', { class: 'swatch', viewBox: '0 0 34 20', 'aria-hidden': 'true' }, ...parts);
  }

  const cell = (className, more) => makeSvg('rect', {
    x: 1.5, y: 1.5, width: 31, height: 17, class: className, ...more,
  });

  const rows = [];
  const places = [];
  const remembered = [];
  /** Let the search find more: `{ names, kind, at or box, go }`, degrees in the order of GeoJSON. */
  const searchable = (entries) => { places.push(...entries); };
  /** Have a link to the view carry more: `read` gives text or null, `restore` takes it back. */
  const remember = (key, read, restore) => { remembered.push({ key, read, restore }); };
  let legendPart = null;

  /** Add to the legend, within the group that was begun last. */
  function legendNote(...nodes) {
    (legendPart || document.getElementById('legend')).append(...nodes);
  }

  /** Begin a group of rows, with one tick for all of them. */
  function legendGroup(write) {
    const tick = make('input', { type: 'checkbox' });
    const own = [];
    const words = written(make('span', {}), write);
    const part = make('fieldset', {}, make('legend', {}, make('label', {}, tick, words)));
    legendPart = Object.assign(part, { own, mark() {
      const on = own.filter((row) => row.tick.checked).length;
      tick.checked = on > 0;
      tick.indeterminate = on > 0 && on < own.length;
    } });
    tick.addEventListener('change', () => {
      const on = tick.checked; // each row's turn marks the tick anew
      own.forEach((row) => row.turn(on));
    });
    document.getElementById('legend').append(part);
    return part;
  }

  /** Add a row that switches a group of layers, and return its tick. `write` gives its words. */
  function legendRow(map, picture, group, write) {
    const tick = make('input', { type: 'checkbox' });
    const part = legendPart;
    const row = { tick, group, turn(on) {
      tick.checked = on;
      group.forEach((layer) => (on ? layer.addTo(map) : layer.remove()));
      if (part) part.mark();
      declutter(map);
      map.fire('legend');
    } };
    tick.checked = true;
    tick.addEventListener('change', () => row.turn(tick.checked));
    rows.push(row);
    legendNote(make('label', { class: 'row' }, tick, picture, written(make('span', {}), write)));
    if (part) {
      part.own.push(row);
      part.mark();
    }
    return tick;
  }

  function legendLines(map) {
    legendGroup(() => t('Boundaries'));
    for (const layer of island.layers) {
      const about = { name: layer.id, kind: 'line', edition: layer.edition };
      const lines = shape(layer.lines, 'lines', `line-${layer.id}`, { fill: false }, about);
      lines.addTo(map);
      const picture = swatch(makeSvg('path', { d: 'M1 10H33', class: `line-${layer.id}` }));
      legendRow(map, picture, [lines], () => [
        WORDS.layer[layer.id], ` (${layer.edition})`,
        layer.caveat ? make('small', {}, caveatWords(layer.caveat)) : null,
      ]);
    }
  }

  const section = (title, ...children) => make('section', {}, make('h2', {}, title), ...children);

  /** Make a definition list of the pairs that have a value. */
  function pairs(...rows) {
    return make('dl', {}, ...rows.filter(([, value]) => value).flatMap(([term, value]) => [
      make('dt', {}, term), value instanceof Node ? make('dd', {}, value) : said('dd', value),
    ]));
  }

  // The caveats that our own editions carry; any other stays in its publisher's words.
  function caveatWords(caveat) {
    return {
      'approximate, computed from labelled localities': t('approximate, computed from labelled localities'),
    }[caveat] || caveat;
  }

  const caveatOf = (edition) => t('{lines} are {caveat}', {
    lines: WORDS.layer[edition.layer], caveat: caveatWords(edition.caveat),
  });

  function writeEditions() {
    if (!island.editions.length) return null;
    const items = island.editions.map((edition) => make('li', {},
      said('b', edition.title), ` (${edition.id})`,
      edition.caveat ? make('p', { class: 'warning' }, `${caveatOf(edition)}.`) : null,
      make('p', {}, said('span', edition.attribution), '. ', t('Publisher:'), ' ', said('span', edition.publisher),
        '. ', t('Valid on:'), ' ', said('bdi', edition.valid_on), '. ', t('Licence:'), ' ', said('span', edition.licence), '.'),
      make('code', { dir: 'ltr' }, edition.url)));
    return section(t('Boundaries on this map'), make('ul', { class: 'sources' }, ...items));
  }

  /** Put what must never be cropped off the map onto the map: caveats and attributions. */
  function writeCredit() {
    const thanks = island.editions.map((edition) => edition.attribution).join('; ');
    const care = () => ({
      exact: t('Shown exactly: not to be published'), coarse: t('Shown no finer than 1 km'),
    }[island.care]);
    written(document.getElementById('credit'), () => [
      island.care ? make('b', {}, care()) : null,
      ...island.editions.filter((edition) => edition.caveat).map((edition) => make('b', {}, caveatOf(edition))),
      make('span', {}, t('Lines: {owners}', { owners: thanks })),
    ]);
  }

  /** Begin the page: an empty map with these panes, lowest first, and its credit. */
  function begin(panes, options) {
    document.title = island.title;
    document.getElementById('heading').textContent = island.title;
    const legend = document.getElementById('legend');
    written(legend.querySelector('summary'), () => t('Legend and layers'));
    // A phone, or a notebook's frame: the open legend would leave no map to see.
    legend.open = document.getElementById('stage').clientWidth > 640;
    const map = makeMap(panes, options);
    map.setView([0, 0], 5);
    drawPatterns();
    writeCredit();
    return map;
  }

  /** End the page: the panel's text, and names that stay clear of each other. */
  function finish(map, write) {
    written(document.getElementById('panel'), () => [
      ...write().filter(Boolean), writeEditions(),
      make('footer', {}, t('Made with geoloc {version}. This page is one file and asks nothing of the network.', { version: island.version })),
    ]);
    onLanguage(() => declutter(map));
    geolocTools.begin(map);
    geolocSaving.fitPaper(map);
    map.on('zoomend resize', () => declutter(map));
    document.getElementById('legend').addEventListener('toggle', () => declutter(map));
    document.fonts.ready.then(() => declutter(map));
    follow(() => {
      document.getElementById('stage').setAttribute('aria-label', t('Map and legend'));
      document.getElementById('panel').setAttribute('aria-label', t('What is known'));
    });
    // Only when the scripts that follow have added their layers too.
    document.addEventListener('DOMContentLoaded', () => geolocTools.restore());
  }

  return Object.freeze({
    HATCHES, RANK, island, begin, box, cell, corner, declutter, finish, fit, follow, keepFitted,
    label, legendGroup, legendLines, legendNote, legendRoom, legendRow, nameLabel, onLanguage,
    pairs, places, remember, remembered, rows, searchable, section, shape, swatch, written,
  });
})();
