/*
 * Clues as they lie on the ground, and their ledger: what each strand of evidence brought.
 */
const geolocClues = (() => {
  'use strict';

  const { make, makeSvg, said, t, figures, percent, areaWords } = geolocWords;
  const {
    island, cell, corner, label, legendGroup, legendNote, legendRow, pairs, section, shape, swatch,
    written,
  } = geolocSheet;

  const MOST_BITS = 5; // told of a place that must not be found, as `maps.clues` says
  const BITS_SHOWN = 0.05; // less is told as nothing
  // How a part is filled; parts that are lines have no fill.
  const FILLS = { searched: { fillColor: 'url(#hatch-searched)' }, 'not-within': { fillColor: 'url(#hatch-searched)' } };
  const LINES = new Set(['ring', 'ray', 'axis', 'line', 'from']);
  const BANDS = new Set(['band', 'wedge']);
  // The part that stands for a clue in the legend, and where its number is written.
  const LEADING = ['landmark', 'drawn', 'searched', 'line', 'limit', 'ring', 'ray', 'axis', 'within', 'not-within', 'from', 'band'];

  function drawPatterns() {
    document.getElementById('patterns').append(makeSvg('defs', {}, makeSvg('pattern', {
      id: 'hatch-searched', width: 12, height: 12, patternUnits: 'userSpaceOnUse',
    }, makeSvg('path', { d: 'M3.5 3.5L8.5 8.5M8.5 3.5L3.5 8.5', class: 'hatch-searched' }))));
  }

  const triangle = () => makeSvg('svg', { class: 'landmark', viewBox: '0 0 16 16', 'aria-hidden': 'true' },
    makeSvg('path', { d: 'M8 2L15 14H1Z' }));

  function drawPart(entry, { part, name, geometry }) {
    if (part === 'landmark') {
      const icon = L.divIcon({ html: triangle(), className: 'anchor', iconSize: [16, 16] });
      return [L.marker(corner(geometry.coordinates), { icon, interactive: false, keyboard: false, pane: 'marks' })];
    }
    const about = { name: name || entry.says, kind: 'clue', number: entry.number, part, origin: entry.origin };
    const look = LINES.has(part) ? { fill: false } : FILLS[part];
    const drawn = shape(geometry, 'clues', `clue clue-${part}`, look, about);
    // What people drew has a double line, which nothing that was computed has.
    return part === 'drawn' ? [drawn, shape(geometry, 'clues', 'clue clue-drawn-inside', { fill: false })] : [drawn];
  }

  const leading = (entry) => LEADING.map((part) => entry.features.find((feature) => feature.part === part)).find(Boolean);

  /** Return where a clue's number is written: at its landmark, else at its northernmost corner. */
  function spot({ geometry }) {
    if (geometry.type === 'Point') return geometry.coordinates;
    const points = [];
    const gather = (value) => (typeof value[0] === 'number' ? points.push(value) : value.forEach(gather));
    gather(geometry.coordinates);
    return points.reduce((top, point) => (point[1] > top[1] ? point : top));
  }

  const badge = (entry) => make('span', { class: 'badge of-clue' }, figures(String(entry.number)));

  function numberLabel(entry) {
    return label(spot(leading(entry)), 'numbers at-clue', written(make('span', {}), () => badge(entry)));
  }

  /** Name each landmark once, however many clues are measured from it. */
  function landmarkNames() {
    const named = new Map();
    for (const { part, name, geometry } of island.clues.flatMap((entry) => entry.features)) {
      if (part === 'landmark' && name) named.set(`${geometry.coordinates} ${name}`, [geometry, name]);
    }
    return [...named.values()].map(([geometry, name]) => label(geometry.coordinates, 'of-landmark', said('span', name)));
  }

  const PICTURES = {
    landmark: () => makeSvg('path', { d: 'M17 4L23 16H11Z', class: 'landmark-mark' }),
    ring: () => makeSvg('circle', { cx: 17, cy: 10, r: 8, class: 'clue clue-ring' }),
    limit: () => makeSvg('circle', { cx: 17, cy: 10, r: 8, class: 'clue clue-limit' }),
    ray: () => makeSvg('path', { d: 'M3 17L31 3', class: 'clue clue-ray' }),
    axis: () => makeSvg('path', { d: 'M3 10H31', class: 'clue clue-axis' }),
    line: () => makeSvg('path', { d: 'M3 14Q12 4 18 10T31 7', class: 'clue clue-line' }),
  };

  function picture(entry) {
    const parts = new Set(entry.features.map((feature) => feature.part));
    const part = ['ring', 'limit', 'ray', 'axis', 'line', 'drawn', 'searched', 'within', 'not-within', 'landmark']
      .find((each) => parts.has(each));
    if (PICTURES[part]) return swatch(PICTURES[part]());
    const look = FILLS[part] ? { fill: FILLS[part].fillColor } : {};
    const inside = part === 'drawn' ? [cell('clue clue-drawn-inside')] : [];
    return swatch(cell(`clue clue-${part}`, look), ...inside);
  }

  /** Draw every clue that has a place, and give each its row in the legend. */
  function legend(map) {
    if (!island.clues.length) return;
    drawPatterns();
    const drawn = island.clues.filter((entry) => entry.features.length);
    if (!drawn.length) {
      legendNote(written(make('p', { class: 'aside' }), () => (island.incidents[0].coarse
        ? t('Clues are not drawn: they would lead to the place.') : t('Clues are not drawn: they have no outline.'))));
      return;
    }
    legendGroup(() => t('Clues'));
    const names = landmarkNames();
    for (const entry of drawn) {
      const parts = [...entry.features.flatMap((feature) => drawPart(entry, feature)), numberLabel(entry)];
      parts.forEach((part) => part.addTo(map));
      legendRow(map, picture(entry), parts, () => [badge(entry), ' ', said('span', entry.says)]);
    }
    names.forEach((name) => name.addTo(map));
    if (drawn.some((entry) => entry.features.some(({ part }) => BANDS.has(part)))) legendNote(written(make('p', { class: 'aside' }), () => t('Pale bands: ± one sigma, within which about two in three such observations fall.')));
  }

  const KINDS = () => ({
    Within: t('in a named area'), NotWithin: t('not in a named area'), Near: t('a distance'),
    Bearing: t('a direction'), Between: t('between two places'), Along: t('beside a line'),
    ElevationBetween: t('a height'), Raster: t('a kind of ground'), Drawn: t('an area drawn'),
    SameAs: t('where another incident happened'), Searched: t('a search that found nothing'),
  });

  function broughtWords(entry) {
    if (entry.bits < BITS_SHOWN) return t('nothing beside the others');
    if (island.incidents[0].coarse && entry.bits >= MOST_BITS) return t('5 bits or more: one bit halves the ground');
    return t('{bits} bits: one bit halves the ground', { bits: figures(String(entry.bits)) });
  }

  function areaWithoutWords(entry) {
    const [without, withIt] = [areaWords(entry.area_without_km2), areaWords(entry.area_km2)];
    if (entry.area_without_km2 === entry.area_km2) return t('{area}, and the same without it', { area: withIt });
    return t('{area}; without it {without}', { area: withIt, without });
  }

  function wrongWords(entry) {
    const words = percent(entry.wrong);
    return entry.wrong > 0.5 ? t('{share}: more likely wrong than right', { share: words }) : words;
  }

  function contradicted(entry) {
    const others = entry.against.map((number) => island.clues.find((other) => other.number === number));
    if (!others.length) return null;
    return make('p', { class: 'odds' }, make('b', {}, t('Contradicts:')), ' ', ...others.flatMap((other) => [
      badge(other), ' ', said('bdi', other.says || other.origin), ' ']));
  }

  function writeEntry(entry) {
    const what = entry.says ? said('p', t('It happened {clue}.', { clue: entry.says }))
      : make('p', {}, entry.kinds.map((kind) => KINDS()[kind]).join(', '));
    return make('li', { class: entry.wrong > 0.5 ? 'is-doubted' : '' },
      make('p', {}, badge(entry), ' ', said('b', entry.origin)), what,
      entry.says && !entry.features.length ? make('p', { class: 'aside' }, t('Not drawn: it has no outline of its own.')) : null,
      pairs(
        [t('Brought'), broughtWords(entry)],
        [t('95 % area'), areaWithoutWords(entry)],
        [t('Taken to be right with'), percent(entry.reliability)],
        [t('Wrong, given the rest'), wrongWords(entry)],
      ),
      contradicted(entry));
  }

  function writeLedger() {
    if (!island.clues.length) return null;
    return section(t('Clues, and what each brought'),
      make('p', { class: 'aside' }, t('Clues of one origin are right or wrong together, and count once.')),
      island.incidents[0].coarse ? make('p', { class: 'aside' }, t('Their words and places are left out here: they would lead to the place.')) : null,
      make('ol', { class: 'ledger' }, ...island.clues.map(writeEntry)));
  }

  return Object.freeze({ legend, writeLedger });
})();
