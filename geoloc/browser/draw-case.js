/*
 * The case that is being drawn in: its document, one history for every change to it, what is
 * chosen, and what the session judges of it. Knows nothing of the page; listeners do.
 */
const geolocCase = (() => {
  'use strict';

  const REST_MS = 15; // of the pointer, after which the session is asked
  const LATEST_MS = 150; // while it keeps moving, if the session answers so fast that it can follow
  const FAST_MS = 60;
  const DRAFT_MS = 800;
  const MOST_STEPS = 300;
  const NO_ORIGIN = 'not stated';
  const MEANINGS = { Point: ['near', 'bearing', 'mark'], LineString: ['along', 'bearing', 'mark'], Polygon: ['area', 'searched', 'mark'] };
  const FIRST_MEANING = { Point: 'mark', LineString: 'along', Polygon: 'area' };

  const kindOf = (geometry) => geometry.type.replace('Multi', '');
  const meanings = (geometry) => MEANINGS[kindOf(geometry)];

  /** Return a geometry as its lines: where each stands in it, and its corners [lon, lat]. */
  function linesOf({ type, coordinates: at }) {
    const rings = (polygon, before) => polygon.map((ring, index) => (
      { path: [...before, index], closed: true, hole: index > 0, corners: ring.slice(0, -1) }));
    return {
      Point: () => [{ path: [], closed: false, hole: false, corners: [at] }],
      LineString: () => [{ path: [], closed: false, hole: false, corners: at }],
      Polygon: () => rings(at, []),
      MultiPolygon: () => at.flatMap((polygon, index) => rings(polygon, [index])),
    }[type]();
  }

  /** Return the geometry with other corners for one of its lines. */
  function withCorners(geometry, path, corners) {
    const next = structuredClone(geometry);
    if (next.type === 'Point') [next.coordinates] = corners;
    else if (next.type === 'LineString') next.coordinates = corners;
    else {
      const polygon = next.type === 'Polygon' ? next.coordinates : next.coordinates[path[0]];
      polygon[path.at(-1)] = [...corners, corners[0]];
    }
    return next;
  }

  /** Return how many degrees of longitude and latitude a metre is there. */
  function metre([lon, lat]) {
    const step = 0.001;
    const wide = geolocEarth.distance([lon, lat], [lon + step, lat]);
    const high = geolocEarth.distance([lon, lat], [lon, lat + step]);
    return [step / wide, step / high];
  }

  const rounded = (point, digits = 7) => point.map((value) => Number(value.toFixed(digits)));

  /** Return the point so many metres off, in an azimuth clockwise from north; for drawing only. */
  function away(from, metres, azimuth) {
    const turn = azimuth * Math.PI / 180;
    const north = metres * Math.cos(turn);
    const middle = [from[0], from[1] + north / 2 * metre(from)[1]];
    const [wide, high] = metre(middle);
    return [from[0] + metres * Math.sin(turn) * wide, from[1] + north * high];
  }

  /** Return the azimuth from one point to another, 0 to below 360. */
  function azimuth(from, to) {
    const [wide, high] = metre([from[0], (from[1] + to[1]) / 2]);
    const turned = Math.atan2((to[0] - from[0]) / wide, (to[1] - from[1]) / high) * 180 / Math.PI;
    return (turned + 360) % 360;
  }

  /** Let a drawing say something else: what only its former meaning asks for goes. */
  function restate(drawing, means) {
    drawing.means = means;
    const mine = new Set(FIELDS[means]);
    Object.values(FIELDS).flat().filter((name) => !mine.has(name)).forEach((name) => delete drawing[name]);
    if (means === 'mark') delete drawing.origin;
    else drawing.origin = drawing.origin || NO_ORIGIN;
    return drawing;
  }

  function work(ask, opened) {
    const listeners = {};
    let { document: now } = opened;
    let saved = JSON.stringify(now);
    let version = opened.case ? opened.case.version : null;
    let past = [];
    let future = [];
    let merging = null; // what consecutive changes are one step of
    let chosen = null; // { index, path }
    let sketch = null;
    let judged = null;
    let asked = 0;
    let busy = false;
    let isFast = false;
    let judgeTimer = null;
    let waitingSince = null;
    let draftTimer = null;

    const on = (event, act) => { (listeners[event] = listeners[event] || []).push(act); };
    const fire = (event, ...more) => (listeners[event] || []).forEach((act) => act(...more));
    const isSaved = () => JSON.stringify(now) === saved;

    /** Return the drawings as they are seen now: with the sketch, and the shape being pulled. */
    function seen() {
      if (!sketch) return now.drawings;
      if (sketch.index === undefined) return [...now.drawings, fresh(sketch.geometry)];
      return now.drawings.map((drawing, index) => (
        index === sketch.index ? { ...drawing, ...sketch.change } : drawing));
    }

    /** Ask for the verdicts, one question at a time; what changed meanwhile is asked next. */
    async function judge() {
      clearTimeout(judgeTimer);
      waitingSince = null;
      asked += 1;
      if (busy) return;
      const mine = asked;
      busy = true;
      const begun = performance.now();
      const answer = await ask('judge', {
        drawings: seen(), photos: now.photos, geolocation: now.geolocation, language: geolocWords.language(),
      });
      busy = false;
      if (mine !== asked) { judge(); return; } // the answer is to what is no longer there
      if (!answer.ok) fire('refused', answer.error);
      else {
        judged = { ...answer, waited_ms: performance.now() - begun };
        isFast = judged.waited_ms < FAST_MS;
      }
      fire('judged');
    }

    function soon() {
      fire('asking');
      const at = performance.now();
      waitingSince = waitingSince ?? at;
      clearTimeout(judgeTimer);
      if (isFast && !busy && at - waitingSince > LATEST_MS) judge();
      else judgeTimer = setTimeout(judge, REST_MS);
    }

    function keep() {
      clearTimeout(draftTimer);
      draftTimer = setTimeout(async () => {
        if (isSaved()) return;
        const answer = await ask('keep', { document: now });
        if (answer.ok) fire('kept', answer.kept_at);
      }, DRAFT_MS);
    }

    function show(next) {
      now = next;
      sketch = null;
      if (chosen && chosen.index >= now.drawings.length) choose(null);
      fire('document');
      soon();
      keep();
    }

    /** Change the document; consecutive changes of the same thing are one step of the history. */
    function change(edit, thing = null) {
      const next = structuredClone(now);
      edit(next);
      if (JSON.stringify(next) === JSON.stringify(now)) return;
      if (!thing || thing !== merging) past = [...past, now].slice(-MOST_STEPS);
      merging = thing;
      future = [];
      show(next);
    }

    function step(from, to) {
      if (!from.length) return false;
      to.push(now);
      merging = null;
      show(from.pop());
      return true;
    }

    function choose(index, path = null) {
      const next = index === null || !now.drawings[index] ? null
        : { index, path: path || linesOf(now.drawings[index].geometry)[0].path };
      if (JSON.stringify(next) === JSON.stringify(chosen)) return;
      chosen = next;
      merging = null;
      fire('chosen');
    }

    /** Return a drawing of a new geometry, with as much of its form as is known. */
    function fresh(geometry, more = {}) {
      const before = now.drawings.findLast((drawing) => drawing.origin);
      const kind = { Point: geolocWords.t('Point'), LineString: geolocWords.t('Line'), Polygon: geolocWords.t('Area') }[kindOf(geometry)];
      const used = new Set(now.drawings.map((drawing) => drawing.name));
      let number = now.drawings.length + 1;
      while (used.has(`${kind} ${number}`)) number += 1;
      const drawing = {
        name: `${kind} ${number}`, means: FIRST_MEANING[kindOf(geometry)], geometry,
        origin: before ? before.origin : NO_ORIGIN, sources: [],
        drawn_on: new Date().toLocaleDateString('en-CA'), ...more,
      };
      if (state.author) drawing.author = state.author;
      if (drawing.means === 'mark') delete drawing.origin;
      return drawing;
    }

    function add(geometry, more) {
      change((next) => next.drawings.push(fresh(geometry, more)));
      choose(now.drawings.length - 1);
    }

    /** Set a field of a drawing; an empty one is left to its default. */
    function set(index, name, value) {
      change((next) => {
        const drawing = next.drawings[index];
        if (value === null || value === '') delete drawing[name];
        else drawing[name] = value;
      }, `${index}.${name}`);
    }

    /** Say something else of the place by the same shape; a line's bearing is its first stretch. */
    function mean(index, means) {
      change((next) => {
        const drawing = next.drawings[index];
        if (means === 'bearing' && drawing.geometry.type === 'LineString') {
          const [from, to] = drawing.geometry.coordinates;
          drawing.azimuth_deg = Number(azimuth(from, to).toFixed(1));
          drawing.geometry = { type: 'Point', coordinates: from };
        }
        restate(drawing, means);
        if (means === 'near' && !drawing.distance_m && !drawing.at_most_m) drawing.distance_m = 500;
        if (means === 'bearing' && drawing.azimuth_deg === undefined) drawing.azimuth_deg = 0;
        if (means === 'searched' && drawing.detection_probability === undefined) drawing.detection_probability = 0.5;
      });
    }

    function setCorners(index, path, corners, thing) {
      change((next) => {
        next.drawings[index].geometry = withCorners(next.drawings[index].geometry, path, corners);
      }, thing);
    }

    function remove(index) {
      choose(null);
      change((next) => next.drawings.splice(index, 1));
    }

    async function save(author, why, over = version) {
      const sent = now;
      state.author = author;
      const answer = await ask('save', { document: sent, version: over, author, why });
      if (answer.ok) {
        ({ version } = answer);
        saved = JSON.stringify(sent);
        fire('saved');
      }
      return answer;
    }

    /** Take another document in place of this one: a draft, or what another has saved. */
    function replace(document, theirs = null) {
      choose(null);
      past = [...past, now].slice(-MOST_STEPS);
      future = [];
      if (theirs) {
        version = theirs.case ? theirs.case.version : null;
        saved = JSON.stringify(document);
      }
      show(document);
      fire('saved');
    }

    const state = {
      opened, on, ask, judge, soon, change, choose, add, set, mean, setCorners, remove, save, replace, isSaved, fresh,
      author: opened.author || '',
      undo: () => step(past, future),
      redo: () => step(future, past),
      seen,
      get document() { return now; },
      get began() { return JSON.parse(saved); },
      get chosen() { return chosen; },
      get judged() { return judged; },
      get canUndo() { return past.length > 0; },
      get canRedo() { return future.length > 0; },
      get version() { return version; },
      /** Show a shape that is not finished, or null; the history does not hold it. */
      sketch(geometry) {
        sketch = geometry ? { geometry } : null;
        soon();
      },
      /** Show a drawing that is being pulled at. */
      pull(index, change_) {
        sketch = { index, change: change_ };
        fire('pulled', index);
        soon();
      },
    };
    return state;
  }

  // What the form asks for beside what every drawing has.
  const FIELDS = {
    area: ['sigma_m'],
    searched: ['detection_probability'],
    along: ['at_most_m', 'sigma_m'],
    near: ['distance_m', 'at_most_m', 'sigma_m', 'landmark_sigma_m'],
    bearing: ['azimuth_deg', 'seen_from', 'sigma_deg', 'landmark_sigma_m'],
    mark: [],
  };

  return Object.freeze({
    FIELDS, NO_ORIGIN, away, azimuth, kindOf, linesOf, meanings, metre, restate, rounded, withCorners, work,
  });
})();
