/*
 * The map that is drawn on: our own lines, what is claimed and what is likely, every drawing, and
 * terra-draw to draw and pull at them. Each ring of a drawing is a feature of terra-draw's, which
 * knows no holes; what is seen is drawn here.
 */
const geolocDrawMap = (() => {
  'use strict';

  const { follow, make, makeSvg, said, t } = geolocWords;
  const { away, azimuth, linesOf, rounded } = geolocCase;

  const SNAP_PIXELS = 10;
  const CELL = 0.02; // degrees, of the index of the lines that drawings snap to
  const MOST_PULLED = 400; // corners, above which a ring is only chosen, never pulled at
  const CLOSEST = 19;
  const KNOWN_ZOOM = 14;
  const DRAWN_WITH = { area: 'polygon', line: 'linestring', point: 'point', split: 'split', hole: 'hole', pair: 'pair' };
  const LAYERS = ['provinces', 'districts', 'police-districts'];
  const FROM_ZOOM = { 'provinces': 0, 'districts': 9, 'police-districts': 11 };

  /** Write the scale bar's `3 km` in the page's language. */
  function scaleWords(text) {
    const [length, unit] = text.split(' ');
    return unit === 'km' ? t('{km} km', { km: geolocWords.figures(length) }) : t('{metres} m', { metres: geolocWords.figures(length) });
  }

  const corner = ([lon, lat]) => [lat, lon];
  const point = (at) => [at.lng, at.lat];
  const drawnPrecision = (at) => rounded(at); // to a centimetre, as terra-draw is told

  /* Snapping */

  /** Index the stretches of the lines by the cells that they touch. */
  function segmentsOf(collections) {
    const cells = new Map();
    const put = (one, other) => {
      const [west, east] = [one[0], other[0]].sort((a, b) => a - b);
      const [south, north] = [one[1], other[1]].sort((a, b) => a - b);
      for (let x = Math.floor(west / CELL); x <= Math.floor(east / CELL); x += 1) {
        for (let y = Math.floor(south / CELL); y <= Math.floor(north / CELL); y += 1) {
          const key = `${x} ${y}`;
          if (!cells.has(key)) cells.set(key, []);
          cells.get(key).push([one, other]);
        }
      }
    };
    const walk = (at) => {
      if (typeof at[0][0] === 'number') at.slice(1).forEach((next, index) => put(at[index], next));
      else at.forEach(walk);
    };
    collections.flatMap(({ features }) => features).filter(({ geometry }) => geometry && geometry.type !== 'Point')
      .forEach(({ geometry }) => walk(geometry.coordinates));
    return cells;
  }

  /** Return the nearest place of the lines within reach of the pointer, a corner before a stretch. */
  function nearest(cells, event, project) {
    const [here, there] = [project(event.lng, event.lat), project(event.lng + CELL, event.lat + CELL)];
    const reach = Math.ceil(SNAP_PIXELS / Math.min(Math.abs(there.x - here.x), Math.abs(there.y - here.y)));
    if (reach > 6) return undefined; // so far out that anything would be near
    let best = null;
    const offer = (at, pixels, ease = 1) => {
      if (pixels <= SNAP_PIXELS && (!best || pixels * ease < best.rank)) best = { at, rank: pixels * ease };
    };
    const [column, row] = [Math.floor(event.lng / CELL), Math.floor(event.lat / CELL)];
    for (let x = column - reach; x <= column + reach; x += 1) {
      for (let y = row - reach; y <= row + reach; y += 1) {
        for (const [one, other] of cells.get(`${x} ${y}`) || []) {
          const [a, b] = [project(...one), project(...other)];
          offer(one, Math.hypot(a.x - here.x, a.y - here.y), 0.4); // a corner before the stretch that it ends
          const [wide, high] = [b.x - a.x, b.y - a.y];
          const share = ((here.x - a.x) * wide + (here.y - a.y) * high) / (wide ** 2 + high ** 2 || 1);
          if (share > 0 && share < 1) {
            const at = [one[0] + share * (other[0] - one[0]), one[1] + share * (other[1] - one[1])];
            offer(at, Math.hypot(a.x + share * wide - here.x, a.y + share * high - here.y));
          }
        }
      }
    }
    return best ? drawnPrecision(best.at) : undefined;
  }

  /* What lies on the map */

  const HATCHES = [['M4 0V8', 8, 45], ['M4 0V8', 8, -45], ['M0 4H8', 8, 0], ['M4 0V8', 8, 0]];

  function patterns() {
    const cells = HATCHES.map(([path, size, turn], index) => makeSvg('pattern', {
      id: `draw-hatch-${index}`, width: size, height: size, patternUnits: 'userSpaceOnUse', patternTransform: `rotate(${turn})`,
    }, makeSvg('path', { d: path, class: `hatch ink-${index}` })));
    const searched = makeSvg('pattern', { id: 'draw-searched', width: 12, height: 12, patternUnits: 'userSpaceOnUse' },
      makeSvg('path', { d: 'M3.5 3.5L8.5 8.5M8.5 3.5L3.5 8.5', class: 'searched-mark' }));
    return makeSvg('svg', { class: 'patterns', width: 0, height: 0, 'aria-hidden': 'true', focusable: 'false' },
      makeSvg('defs', {}, ...cells, searched));
  }

  const shape = (geometry, pane, className, more) => L.geoJSON(geometry, {
    interactive: false, pane, pointToLayer: (_, at) => L.circleMarker(at, { pane, radius: 5, className, interactive: false }),
    style: { className, fill: true, ...more },
  });

  /** Return the spot of a unit's name: the middle of its largest ring. */
  function spot(geometry) {
    const rings = linesOf(geometry).filter((line) => !line.hole).map((line) => L.polygon(line.corners.map(corner)));
    const largest = rings.reduce((most, ring) => {
      const size = (of) => { const b = of.getBounds(); return (b.getEast() - b.getWest()) * (b.getNorth() - b.getSouth()); };
      return size(ring) > size(most) ? ring : most;
    });
    return largest.getBounds().getCenter();
  }

  function anchor(at, className, pane, ...nodes) {
    const icon = L.divIcon({ html: make('div', { class: className }, ...nodes), className: 'anchor', iconSize: [0, 0] });
    return L.marker(at, { icon, interactive: false, keyboard: false, pane });
  }

  function make_(frame, work, tell) {
    const { opened } = work;
    const [west, south, east, north] = opened.box;
    const holder = make('div', { class: 'map', role: 'region' });
    const cross = make('div', { class: 'cross', hidden: '', 'aria-hidden': 'true' });
    const readout = make('div', { class: 'readout', dir: 'ltr', 'aria-hidden': 'true' });
    frame.append(holder, cross, patterns());
    follow(() => holder.setAttribute('aria-label', t('Map to draw on. Arrow keys move it; with a tool chosen, Enter adds the middle.')));
    const map = L.map(holder, { attributionControl: false, zoomSnap: 0.25, minZoom: 5, maxZoom: CLOSEST });
    for (const [index, name] of ['picture', 'lines', 'claimed', 'likely', 'drawn', 'chosen', 'names', 'marks', 'handles'].entries()) {
      map.createPane(name).style.zIndex = name === 'handles' ? 700 : 405 + 10 * index;
    }
    const scale = L.control.scale({ imperial: false });
    const writeScale = scale._updateScale;
    scale._updateScale = (part, text, ratio) => writeScale.call(scale, part, scaleWords(text), ratio);
    scale.addTo(map);
    const corners = L.control({ position: 'bottomleft' });
    corners.onAdd = () => readout;
    corners.addTo(map);
    const fit = ([w, s, e, n]) => map.fitBounds([[s, w], [n, e]], { animate: false, padding: [24, 24] });
    fit([west, south, east, north]);
    follow(() => scale._update());

    /* Lines, names and what is claimed */

    for (const layer of LAYERS) {
      if (opened.lines[layer]) shape(opened.lines[layer], 'lines', `line-${layer}`, { fill: false, smoothFactor: 1.2 }).addTo(map);
    }
    const units = LAYERS.flatMap((layer) => (opened.lines[layer] ? opened.lines[layer].features : [])
      .filter(({ geometry }) => geometry && geometry.type.includes('Polygon'))
      .map(({ properties, geometry }) => ({ layer, ...properties, geometry, at: spot(geometry) })));
    const names = L.layerGroup().addTo(map);

    /** Write the names that have room, the wider unit's first. */
    function writeNames() {
      names.clearLayers();
      const taken = [];
      const [zoom, view] = [map.getZoom(), map.getBounds()];
      const wanted = units.filter((unit) => zoom >= FROM_ZOOM[unit.layer] && view.contains(unit.at)
        && !(unit.layer === 'provinces' && zoom > 10.5));
      for (const unit of wanted.reverse()) {
        const words = geolocWords.rightToLeft() && unit.name_fa ? unit.name_fa : unit.name;
        const at = map.latLngToContainerPoint(unit.at);
        const [wide, high] = [words.length * 3.6 + 6, 9];
        if (taken.some(([x, y, w]) => Math.abs(x - at.x) < wide + w && Math.abs(y - at.y) < 2 * high)) continue;
        taken.push([at.x, at.y, wide]);
        names.addLayer(anchor(unit.at, `label of-${unit.layer}`, 'names', said('span', words)));
      }
    }
    map.on('moveend', writeNames);
    follow(writeNames);

    const places = [...new Set(opened.claims.map((claim) => (claim.codes || []).join(' ')).filter(Boolean))];
    places.forEach((codes, index) => {
      for (const unit of units.filter(({ code }) => codes.split(' ').includes(code))) {
        shape(unit.geometry, 'claimed', `claimed ink-${index % HATCHES.length}`, { fillColor: `url(#draw-hatch-${index % HATCHES.length})` }).addTo(map);
      }
    });

    const likely = L.layerGroup().addTo(map);
    function showLikely() {
      likely.clearLayers();
      const regions = work.judged && work.judged.area ? work.judged.area.regions : [];
      [...regions].sort((one, other) => other.mass - one.mass).forEach((region, depth) => (
        likely.addLayer(shape(region.geometry, 'likely', depth ? 'likely' : 'likely outermost'))));
    }
    work.on('judged', showLikely);

    /* Drawings, as they are seen */

    const drawn = L.layerGroup().addTo(map);
    const FILLS = { searched: { fillColor: 'url(#draw-searched)' } };

    function ringOf(from, metres) {
      return L.polygon(Array.from({ length: 72 }, (_, step) => corner(away(from, metres, 5 * step))), {
        pane: 'drawn', interactive: false, className: 'drawn clue-ring', fill: false,
      });
    }

    function lookOf(drawing, index) {
      const pane = work.chosen && work.chosen.index === index ? 'chosen' : 'drawn';
      const state = pane === 'chosen' ? ' is-chosen' : '';
      const base = `drawn means-${drawing.means}${state}`;
      const layers = [];
      const { geometry } = drawing;
      if (geometry.type === 'Point') {
        const from = geometry.coordinates;
        if (drawing.means === 'near') [drawing.distance_m, drawing.at_most_m].filter((m) => m > 0).forEach((metres) => layers.push(ringOf(from, metres)));
        if (drawing.means === 'bearing' && Number.isFinite(drawing.azimuth_deg)) {
          // Seen from the event, the event lies behind the landmark's azimuth.
          const turn = drawing.seen_from === 'landmark' ? drawing.azimuth_deg : drawing.azimuth_deg + 180;
          layers.push(L.polyline([corner(from), corner(away(from, 20000, turn))], { pane, interactive: false, className: 'drawn clue-ray' }));
        }
        layers.push(anchor(corner(from), `spot means-${drawing.means}${state}`, 'marks'));
      } else {
        layers.push(shape(geometry, pane, base, geometry.type === 'LineString' ? { fill: false } : FILLS[drawing.means]));
        // What people drew has a double line, which nothing that was computed has.
        layers.push(shape(geometry, pane, `drawn-inside means-${drawing.means}${state}`, { fill: false }));
      }
      const top = linesOf(geometry).flatMap((line) => line.corners).reduce((high, at) => (at[1] > high[1] ? at : high));
      layers.push(anchor(corner(top), `badge-at${state}`, 'marks', make('span', { class: 'badge of-drawing' }, geolocWords.figures(String(index + 1)))));
      return L.layerGroup(layers);
    }

    const looks = [];
    function showDrawn() {
      drawn.clearLayers();
      looks.length = 0;
      work.document.drawings.forEach((drawing, index) => {
        looks[index] = lookOf(drawing, index);
        drawn.addLayer(looks[index]);
      });
      showHandle();
    }
    work.on('pulled', (index) => {
      if (looks[index]) drawn.removeLayer(looks[index]);
      looks[index] = lookOf(work.seen()[index], index);
      drawn.addLayer(looks[index]);
    });

    /* The handle of a distance or a bearing */

    const handles = L.layerGroup().addTo(map);
    function showHandle() {
      handles.clearLayers();
      const { chosen } = work;
      const drawing = chosen && work.document.drawings[chosen.index];
      if (!drawing || drawing.geometry.type !== 'Point' || !['near', 'bearing'].includes(drawing.means)) return;
      const from = drawing.geometry.coordinates;
      const field = drawing.means === 'bearing' ? 'azimuth_deg' : (drawing.distance_m ? 'distance_m' : 'at_most_m');
      const back = drawing.seen_from === 'landmark' ? 0 : 180;
      const reach = geolocEarth.distance(from, point(map.containerPointToLatLng(map.latLngToContainerPoint(corner(from)).add([90, 0]))));
      const at = field === 'azimuth_deg' ? away(from, reach, (drawing.azimuth_deg || 0) + back) : away(from, drawing[field] || 500, 90);
      const icon = L.divIcon({ html: make('div', { class: 'handle' }), className: 'anchor is-handle', iconSize: [24, 24] });
      const handle = L.marker(corner(at), { icon, draggable: true, keyboard: false, pane: 'handles' });
      const read = () => {
        const to = point(handle.getLatLng());
        if (field === 'azimuth_deg') return { azimuth_deg: Number(((azimuth(from, to) + back) % 360).toFixed(1)) };
        return { [field]: Math.max(1, Math.round(geolocEarth.distance(from, to))) };
      };
      handle.on('drag', () => work.pull(chosen.index, read()));
      handle.on('dragend', () => { const [[name, value]] = Object.entries(read()); work.set(chosen.index, name, value); });
      handles.addLayer(handle);
      // Else terra-draw would take the pull for one of its own.
      L.DomEvent.on(handle.getElement(), 'pointerdown', L.DomEvent.stopPropagation);
    }
    map.on('zoomend', showHandle);

    /* Terra-draw */

    const cells = segmentsOf(['districts', 'police-districts'].map((layer) => opened.lines[layer]).filter(Boolean));
    let snaps = true;
    let exact = false; // a typed place is never moved to a line
    const snapping = { toCustom: (event, context) => (snaps && !exact ? nearest(cells, event, context.project) : undefined) };
    const INK = 'var(--drawn)';
    const PAPER = 'var(--sheet)';
    const point_ = (kind, width) => ({
      [`${kind}Color`]: PAPER, [`${kind}Width`]: width, [`${kind}OutlineColor`]: INK, [`${kind}OutlineWidth`]: 2, [`${kind}OutlineOpacity`]: 1,
    });
    const unseen = { fillOpacity: 0, outlineOpacity: 0, outlineWidth: 0, fillColor: INK, outlineColor: INK };
    const keys = { cancel: 'Escape', finish: 'End' };
    const now = (feature) => Boolean(feature.properties.currentlyDrawing);
    const sketching = {
      fillColor: INK, outlineColor: INK, fillOpacity: (feature) => (now(feature) ? 0.08 : 0), outlineWidth: (feature) => (now(feature) ? 2.5 : 0),
      ...point_('closingPoint', 5), ...point_('snappingPoint', 6), ...point_('coordinatePoint', 4),
    };
    const lining = {
      lineStringColor: INK, lineStringWidth: (feature) => (now(feature) ? 2.5 : 0), ...point_('closingPoint', 5), ...point_('snappingPoint', 6),
    };
    const pointerDistance = SNAP_PIXELS;
    const {
      TerraDraw, TerraDrawPolygonMode, TerraDrawLineStringMode, TerraDrawPointMode, TerraDrawSelectMode, TerraDrawModeUndoRedo,
    } = terraDraw;
    const spotStyle = { pointColor: INK, pointWidth: 0, pointOutlineColor: INK, pointOutlineWidth: 0 };
    const pulled = { midpoints: true, draggable: true, deletable: true, snappable: snapping };
    const modes = [
      new TerraDrawPolygonMode({ snapping, pointerDistance, keyEvents: keys, styles: sketching }),
      new TerraDrawPolygonMode({ modeName: 'hole', snapping, pointerDistance, keyEvents: keys, styles: sketching }),
      new TerraDrawPolygonMode({ modeName: 'outline', styles: unseen }),
      new TerraDrawLineStringMode({ snapping, pointerDistance, keyEvents: keys, styles: lining }),
      new TerraDrawLineStringMode({ modeName: 'split', pointerDistance, keyEvents: keys, styles: lining }),
      new TerraDrawPointMode({ styles: spotStyle, snapping }),
      new TerraDrawPointMode({ modeName: 'pair', styles: spotStyle }),
      new TerraDrawSelectMode({
        pointerDistance, keyEvents: null,
        flags: {
          polygon: { feature: { draggable: false, coordinates: pulled } },
          linestring: { feature: { draggable: false, coordinates: pulled } },
          point: { feature: { draggable: true } },
          outline: { feature: { draggable: false } },
        },
        styles: {
          selectedPolygonColor: INK, selectedPolygonFillOpacity: 0, selectedPolygonOutlineColor: INK, selectedPolygonOutlineWidth: 0,
          selectedLineStringColor: INK, selectedLineStringWidth: 0, selectedPointColor: INK, selectedPointWidth: 0, selectedPointOutlineColor: INK, selectedPointOutlineWidth: 0,
          ...point_('selectionPoint', 5), ...point_('midPoint', 3),
        },
      }),
    ];
    const adapter = new terraDrawLeafletAdapter.TerraDrawLeafletAdapter({ lib: L, map, coordinatePrecision: 7, minPixelDragDistanceDrawing: 8, minPixelDragDistanceSelecting: 4 });
    // The adapter would write a style element, which the page's policy refuses.
    adapter.createPaneStyleSheet = (name, above) => {
      const pane = map.getPane(String(name)) || map.createPane(String(name));
      pane.style.zIndex = above + 600;
      return { remove() {} };
    };
    // It would restyle what did not change a moment later, when it may be gone.
    const render = adapter.render.bind(adapter);
    adapter.render = (changes, styling) => {
      const { created, updated, deletedIds, unchanged } = changes;
      const isRestyling = !created.length && !updated.length && !deletedIds.length;
      if (!isRestyling) render(changes, styling);
      else if (unchanged.length) render({ ...changes, updated: unchanged, unchanged: [] }, styling);
    };
    let hands = null; // what terra-draw does on a click or a key, for those who have no pointer
    const register = adapter.register.bind(adapter);
    adapter.register = (callbacks) => { hands = callbacks; register(callbacks); };
    const draw = new TerraDraw({
      adapter, modes, undoRedo: { modeLevel: new TerraDrawModeUndoRedo() },
      idStrategy: { isValidId: (id) => typeof id === 'string', getId: (() => { let last = 0; return () => `t${last += 1}`; })() },
    });
    draw.start();
    draw.setMode('select');

    const idOf = (index, path) => [index, ...path].join(':');
    const placeOf = (id) => { const [index, ...path] = id.split(':').map(Number); return { index, path }; };
    const isOurs = (id) => /^\d+(:\d+)*$/.test(id);
    let known = new Map(); // id -> what terra-draw was given, to tell a pull from the rest
    let mine = false; // terra-draw hears from us, and we not from it

    function featuresOf(drawing, index) {
      return linesOf(drawing.geometry).map((line) => {
        const at = line.corners.map(drawnPrecision);
        const polygon = at.length > MOST_PULLED ? 'outline' : 'polygon';
        const geometry = line.closed ? { type: 'Polygon', coordinates: [[...at, at[0]]] }
          : { type: drawing.geometry.type, coordinates: drawing.geometry.type === 'Point' ? at[0] : at };
        const mode = { Point: 'point', LineString: 'linestring', Polygon: polygon }[geometry.type];
        return { id: idOf(index, line.path), type: 'Feature', geometry, properties: { mode } };
      });
    }

    /** Give terra-draw the document's rings, and keep what has not changed. */
    function sync() {
      mine = true;
      const wanted = new Map(work.document.drawings.flatMap(featuresOf).map((feature) => [feature.id, feature]));
      const text = (feature) => feature.properties.mode + JSON.stringify(feature.geometry);
      const gone = [...known.keys()].filter((id) => !wanted.has(id) || known.get(id) !== text(wanted.get(id)));
      const current = selectedId();
      if (current && gone.includes(current)) draw.deselectFeature(current);
      draw.removeFeatures(gone.filter((id) => draw.hasFeature(id)));
      const fresh = [...wanted.values()].filter((feature) => gone.includes(feature.id) || !known.has(feature.id));
      draw.addFeatures(fresh);
      known = new Map([...wanted].map(([id, feature]) => [id, text(feature)]));
      mine = false;
      if (tool === 'select') showChosen();
    }

    const selectedId = () => {
      const feature = draw.getSnapshot().find(({ properties }) => properties.selected);
      return feature ? feature.id : null;
    };

    function showChosen() {
      mine = true;
      const wanted = work.chosen ? idOf(work.chosen.index, work.chosen.path) : null;
      const current = selectedId();
      if (current !== wanted) {
        if (current) draw.deselectFeature(current);
        if (wanted && draw.hasFeature(wanted)) draw.selectFeature(wanted);
      }
      mine = false;
    }

    const cornersOf = (geometry) => ({
      Point: () => [geometry.coordinates], LineString: () => geometry.coordinates, Polygon: () => geometry.coordinates[0].slice(0, -1),
    }[geometry.type]());

    draw.on('select', (id) => { if (!mine && isOurs(id)) { const { index, path } = placeOf(id); work.choose(index, path); } });
    draw.on('deselect', () => { if (!mine && tool === 'select') work.choose(null); });
    draw.on('change', (ids, kind) => {
      if (mine) return;
      if (drawing) { showSketch(); return; }
      if (kind !== 'update') return;
      const mover = ids.find(isOurs);
      if (!mover) return;
      const { index, path } = placeOf(mover);
      const geometry = draw.getSnapshotFeature(mover).geometry;
      if (`${draw.getSnapshotFeature(mover).properties.mode}${JSON.stringify(geometry)}` === known.get(mover)) return;
      work.pull(index, { geometry: geolocCase.withCorners(work.document.drawings[index].geometry, path, kept(index, path, cornersOf(geometry))) });
    });

    /** Keep the corners that were not moved exactly as they stood. */
    function kept(index, path, corners) {
      const line = linesOf(work.document.drawings[index].geometry).find((one) => String(one.path) === String(path));
      return corners.map((at) => line.corners.find((old) => String(drawnPrecision(old)) === String(at)) || at);
    }

    draw.on('finish', (id, { action }) => {
      const feature = draw.getSnapshotFeature(id);
      if (action === 'draw') {
        const { geometry } = feature;
        // Terra-draw is still busy with it.
        queueMicrotask(() => {
          mine = true;
          if (draw.hasFeature(id)) draw.removeFeatures([id]);
          mine = false;
          finished(geometry);
        });
      } else if (isOurs(id)) {
        const { index, path } = placeOf(id);
        const corners = kept(index, path, cornersOf(feature.geometry));
        known.set(id, feature.properties.mode + JSON.stringify(feature.geometry));
        work.setCorners(index, path, corners);
      }
    });

    /* Tools */

    let tool = 'select';
    let drawing = null; // { done } of the tool that draws
    const toolListeners = [];

    const sketchNow = () => draw.getSnapshot().find(({ properties }) => properties.currentlyDrawing);
    const isDrawing = () => Boolean(sketchNow());

    function showSketch() {
      const feature = sketchNow();
      toolListeners.forEach((act) => act(tool));
      if (!feature || !['area', 'line'].includes(tool)) { work.sketch(null); return; }
      const corners = cornersOf(feature.geometry);
      const distinct = new Set(corners.map(String)).size;
      work.sketch(distinct >= (tool === 'area' ? 3 : 2) ? feature.geometry : null);
    }

    /** Take up a tool: `done` gets the geometry that it draws. */
    function use(wanted, done = null) {
      mine = true;
      const current = selectedId();
      if (current) draw.deselectFeature(current);
      tool = wanted;
      drawing = wanted === 'select' ? null : { done };
      draw.setMode(drawing ? DRAWN_WITH[wanted] : 'select');
      mine = false;
      work.sketch(null);
      cross.hidden = !drawing;
      holder.classList.toggle('is-pointing', Boolean(drawing));
      if (!drawing) showChosen();
      toolListeners.forEach((act) => act(tool));
    }

    function finished(geometry) {
      const done = drawing && drawing.done;
      use('select');
      if (done) done(geometry);
    }

    const eventAt = (at) => {
      const { x, y } = map.latLngToContainerPoint(corner(at));
      return { lng: at[0], lat: at[1], containerX: x, containerY: y, button: 'left', heldKeys: [], isContextMenu: false };
    };

    /** Add a corner where the tool's next click would be; a typed one is taken exactly. */
    function addCorner(at, typed = false) {
      const place = drawnPrecision(at);
      if (typed) {
        map.setView(corner(place), Math.max(map.getZoom(), KNOWN_ZOOM), { animate: false });
        // So near that no corner before it would be taken for the end of the line.
        const before = isDrawing() ? cornersOf(sketchNow().geometry) : [];
        const close = () => before.some((old) => String(old) !== String(place)
          && map.latLngToContainerPoint(corner(old)).distanceTo(map.latLngToContainerPoint(corner(place))) < 3 * SNAP_PIXELS);
        while (close() && map.getZoom() < CLOSEST) map.setZoom(map.getZoom() + 1, { animate: false });
      }
      exact = typed;
      hands.onClick(eventAt(place));
      exact = false;
      const feature = sketchNow();
      if (feature) {
        const count = feature.properties.committedCoordinateCount || cornersOf(feature.geometry).length;
        tell(t('Corner {count} at {place}.', { count, place: geolocEarth.decimal(place) }), true);
      }
    }

    const finish = () => hands.onKeyUp({ key: keys.finish, heldKeys: [], preventDefault() {} });
    function cancel() {
      if (isDrawing()) hands.onKeyUp({ key: keys.cancel, heldKeys: [], preventDefault() {} });
      else if (drawing) use('select');
      else work.choose(null);
    }

    holder.addEventListener('keydown', (event) => {
      if (event.target !== holder) return;
      if (event.key === 'Enter' && drawing) addCorner(point(map.getCenter()));
      else if (event.key === 'Backspace' && isDrawing()) draw.undo();
      else if (event.key === 'Escape' && !isDrawing()) cancel();
      else if (event.key === 'Delete' && tool === 'select' && work.chosen) {
        work.remove(work.chosen.index);
        tell(t('Deleted. Undo brings it back.'));
      }
      else return;
      event.preventDefault();
    });
    map.on('mousemove', (event) => { readout.textContent = `${geolocEarth.decimal(point(event.latlng))} ${t('(lat, lon)')}`; });

    /* Pairs with photos, places that were found, pictures */

    const pairs = L.layerGroup().addTo(map);
    function showPairs() {
      pairs.clearLayers();
      work.document.photos.forEach((photo, index) => photo.features.filter(({ lon }) => Number.isFinite(lon)).forEach((feature) => {
        const letter = work.document.photos.length > 1 ? String.fromCharCode(65 + index) : '';
        pairs.addLayer(anchor([feature.lat, feature.lon], 'pair-at', 'marks',
          make('span', { class: 'badge of-pair' }, `${letter}${geolocWords.figures(String(feature.number))}`)));
      }));
    }

    const marked = L.layerGroup().addTo(map);
    function mark(at) {
      marked.clearLayers();
      if (at) marked.addLayer(L.circleMarker(corner(at), { radius: 16, className: 'found-mark', pane: 'chosen', interactive: false, fill: false }));
    }
    function goTo(at, zoom = KNOWN_ZOOM) {
      map.setView(corner(at), Math.max(map.getZoom(), zoom), { animate: false });
      mark(at);
    }
    function showCorner(at) {
      mark(at);
      if (at && !map.getBounds().pad(-0.1).contains(corner(at))) map.panTo(corner(at), { animate: false });
    }
    function frameDrawing(index) {
      const bounds = L.geoJSON(work.document.drawings[index].geometry).getBounds();
      if (!map.getBounds().contains(bounds)) map.fitBounds(bounds.pad(0.3), { animate: false, maxZoom: Math.max(map.getZoom(), KNOWN_ZOOM) });
    }
    function addPicture({ picture, box: [w, s, e, n] }) {
      const overlay = L.imageOverlay(picture, [[s, w], [n, e]], { pane: 'picture', className: 'dropped', opacity: 0.8 }).addTo(map);
      fit([w, s, e, n]);
      return overlay;
    }

    work.on('document', () => { sync(); showDrawn(); showPairs(); });
    work.on('chosen', () => { showDrawn(); if (tool === 'select') showChosen(); mark(null); });
    sync();
    showDrawn();
    showPairs();
    new ResizeObserver(() => map.invalidateSize(false)).observe(holder);

    return {
      map, holder, use, finish, cancel, addCorner, goTo, showCorner, frameDrawing, addPicture, fit, units,
      isDrawing, middle: () => point(map.getCenter()), bounds: () => map.getBounds(),
      onTool: (act) => toolListeners.push(act),
      snap: (on) => { snaps = on; },
      undoCorner: () => { if (!isDrawing()) return false; draw.undo(); showSketch(); return true; },
      redoCorner: () => { if (!drawing || !draw.canRedo()) return false; draw.redo(); showSketch(); return true; },
      get tool() { return tool; },
    };
  }

  return Object.freeze({ make: make_ });
})();
