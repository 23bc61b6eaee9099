/*
 * The sheet that every map of ours is drawn on: the map, its legend, names that give way to each
 * other, and what must always be said of editions. Each page's own script follows it.
 */
const geolocSheet = (() => {
  'use strict';

  const { WORDS, make, makeSvg, said } = geolocWords;
  // Six hatches that stay apart without colour: path, size of its cell, turn in degrees. A
  // seventh place begins again with the first.
  const HATCHES = [
    ['M4 0V8', 8, 45], ['M4 0V8', 8, -45], ['M0 4H8', 8, 0], ['M4 0V8', 8, 0],
    ['M3.4 4a.6 .6 0 1 0 1.2 0a.6 .6 0 1 0-1.2 0', 8, 45], ['M5.5 0V11M0 5.5H11', 11, 45],
  ];
  // Which names give way where there is no room for all.
  const RANK = { 'districts': 1, 'police-districts': 2, 'provinces': 3 };
  const island = JSON.parse(document.getElementById('geoloc-island').textContent);

  const corner = ([lon, lat]) => [lat, lon];
  const box = ([west, south, east, north]) => L.latLngBounds([[south, west], [north, east]]);

  /** Make the map under the name that folium's own layers know it by. */
  function makeMap(panes, options) {
    const frame = document.querySelector('.folium-map');
    frame.id = island.map;
    frame.setAttribute('aria-label', `Map: ${island.title}`);
    const map = L.map(frame, {
      attributionControl: false, zoomSnap: 0.25, maxZoom: 16,
      maxBounds: box(island.reach), maxBoundsViscosity: 0.8, ...options,
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
    const show = () => { map.invalidateSize(false); fit(map, island.view); };
    show();
    map.setMinZoom(Math.min(map.getZoom(), map.getBoundsZoom(box(island.reach))));
    const watch = new ResizeObserver(show);
    watch.observe(map.getContainer());
    const stop = () => watch.disconnect();
    for (const sign of ['mousedown', 'wheel', 'keydown', 'touchstart']) {
      map.getContainer().addEventListener(sign, stop, { once: true, passive: true });
    }
    return stop;
  }

  function shape(geometry, pane, className, more) {
    return L.geoJSON(geometry, {
      interactive: false, pane, style: { className, fill: true, ...more },
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

  function nameLabel(layer, name) {
    const persian = layer.id === 'police-districts' || !name.name_fa
      ? null : make('span', { lang: 'fa', dir: 'rtl' }, name.name_fa);
    const classes = `of-${layer.id}${name.meant ? ' is-meant' : ''}`;
    const latin = layer.id === 'provinces' ? `${name.name} province` : name.name;
    return label(name.at, classes, make('span', {}, latin), persian);
  }

  /** Hide every name that would be cut off or touch one before it; numbers step aside first. */
  function declutter(map) {
    const frame = map.getContainer().getBoundingClientRect();
    const taken = [...document.querySelectorAll('#legend, #credit, .leaflet-control')]
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

  /** Add a row that switches a group of layers, and return its tick. */
  function legendRow(map, picture, group, ...text) {
    const tick = make('input', { type: 'checkbox' });
    tick.checked = true;
    tick.addEventListener('change', () => {
      group.forEach((part) => (tick.checked ? part.addTo(map) : part.remove()));
      declutter(map);
    });
    document.getElementById('legend').append(
      make('label', { class: 'row' }, tick, picture, make('span', {}, ...text)),
    );
    return tick;
  }

  function legendLines(map) {
    for (const layer of island.layers) {
      const lines = shape(layer.lines, 'lines', `line-${layer.id}`, { fill: false });
      lines.addTo(map);
      const picture = swatch(makeSvg('path', { d: 'M1 10H33', class: `line-${layer.id}` }));
      const note = layer.caveat ? make('small', {}, layer.caveat) : null;
      legendRow(map, picture, [lines], WORDS.layer[layer.id], ` (${layer.edition})`, note);
    }
  }

  const section = (title, ...children) => make('section', {}, make('h2', {}, title), ...children);

  /** Make a definition list of the pairs that have a value. */
  function pairs(...rows) {
    return make('dl', {}, ...rows.filter(([, value]) => value).flatMap(([term, value]) => [
      make('dt', {}, term), value instanceof Node ? make('dd', {}, value) : said('dd', value),
    ]));
  }

  function writeEditions() {
    const items = island.editions.map((edition) => make('li', {},
      said('b', edition.title), ` (${edition.id})`,
      edition.caveat ? make('p', { class: 'warning' }, `${WORDS.layer[edition.layer]} are ${edition.caveat}.`) : null,
      make('p', {}, `${edition.attribution}. Publisher: ${edition.publisher}. Valid on: ${edition.valid_on}. Licence: ${edition.licence}.`),
      make('code', {}, edition.url)));
    return section('Boundaries on this map', make('ul', { class: 'sources' }, ...items));
  }

  /** Put what must never be cropped off the map onto the map: caveats and attributions. */
  function writeCredit() {
    const caveats = island.editions.filter((edition) => edition.caveat)
      .map((edition) => make('b', {}, `${WORDS.layer[edition.layer]} are ${edition.caveat}`));
    const thanks = island.editions.map((edition) => edition.attribution).join('; ');
    document.getElementById('credit').append(...caveats, make('span', {}, `Lines: ${thanks}`));
  }

  /** Begin the page: an empty map with these panes, lowest first, and its credit. */
  function begin(panes, options) {
    document.title = island.title;
    const legend = document.getElementById('legend');
    // A phone, or a notebook's frame: the open legend would leave no map to see.
    legend.open = document.getElementById('stage').clientWidth > 640;
    const map = makeMap(panes, options);
    map.setView([0, 0], 5);
    drawPatterns();
    writeCredit();
    return map;
  }

  /** End the page: the panel's text, and names that stay clear of each other. */
  function finish(map, written) {
    const foot = make('footer', {}, `Made with geoloc ${island.version}. This page is one file and`
      + ' asks nothing of the network.');
    document.getElementById('panel').append(...written.filter(Boolean), writeEditions(), foot);
    map.on('zoomend resize', () => declutter(map));
    document.getElementById('legend').addEventListener('toggle', () => declutter(map));
    document.fonts.ready.then(() => declutter(map));
  }

  return Object.freeze({
    HATCHES, RANK, island, begin, box, cell, corner, declutter, finish, fit, keepFitted, label,
    legendLines, legendRoom, legendRow, nameLabel, pairs, section, shape, swatch,
  });
})();
