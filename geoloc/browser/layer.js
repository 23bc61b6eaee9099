/*
 * Draws the police districts of one edition: how sure each is, and what it rests on.
 *
 * Names in the island come from lists and news of other people: they become text nodes and
 * numbers, never markup, addresses or code. This script is the same on every page.
 */
(() => {
  'use strict';

  const { make, makeSvg, said, t, figures, rightToLeft, percent, metresWords, areaNumber, areaWords } = geolocWords;
  const {
    RANK, island, begin, cell, corner, declutter, finish, fit, keepFitted, label,
    legendGroup, legendLines, legendNote, legendRoom, legendRow, nameLabel, pairs, section, shape,
    swatch, written,
  } = geolocSheet;

  const ZONES = () => [
    ['core', t('Core'), t('a place here is in it with {share} or more', { share: percent(0.9) })],
    ['likely', t('Likely'), t('with {share} or more', { share: percent(0.5) })],
    ['extent', t('Possible'), t('with {share} or more', { share: percent(0.1) })],
  ];
  const PARTS = ['somewhere', 'extent', 'whole', 'likely', 'core']; // as drawn, lowest first
  const HATCHED = { extent: { fillColor: 'url(#hatch-zone)' }, somewhere: { fillColor: 'url(#hatch-zone)' } };
  const CLOSE = 13; // the zoom from which neighbourhoods have their names
  const COMPUTED = island.units.some((unit) => unit.shapes.extent);
  const FEW = 5; // localities below which a share of them says little

  const persian = (text) => (text ? make('span', { lang: 'fa', dir: 'rtl' }, text) : null);
  const kmWords = (km2) => (km2 === undefined ? t('none') : areaWords(km2));
  const drawn = (statement) => statement.at && !statement.doubt;

  /** Draw every zone of every unit once; `mark` says later how each looks. */
  function drawZones(map) {
    const groups = {};
    for (const part of PARTS) groups[part] = L.layerGroup();
    for (const unit of island.units) {
      unit.zones = Object.entries(unit.shapes).filter(([, geometry]) => geometry)
        .filter(([part]) => part !== 'whole' || !COMPUTED)
        .map(([part, geometry]) => [part, shape(geometry, part, `zone zone-${part}`, HATCHED[part])]);
      unit.zones.forEach(([part, layer]) => groups[part].addLayer(layer));
    }
    Object.values(groups).forEach((group) => group.addTo(map));
    return groups;
  }

  /** Let a click anywhere choose the unit that is the most probable answer there. */
  function drawGround(map, choose) {
    for (const unit of island.units.filter((each) => each.shapes.whole)) {
      L.geoJSON(unit.shapes.whole, { pane: 'ground', style: { className: 'ground' } })
        .on('click', () => choose(unit)).addTo(map);
    }
  }

  /** Set a path's class, whether it is on the map now or comes onto it later. */
  function dress(path, className) {
    path.options.className = className;
    const element = path.getElement && path.getElement();
    if (element) element.setAttribute('class', `${className}${path.options.interactive ? ' leaflet-interactive' : ''}`);
  }

  function markZones(chosen) {
    for (const unit of island.units) {
      const state = unit === chosen ? ' is-chosen' : '';
      for (const [part, layer] of unit.zones) {
        layer.eachLayer((path) => dress(path, `zone zone-${part}${state}`));
        if (state) layer.bringToFront();
      }
    }
  }

  /** Draw one spot for each position: full where a statement there draws the shapes. */
  function drawSpots() {
    const spots = new Map();
    for (const statement of island.statements.filter((each) => each.at)) {
      const key = statement.at.join(' ');
      spots.set(key, [...(spots.get(key) || []), statement]);
    }
    return [...spots.values()].map((statements) => {
      const className = statements.some(drawn) ? 'spot' : 'spot is-doubted';
      const spot = L.circleMarker(corner(statements[0].at), {
        pane: 'spots', className, bubblingMouseEvents: false,
      });
      spot.bindPopup(() => writePopup(statements), {
        maxWidth: 280, maxHeight: 260, autoPanPaddingTopLeft: [60, 12],
        autoPanPaddingBottomRight: [legendRoom() + 24, 60],
      });
      statements.forEach((statement) => { statement.spot = spot; });
      return { spot, className, statements };
    });
  }

  function writePopup(statements) {
    return make('div', {}, ...statements.map((statement) => make('section', {},
      make('p', {}, said('b', statement.name), ' ', persian(statement.name_fa)),
      make('p', {}, t('Labelled'), ' ', said('b', statement.label)),
      make('p', { class: 'aside' }, said('span', originWords(statement))),
      doubtWords(statement))));
  }

  function doubtWords(statement) {
    if (!statement.doubt) return null;
    return make('p', { class: 'doubt' }, t('Draws no shape:'), ' ', said('bdi', statement.doubt), '.');
  }

  const levelWords = (level) => ({ low: t('low'), medium: t('medium'), high: t('high') }[level] || level);

  function originWords(statement) {
    const near = statement.precision_m
      && t('position within about {distance}', { distance: metresWords(statement.precision_m) });
    return [statement.source, statement.date, near, statement.confidence && t('{level} confidence', { level: levelWords(statement.confidence) })]
      .filter(Boolean).join(' · ');
  }

  const told = (unit, ...reasons) => new Set(reasons.flatMap((reason) => (
    (unit && unit.reasons[reason]) || [])).map(([at]) => island.statements[at]));

  /** Show which spots speak for the chosen unit, and cross those that speak against it. */
  function markSpots(spots, crosses, chosen) {
    const own = told(chosen, 'rests_on', 'undrawn');
    const other = told(chosen, 'hawza', 'against', 'contradicted');
    crosses.clearLayers();
    for (const { spot, className, statements } of spots) {
      const supports = statements.some((each) => own.has(each));
      const opposes = statements.some((each) => other.has(each));
      dress(spot, `${className}${supports ? ' is-own' : ''}`);
      spot.supports = supports;
      if (!opposes) continue;
      const cross = make('span', { class: 'cross' }, '✕');
      crosses.addLayer(L.marker(spot.getLatLng(), {
        icon: L.divIcon({ html: cross, className: 'anchor', iconSize: [0, 0] }),
        interactive: false, keyboard: false, pane: 'crosses',
      }));
    }
  }

  /** Keep spots small from afar, where hundreds of them would hide the shapes. */
  function sizeSpots(map, spots) {
    const near = map.getZoom() >= CLOSE ? 2 : map.getZoom() >= CLOSE - 1.5 ? 1 : 0;
    spots.forEach(({ spot }) => spot.setRadius(spot.supports ? 4 + near / 2 : 2.2 + near / 1.5));
  }

  /** Name a unit by its code, in Dari and Pashto by its number in words. */
  const shortName = (unit) => (rightToLeft() && unit.name_fa) || unit.id;

  function unitLabel(unit) {
    const text = written(make('div', {}), () => [make('span', {}, shortName(unit) + (unit.shapes.somewhere ? t('?') : '')), unit.shapes.somewhere
      ? make('small', {}, t('somewhere in {district}', { district: unit.somewhere_in })) : null]);
    return label(unit.at, 'of-unit', text);
  }

  function localityLabel([statement]) {
    return label(statement.at, 'of-locality', said('span', statement.name), persian(statement.name_fa));
  }

  /** Write numbers first, then districts, then neighbourhoods: the last give way. */
  function drawNames(map, spots) {
    const names = island.layers.flatMap((layer) => layer.labels.map((name) => [layer, name]))
      .sort(([one], [other]) => RANK[one.id] - RANK[other.id])
      .map(([layer, name]) => nameLabel(layer, name));
    const sorted = [...spots].sort((one, other) => other.statements.some(drawn) - one.statements.some(drawn));
    const units = island.units.filter((unit) => unit.at);
    units.forEach((unit) => { unit.label = unitLabel(unit); });
    const parts = [...units.map((unit) => unit.label), ...names, ...sorted.map((spot) => localityLabel(spot.statements))];
    parts.forEach((part) => part.addTo(map));
    return parts;
  }

  function markNames(map, chosen) {
    for (const unit of island.units.filter((each) => each.label)) {
      const element = unit.label.getElement();
      if (!element) continue;
      element.firstChild.classList.toggle('is-meant', unit === chosen);
      // The first in the pane keeps its place when names meet.
      if (unit === chosen) element.parentNode.prepend(element);
    }
    declutter(map);
  }

  const zoneSwatch = (part) => swatch(cell(`zone zone-${part} is-chosen`, HATCHED[part] && { fill: HATCHED[part].fillColor }));

  function drawHatch() {
    document.getElementById('patterns').append(makeSvg('defs', {}, makeSvg('pattern', {
      id: 'hatch-zone', width: 7, height: 7, patternUnits: 'userSpaceOnUse', patternTransform: 'rotate(45)',
    }, makeSvg('path', { d: 'M3.5 0V7', class: 'hatch-zone' }))));
  }

  function legendZones(map, groups) {
    legendGroup(() => t('Police districts'));
    if (!COMPUTED) {
      legendRow(map, zoneSwatch('whole'), [groups.whole], () => [
        t('Police-district lines'), ' ', make('small', {}, t('the publisher\u2019s own'))]);
      return;
    }
    ZONES().forEach(([part], index) => {
      legendRow(map, zoneSwatch(part), part === 'extent' ? [groups.extent, groups.somewhere] : [groups[part]], () => {
        const [, name, words] = ZONES()[index];
        return [make('b', {}, name), make('small', {}, part === 'extent'
          ? t('{words}; shown for the chosen district', { words }) : words)];
      });
    });
    const all = make('input', { type: 'checkbox' });
    const frame = map.getContainer();
    all.addEventListener('change', () => frame.classList.toggle('has-all', all.checked));
    legendNote(make('label', { class: 'row of-row' }, all,
      written(make('span', {}), () => t('Possible parts of all districts'))));
  }

  function legendSpots(map, layers) {
    const dot = (x, className) => makeSvg('circle', { cx: x, cy: 10, r: 4, class: className });
    const count = island.statements.filter(drawn).length;
    if (!count) return;
    legendRow(map, swatch(dot(10, 'spot'), dot(25, 'spot is-doubted')), layers, () => [
      t('Labelled localities'),
      make('small', {}, t('full: drawn from, rural ones too; hollow: doubted')),
      make('small', {}, make('span', { class: 'cross-word' }, '✕'), ' ', t('speaks against the chosen district')),
      make('small', {}, t('moved to a grid of 200 m, or 1 km, so that no building shows')),
    ]);
  }

  function legendNames(map, parts) {
    const letters = swatch(makeSvg('text', { x: 17, y: 15, class: 'letters' }, 'Ab'));
    legendRow(map, letters, parts, () => [t('Names'), island.statements.length
      ? make('small', {}, t('neighbourhoods: zoom in')) : null]);
  }

  /** Say in plain words how left-out localities were told. */
  function leftOutWords(found) {
    const { localities: count, right, first_two: firstTwo, log_loss: loss } = found;
    const of = (share) => t('{some} of {count}', { some: Math.round(share * count), count });
    const blind = Math.log(island.units.filter((unit) => unit.shapes.whole).length + 1);
    return [
      count === 1 ? t('The one locality was hidden, and its label guessed from the others:')
        : t('Each of {count} localities was hidden in turn, and its label guessed from the others:', { count }),
      t('{right} guessed right, {either} with the first or second guess.', { right: of(right), either: of(firstTwo) }),
      t('Its true label was typically given {share} (log-loss {loss}; 0 is perfect, {blind} is blind guessing).', {
        share: percent(Math.exp(-loss)), loss: figures(loss.toFixed(2)), blind: figures(blind.toFixed(1)),
      }),
      count < FEW ? t('So few say little.') : '',
    ].filter(Boolean).join(' ');
  }

  const tag = (text) => make('span', { class: 'tag' }, text);

  /** Write one statement: what it says, who says it, and what is doubted about it. */
  function writeStatement(map, statement, unit, weighed) {
    const go = statement.spot ? make('button', { type: 'button', class: 'small', 'aria-label': t('Show {name} on the map', { name: statement.name }) }, t('Map')) : null;
    if (go) go.addEventListener('click', () => showSpot(map, statement));
    const other = !unit || statement.label !== unit.id;
    const placed = unit && weighed[1] && (other || weighed[1] !== unit.id);
    return make('li', {},
      make('p', { class: 'place' }, said('b', statement.name), persian(statement.name_fa), other ? tag(statement.label) : null, go),
      make('p', { class: 'aside' }, said('span', originWords(statement))),
      doubtWords(statement),
      placed ? make('p', { class: 'aside' }, t('At its place: {shares}.', { shares: shareWords(unit, weighed) })) : null,
      statement.note ? said('p', statement.note, { class: 'aside' }) : null,
      statement.left_out_p !== null && statement.left_out_top && statement.left_out_top !== statement.label
        ? make('p', { class: 'aside' }, t('Hidden, it was taken for {other} ({share}, its own label {own}).', {
          other: answerWords(statement.left_out_top), share: percent(statement.left_out_top_p), own: percent(statement.left_out_p),
        })) : null);
  }

  /** Write what the edition gives to a place: to this unit, and to the most probable answer. */
  function shareWords(unit, [membership, top, most]) {
    const own = `${unit.id} ${percent(membership)}`;
    return top === unit.id ? own : `${own}, ${answerWords(top)} ${percent(most)}`;
  }

  const answerWords = (answer) => (answer === 'no police district' ? t('no police district') : answer);

  function showSpot(map, statement) {
    map.getContainer().scrollIntoView({ block: 'nearest' });
    map.setView(corner(statement.at), Math.max(map.getZoom(), CLOSE), { animate: false });
    statement.spot.openPopup();
  }

  /** Write a list that can be folded away; nothing where it is empty. */
  function folded(title, items, open) {
    if (!items.length) return null;
    const details = make('details', { class: 'told' }, make('summary', {}, `${title} (${figures(String(items.length))})`),
      make('ul', { class: 'statements' }, ...items));
    details.open = open;
    return details;
  }

  function writeReasons(map, unit) {
    const lists = [
      ['rests_on', t('It is drawn from'), true],
      ['undrawn', t('Say so too, and draw nothing'), true],
      ['hawza', t('Police hawza of the same number, elsewhere'), true],
      ['against', t('Against it: labelled otherwise where it may be'), true],
      ['contradicted', t('Places of the same name, labelled otherwise'), false],
    ];
    return lists.map(([reason, title, open]) => folded(title, (unit.reasons[reason] || [])
      .map(([at, ...weighed]) => writeStatement(map, island.statements[at], unit, weighed)), open));
  }

  function writeZones(unit) {
    if (!unit.shapes.extent) {
      return unit.areas_km2.whole ? pairs([t('Area'), areaWords(unit.areas_km2.whole)], [t('Line'), sigmaWords(unit)]) : null;
    }
    const rows = ZONES().map(([part, name, words]) => make('tr', {},
      make('td', {}, zoneSwatch(part)), make('th', { scope: 'row' }, name),
      make('td', {}, kmWords(unit.areas_km2[part])), make('td', { class: 'aside' }, words)));
    return make('table', { class: 'zones' }, make('tbody', {}, ...rows));
  }

  const sigmaWords = (unit) => t('known to ±{distance} (1 σ)', { distance: metresWords(Math.round(unit.sigma_m)) });

  function writeWarnings(unit) {
    return [
      unit.ambiguous ? t('“{unit}” means two places.', { unit: unit.id }) : null,
      unit.somewhere_in ? t('No line is known: it lies somewhere in {district}, which is hatched whole.', { district: unit.somewhere_in }) : null,
      unit.shapes.extent && !unit.shapes.core ? t('It has no core: every place in it is contested.') : null,
    ].filter(Boolean).map((words) => make('p', { class: 'warning' }, words));
  }

  function statusWords(unit) {
    const rests = (unit.reasons.rests_on || []).length;
    const drawnFrom = rests === 1 ? t('drawn from one statement')
      : rests ? t('drawn from {count} statements', { count: rests }) : t('drawn from no statement');
    return [
      unit.confidence ? t('Confidence {level}', { level: levelWords(unit.confidence) }) : null,
      island.statements.length ? drawnFrom : null,
    ].filter(Boolean).join(t(', '));
  }

  function writeUnit(map, unit) {
    const shares = unit.shares.filter(([, share]) => share >= 0.05).slice(0, 5)
      .map(([other, share]) => `${answerWords(other)} ${percent(share)}`).join(t(', '));
    const narrow = make('button', { type: 'button', class: 'narrow' }, t('See it on the map'));
    narrow.addEventListener('click', () => map.getContainer().scrollIntoView());
    return [
      make('h2', { class: 'unit' }, said('span', unit.name), persian(unit.name_fa)),
      statusWords(unit) ? make('p', { class: 'grade' }, `${statusWords(unit)}.`) : null,
      ...writeWarnings(unit),
      unit.note ? said('p', unit.note) : null,
      writeZones(unit),
      pairs(
        [t('A place in its possible part is in'), shares],
        [t('Police hawza there'), unit.hawza.join(', ')],
        [t('How well it is told'), unit.left_out && leftOutWords(unit.left_out)],
      ),
      unit.at ? narrow : null,
      ...writeReasons(map, unit),
    ].filter(Boolean);
  }

  /** Write all units as a table, and the statements that draw none of them. */
  function writeAll(map) {
    const listed = (wanted) => island.statements.filter(wanted).map((each) => writeStatement(map, each));
    return [
      make('h2', {}, t('All police districts')),
      COMPUTED ? make('p', {}, t('In the gaps between the outlines no district reaches {share}: nobody can say which one holds a place there.', { share: percent(0.5) })) : null,
      island.left_out ? make('p', {}, leftOutWords(island.left_out)) : null,
      writeTable(),
      folded(t('Doubted: hollow on the map'), listed((each) => each.at && each.doubt), false),
      folded(t('Without a known position: not on the map'), listed((each) => !each.at), false),
    ].filter(Boolean);
  }

  function writeTable() {
    const parts = COMPUTED ? ZONES().map(([part, name]) => [part, name]) : [['whole', t('Area')]];
    const head = [t('PD'), t('Confidence'), ...parts.map(([, name]) => t('{name}, km²', { name })),
      COMPUTED ? t('Told right') : t('Line, σ')];
    const rows = island.units.map((unit) => {
      const told = unit.left_out && t('{some} of {count}', {
        some: Math.round(unit.left_out.right * unit.left_out.localities), count: unit.left_out.localities,
      });
      const cells = [unit.confidence ? levelWords(unit.confidence) : '', ...parts.map(([part]) => (
        unit.areas_km2[part] === undefined ? '–' : areaNumber(unit.areas_km2[part]))),
      COMPUTED ? told || '–' : metresWords(Math.round(unit.sigma_m))];
      return make('tr', {}, make('th', { scope: 'row' }, shortName(unit)), ...cells.map((text) => make('td', {}, text)));
    });
    return make('table', { class: 'all' },
      make('thead', {}, make('tr', {}, ...head.map((text) => make('th', { scope: 'col' }, text)))),
      make('tbody', {}, ...rows));
  }

  /** Make the picker: one stop of the Tab key, arrow keys choose. */
  function writePicker(choose, chosen) {
    const tile = (unit) => {
      const input = make('input', { type: 'radio', name: 'unit', value: unit ? unit.id : '' });
      input.checked = unit === chosen;
      input.addEventListener('change', () => choose(unit));
      if (unit) unit.input = input;
      return make('label', { class: 'tile' }, input, make('span', {}, unit ? shortName(unit) : t('All')));
    };
    return make('fieldset', { class: 'picker' }, make('legend', {}, t('Choose a police district, here or on the map')),
      tile(null), ...island.units.map(tile));
  }

  function writeHead(choose, chosen) {
    const [edition] = island.editions;
    return [
      make('header', {},
        make('p', { class: 'when' }, t('Edition {edition}, valid on {day}', { edition: edition.id, day: edition.valid_on })),
        said('h1', island.title),
        make('p', { class: 'warning' }, edition.caveat
          ? t('Approximate, computed from labelled localities. No line here is exact.')
          : t('Lines are known only as well as their σ says.'))),
      writePicker(choose, chosen),
    ];
  }

  function start() {
    const map = begin(['lines', ...PARTS, 'ground', 'spots', 'crosses'], { maxZoom: 15 });
    drawHatch();
    const frame = map.getContainer();
    const chosenPart = make('section', { id: 'chosen' });
    const status = make('p', { role: 'status', class: 'unseen' });
    const groups = drawZones(map);
    legendZones(map, groups);
    legendLines(map);
    const spots = drawSpots();
    const [dots, crosses] = [L.layerGroup(spots.map(({ spot }) => spot)).addTo(map), L.layerGroup().addTo(map)];
    const names = drawNames(map, spots);
    let current = null;
    const nearness = () => {
      frame.classList.toggle('is-close', map.getZoom() >= CLOSE);
      sizeSpots(map, spots);
    };

    function writeChosen() {
      chosenPart.replaceChildren(...(current ? writeUnit(map, current) : writeAll(map)));
    }

    function choose(unit) {
      stop();
      map.closePopup();
      current = unit;
      (unit ? unit.input : document.querySelector('.picker input')).checked = true;
      frame.classList.toggle('has-chosen', Boolean(unit));
      markZones(unit);
      markSpots(spots, crosses, unit);
      sizeSpots(map, spots);
      writeChosen();
      status.textContent = unit ? [unit.id, statusWords(unit)].filter(Boolean).join(': ') : t('All police districts');
      if (!unit || unit.box) fit(map, unit ? unit.box : island.view);
      markNames(map, unit);
    }

    legendSpots(map, [dots, crosses]);
    legendNames(map, names);
    drawGround(map, choose);
    const stop = keepFitted(map);
    nearness();
    map.on('zoomend', nearness);
    map.on('moveend', () => declutter(map));
    finish(map, () => {
      const head = writeHead(choose, current);
      writeChosen();
      return [...head, status, chosenPart,
        island.note ? section(t('How it was made'), said('p', island.note)) : null];
    });
    const wanted = island.units.find((unit) => `#${unit.id}` === window.location.hash);
    if (wanted) choose(wanted);
  }

  start();
})();
