/*
 * Draws a table of shapes on one canvas, and says of each what its row holds.
 *
 * Everything in the island may come from strangers: it becomes text nodes and numbers, never
 * markup, addresses or code.
 */
(() => {
  'use strict';

  const { make, said, t } = geolocWords;
  const {
    island, begin, box, cell, finish, fit, follow, keepFitted, legendLines, legendRow, pairs,
    searchable, swatch,
  } = geolocSheet;
  const NEAR = 8; // a click this many pixels from a point or line means it

  /** Read all corners, as `maps/arcs.py` writes them, onto Web Mercator of 256 by 256. */
  function readCorners() {
    const digits = new Uint8Array(128);
    for (let at = 0; at < island.letters.length; at++) digits[island.letters.charCodeAt(at)] = at;
    const base = island.letters.length / 2;
    const count = island.corners.reduce((sum, own) => sum + own, 0);
    const corners = new Float64Array(2 * count);
    const sums = [0, 0];
    for (let index = 0, at = 0; index < 2 * count; index++) {
      let [step, worth, digit] = [0, 1, base];
      while (digit >= base) {
        digit = digits[island.steps.charCodeAt(at++)];
        step += (digit % base) * worth;
        worth *= base;
      }
      sums[index % 2] += step % 2 ? -(step - 1) / 2 : step / 2;
      corners[index] = sums[index % 2] / island.per_deg;
    }
    for (let at = 0; at < corners.length; at += 2) {
      const north = Math.log(Math.tan((90 + corners[at + 1]) * (Math.PI / 360)));
      corners[at] = 256 * (corners[at] / 360 + 0.5);
      corners[at + 1] = 128 * (1 - north / Math.PI);
    }
    return corners;
  }

  const corners = readCorners();
  const starts = island.corners.reduce((all, own) => (all.push(all.at(-1) + own), all), [0]);

  /** Call `visit` with each corner of a path in turn, in pixels of the world; arcs share ends. */
  function follows(path, scale, visit) {
    path.forEach((name, index) => {
      const arc = name < 0 ? ~name : name;
      const [first, last] = [starts[arc], starts[arc + 1] - 1];
      const [from, to, step] = name < 0 ? [last, first, -1] : [first, last, 1];
      for (let at = index ? from + step : from; at !== to + step; at += step) {
        visit(scale * corners[2 * at], scale * corners[2 * at + 1], at === from || at === to);
      }
    });
  }

  const isPolygon = (part) => Array.isArray(part[0]);

  function edgesOf(parts) {
    const edges = [Infinity, Infinity, -Infinity, -Infinity];
    const widen = (x, y) => {
      edges[0] = Math.min(edges[0], x);
      edges[1] = Math.min(edges[1], y);
      edges[2] = Math.max(edges[2], x);
      edges[3] = Math.max(edges[3], y);
    };
    parts.forEach((part) => follows(isPolygon(part) ? part[0] : part, 1, widen));
    return edges;
  }

  const rows = island.shapes.map((parts) => ({ parts, edges: edgesOf(parts) }));

  /** Move a pen along a path, leaving out what is less than a pixel. */
  function draw(pen, path, scale) {
    let [x, y, begun] = [0, 0, false];
    follows(path, scale, (nextX, nextY, isEnd) => {
      if (begun && !isEnd && Math.abs(nextX - x) + Math.abs(nextY - y) < 1) return;
      if (begun) pen.lineTo(nextX, nextY);
      else pen.moveTo(nextX, nextY);
      [x, y, begun] = [nextX, nextY, true];
    });
  }

  const Shapes = L.Renderer.extend({
    _initContainer() {
      this._container = document.createElement('canvas');
      this._pen = this._container.getContext('2d');
      this._ink = getComputedStyle(document.documentElement).getPropertyValue('--ink').trim();
    },

    _destroyContainer() {
      this._container.remove();
      delete this._container;
    },

    _updatePaths() {},

    _update() {
      if (this._map._animatingZoom && this._bounds) return;
      L.Renderer.prototype._update.call(this);
      const { min, max } = this._bounds;
      const size = max.subtract(min);
      const sharp = L.Browser.retina ? 2 : 1;
      Object.assign(this._container, { width: sharp * size.x, height: sharp * size.y });
      Object.assign(this._container.style, { width: `${size.x}px`, height: `${size.y}px` });
      L.DomUtil.setPosition(this._container, min);
      const origin = this._map.getPixelOrigin();
      this._pen.setTransform(sharp, 0, 0, sharp, -sharp * (min.x + origin.x), -sharp * (min.y + origin.y));
      this._drawAll(min.add(origin), max.add(origin), 2 ** this._map.getZoom());
    },

    _drawAll(min, max, scale) {
      const pen = this._pen;
      Object.assign(pen, { fillStyle: this._ink, strokeStyle: this._ink, lineJoin: 'round' });
      const seen = rows.filter(({ edges: [west, north, east, south] }) => (
        scale * west < max.x + NEAR && scale * east > min.x - NEAR
          && scale * north < max.y + NEAR && scale * south > min.y - NEAR));
      const arcs = new Set();
      for (const { parts } of seen) {
        for (const part of parts) this._drawPart(part, scale, arcs);
      }
      // Lines that two shapes share are drawn once: twice, they would look heavier.
      pen.beginPath();
      arcs.forEach((arc) => draw(pen, [arc], scale));
      Object.assign(pen, { globalAlpha: 1, lineWidth: 1 }).stroke();
    },

    _drawPart(part, scale, arcs) {
      const pen = this._pen;
      pen.beginPath();
      if (isPolygon(part)) {
        part.forEach((ring) => {
          draw(pen, ring, scale);
          ring.forEach((name) => arcs.add(name < 0 ? ~name : name));
        });
        pen.globalAlpha = 0.1;
        pen.fill('evenodd');
      } else if (island.corners[part[0]] > 1) {
        draw(pen, part, scale);
        Object.assign(pen, { globalAlpha: 1, lineWidth: 3 }).stroke();
      } else {
        const at = 2 * starts[part[0]];
        pen.arc(scale * corners[at], scale * corners[at + 1], 5, 0, 2 * Math.PI);
        pen.globalAlpha = 0.35;
        pen.fill();
        Object.assign(pen, { globalAlpha: 1, lineWidth: 1 }).stroke();
      }
    },

    /** Return the number of the row that lies on top at a place, or -1. */
    rowAt(latlng) {
      const zoom = this._map.getZoom();
      const { x, y } = this._map.project(latlng, zoom);
      const scale = 2 ** zoom;
      return rows.findLastIndex(({ parts, edges: [west, north, east, south] }) => (
        scale * west < x + NEAR && scale * east > x - NEAR
          && scale * north < y + NEAR && scale * south > y - NEAR
          && parts.some((part) => (isPolygon(part) ? holds(part, x, y, scale) : isNear(part, x, y, scale)))));
    },
  });

  function holds(rings, x, y, scale) {
    let inside = false;
    for (const ring of rings) {
      let before = null;
      follows(ring, scale, (nextX, nextY) => {
        if (before && (before[1] > y) !== (nextY > y)
          && x < before[0] + ((y - before[1]) / (nextY - before[1])) * (nextX - before[0])) inside = !inside;
        before = [nextX, nextY];
      });
    }
    return inside;
  }

  function isNear(path, x, y, scale) {
    let [before, near] = [null, false];
    follows(path, scale, (nextX, nextY) => {
      const [from, to] = [L.point(before || [nextX, nextY]), L.point(nextX, nextY)];
      near = near || L.LineUtil.pointToSegmentDistance(L.point(x, y), from, to) <= NEAR;
      before = [nextX, nextY];
    });
    return near;
  }

  const nameOf = (row) => (island.name === null ? null : island.rows[row][island.name])
    || String(row + 1);

  function facts(row) {
    return make('div', {}, said('h2', nameOf(row)),
      pairs(...island.columns.map((column, index) => [column, island.rows[row][index]])
        .filter((pair, index) => index !== island.name)));
  }

  function boxOf({ edges: [west, north, east, south] }) {
    const degrees = (x, y) => L.CRS.EPSG3857.pointToLatLng(L.point(x, y), 0);
    const [first, last] = [degrees(west, south), degrees(east, north)];
    return [first.lng, first.lat, last.lng, last.lat];
  }

  function start() {
    // Closer in, lines would show how coarsely they are kept.
    const map = begin(['lines'], { maxZoom: island.closest });
    if (island.layers.length) legendLines(map);
    const stop = keepFitted(map);
    const shapes = new Shapes({ padding: 0.3 }).addTo(map);
    const popup = L.popup({ maxHeight: 300, minWidth: 200 });
    const show = (row, at) => popup.setLatLng(at).setContent(facts(row)).openOn(map);
    const rowAt = (latlng) => (map.hasLayer(shapes) ? shapes.rowAt(latlng) : -1);
    map.on('click', ({ latlng }) => {
      const row = rowAt(latlng);
      if (row >= 0) show(row, latlng);
    });
    map.on('mousemove', ({ latlng }) => {
      map.getContainer().style.cursor = rowAt(latlng) < 0 ? '' : 'pointer';
    });
    const picture = swatch(cell('', { 'fill': 'currentColor', 'fill-opacity': 0.15, 'stroke': 'currentColor' }));
    legendRow(map, picture, [shapes], () => [said('b', island.title)]);
    searchable(rows.flatMap((own, row) => (own.parts.length ? [{
      names: [nameOf(row)],
      kind: () => island.title,
      get box() { return boxOf(own); },
      go: () => {
        stop();
        fit(map, boxOf(own));
        show(row, box(boxOf(own)).getCenter());
      },
    }] : [])));
    finish(map, () => [
      make('header', {}, said('h1', island.title), make('p', {}, t('Choose one to see it on the map.'))),
    ]);
    if (!island.editions.length) {
      follow(() => document.getElementById('credit').replaceChildren(said('span', island.credit)));
    }
  }

  start();
})();
