/*
 * Draws a finding, or a casebook, from the page's one data island.
 *
 * Everything in the island may come from strangers: it becomes text nodes and numbers, never
 * markup, addresses or code. This script is the same on every page, so its hash is too.
 */
(() => {
  'use strict';

  const {
    WORDS, make, makeSvg, said, percent, factorWords, dateWords, countWords, metresWords, areaWords,
    figures, t,
  } = geolocWords;
  const {
    HATCHES, RANK, island, begin, cell, finish, keepFitted, label, legendGroup, legendLines,
    legendNote, legendRow, nameLabel, pairs, section, shape, swatch, written,
  } = geolocSheet;

  const OVERVIEW = island.page === 'casebook';
  const MANY_ROWS = 8; // of the legend, from which on they scroll by themselves
  const FEW_CLAIMS = 3; // of one place, that are open at first sight
  const lettered = !OVERVIEW && island.places.length > HATCHES.length;

  /** Return a letter for a place where there are more of them than hatches. */
  const letterOf = (index) => (lettered ? make('span', { class: 'badge of-place' },
    `${index >= 26 ? String.fromCharCode(64 + Math.floor(index / 26)) : ''}${String.fromCharCode(65 + (index % 26))}`) : null);

  /** Make one layer of several, which the days shown can take out of its row's group. */
  function partOf(group, layers) {
    const part = L.layerGroup(layers);
    part.group = group;
    group.addLayer(part);
    return part;
  }

  const inkOf = (index) => `claimed ink-${index % HATCHES.length}`;
  const hatchOf = (index) => ({ fillColor: `url(#hatch-${index % HATCHES.length})` });

  /** Outline each claimed unit, and hatch it: fully where all units of the claim hold. */
  function drawPlace(place, index) {
    const about = { name: place.name, kind: 'claimed' };
    // Among the places of many incidents, only the part that counts is hatched.
    const around = place.shared && OVERVIEW ? { fill: false } : hatchOf(index);
    const partly = place.shared ? ' partly' : '';
    const units = place.units.filter((unit) => unit.geometry);
    return [
      ...units.map((unit) => shape(unit.geometry, 'claimed', inkOf(index) + partly, around, { ...about, unit: unit.name, edition: unit.edition })),
      ...place.shared ? [shape(place.shared, 'claimed', `${inkOf(index)} shared`, hatchOf(index), about)] : [],
      ...OVERVIEW ? [] : units.flatMap((unit) => drawZones(unit, index)),
    ];
  }

  /** Draw a vague unit's core and its possible part; its likely part is the outline itself. */
  function drawZones(unit, index) {
    const { core, extent } = unit.zones || {};
    const about = (zone) => ({ name: `${unit.name}, ${zone}`, kind: 'claimed', edition: unit.edition });
    return [
      core ? shape(core, 'claimed', `${inkOf(index)} of-core`, {}, about('core')) : null,
      extent ? shape(extent, 'claimed', `${inkOf(index)} of-extent`, { fill: false }, about('possible')) : null,
    ].filter(Boolean);
  }

  function placeSwatch(index) {
    return swatch(cell(inkOf(index), { fill: `url(#hatch-${index % HATCHES.length})` }));
  }

  function legendPlaces(map) {
    const drawn = island.places.map((place, index) => [place, index]).filter(([place]) => place.units.some((unit) => unit.geometry));
    if (!drawn.length) return;
    const part = legendGroup(() => t('Claimed'));
    if (drawn.length > MANY_ROWS) part.classList.add('is-long');
    drawn.forEach(([place, index]) => {
      const group = L.layerGroup().addTo(map);
      place.part = partOf(group, drawPlace(place, index));
      const at = lettered && place.at ? [label(place.at, 'numbers', letterOf(index))] : [];
      at.forEach((letter) => group.addLayer(letter));
      legendRow(map, placeSwatch(index), [group], () => [
        letterOf(index), t('Claimed:'), ' ', said('b', place.name),
        place.shared ? make('small', {}, OVERVIEW
          ? t('Hatched where all of these hold') : t('Dense where all of these hold')) : null,
      ]);
    });
    if (!OVERVIEW && drawn.some(([place]) => place.units.some((unit) => unit.zones))) legendZones();
  }

  function legendZones() {
    const zones = [['of-core', () => t('Core')], ['', () => t('Likely')], ['of-extent', () => t('Possible')]];
    const steps = zones.map(([className, write]) => make('span', { class: 'step' },
      swatch(cell(`claimed ink-4 ${className}`, className ? {} : { fill: 'url(#hatch-4)' })), written(make('span', {}), write)));
    legendNote(written(make('p', { class: 'aside' }), () => [t('Of a claimed police district, its line being unknown:')]),
      make('div', { class: 'steps' }, ...steps));
  }

  const located = () => island.incidents.filter((incident) => incident.area !== null);
  const idsOf = island.areas.map(() => []);
  for (const incident of located()) idsOf[incident.area].push(incident.id);

  function drawLikely(area, index) {
    const about = (region) => ({
      name: t('Likely area'), kind: 'likely', mass: region.mass, area_km2: region.area_km2,
      incidents: idsOf[index].join(' '),
    });
    if (island.crowded) return [drawCrowded(area.regions[0], about(area.regions[0]))];
    // The widest first, so that the nested regions add up to the deepest shade in the middle.
    const widest = area.regions.at(-1).geometry;
    return [
      ...[...area.regions].reverse().map((region, depth) => shape(
        region.geometry, 'likely', depth ? 'likely' : 'likely outermost', {}, about(region),
      )),
      // Its outline is seen through whatever is claimed there.
      ...['likely-casing', 'likely-edge'].map((className) => shape(widest, 'edge', className, { fill: false })),
    ];
  }

  let canvas = null;

  /** Draw one of very many areas: on a canvas, which knows no style sheet. */
  function drawCrowded(region, about) {
    canvas = canvas || L.canvas({ pane: 'likely' });
    const color = getComputedStyle(document.documentElement).getPropertyValue('--likely').trim();
    return L.geoJSON(region.geometry, {
      interactive: false, pane: 'likely', about, renderer: canvas,
      style: { color, weight: 1, fillColor: color, fillOpacity: 0.06, renderer: canvas },
    });
  }

  /** Say whose area is shaded: another incident's number may stand in the middle of it. */
  function whoseWords() {
    if (!OVERVIEW) return `, ${t('holding')}`;
    const numbers = located().map((incident) => island.incidents.indexOf(incident) + 1);
    return numbers.length > 6 ? ` ${t('of {count} incidents, holding', { count: numbers.length })}`
      : ` ${t('of incident {whose}, holding', { whose: figures(numbers.join(', ')) })}`;
  }

  function legendLikely(map) {
    const { areas } = island;
    if (!areas.length) return;
    legendGroup(() => t('Found from evidence'));
    const group = L.layerGroup().addTo(map);
    areas.forEach((area, index) => { area.part = partOf(group, drawLikely(area, index)); });
    const shown = areas[0].regions;
    const steps = shown.map((region, index) => make(
      'span', { class: 'step' },
      swatch(...Array.from({ length: shown.length - index }, (_, deep) => cell(deep ? 'likely' : 'likely outermost'))),
      written(make('span', {}), () => `${percent(region.mass)}${areas.length === 1 ? ` · ${areaWords(region.area_km2)}` : ''}`),
    ));
    const picture = swatch(cell('likely outermost'), cell('likely'), cell('likely'));
    legendRow(map, picture, [group], () => [make('b', {}, t('Likely area')), whoseWords()]);
    legendNote(make('div', { class: 'steps' }, ...steps));
    if (island.care === 'coarse') legendNote(written(make('p', { class: 'aside' }), () => t('Squares of 1 km: no finer is shown.')));
  }

  /** Write numbers and names; return the group of the numbers, which follow the days shown. */
  function legendNames(map) {
    const numbers = L.layerGroup(OVERVIEW ? geolocCasebook.numberLabels(map) : []).addTo(map);
    const rank = ([layer, name]) => (name.meant ? 0 : RANK[layer.id]);
    const names = island.layers.flatMap((layer) => layer.labels.map((name) => [layer, name]))
      .sort((one, other) => rank(one) - rank(other))
      .map(([layer, name]) => nameLabel(layer, name));
    names.forEach((part) => part.addTo(map));
    const letters = swatch(makeSvg('text', { x: 17, y: 15, class: 'letters' }, 'Ab'));
    legendRow(map, letters, [numbers, ...names], () => [t('Names')]);
    return numbers;
  }

  function writeHead(incident) {
    const time = incident.time ? `${incident.time} (${t('Kabul time')})` : null;
    return make('header', {},
      said('p', [dateWords(incident.date), time].filter(Boolean).join(', '), { class: 'when' }),
      said('h1', incident.title),
      incident.date_note ? said('p', incident.date_note, { class: 'aside' }) : null,
      said('p', incident.summary));
  }

  const careWords = () => (island.care === 'exact'
    ? t('Shown as exactly as it was found: this page can lead to the people there. Do not publish it.')
    : t('Shown no finer than 1 km, so that this page leads to nobody’s home.'));

  function writeStatus(incident) {
    const { status, reason } = incident.geolocation;
    const area = incident.area === null ? null : island.areas[incident.area].regions.at(-1);
    return make('section', { class: `box status-${status}` },
      make('h2', {}, t('Where it happened')),
      make('p', { class: 'grade' }, WORDS.status[status]),
      said('p', reason),
      island.care ? make('p', { class: 'warning' }, careWords()) : null,
      area ? make('p', { class: 'aside' },
        t('The shaded area is computed by geoloc from the findings below that say something about the place; nobody drew it.'), ' ',
        incident.coarse ? t('At least {share} of the probability lies within {area}, drawn as squares of 1 km.', { share: percent(area.held), area: areaWords(area.area_km2) })
          : t('{share} of the probability lies within {area}. Nothing more exact is shown.', { share: percent(area.held), area: areaWords(area.area_km2) })) : null,
      area ? null : make('p', {}, make('b', {}, t('No claimed place can be assessed:')), ' ',
        t('there is no area found from other evidence to hold it against.')));
  }

  /** Draw probability, interval and prior on one line from 0 to 100 %. */
  function gauge(verdict) {
    const at = (share) => 2 + 96 * share;
    const [low, high] = verdict.interval;
    const words = t('Probability {share}, interval {low} to {high}, before any evidence {prior}', {
      share: percent(verdict.probability), low: percent(low), high: percent(high), prior: percent(verdict.prior),
    });
    return makeSvg('svg', { class: 'gauge', viewBox: '0 0 100 7', role: 'img', 'aria-label': words },
      makeSvg('path', { class: 'rail', d: 'M2 4H98M2 2.5V5.5M50 2.5V5.5M98 2.5V5.5' }),
      makeSvg('path', { class: 'before', d: `M${at(verdict.prior)} 1V7` }),
      makeSvg('path', { class: 'span', d: `M${at(low)} 4H${at(high)}` }),
      makeSvg('circle', { class: 'found', cx: at(verdict.probability), cy: 4, r: 1.6 }));
  }

  /** Write a value with what it means in plain words below it. */
  const explained = (value, words) => make('span', {}, value, make('small', {}, words));

  const lengthWords = (metres, coarse) => (coarse ? t('at most {length}', { length: metresWords(metres) }) : metresWords(metres));

  function writeNumbers(verdict, coarse) {
    const [low, high] = verdict.interval;
    const flip = verdict.flip_distance_m;
    const away = verdict.distance_m;
    const words = {
      'almost no chance': t('almost no chance'), 'very unlikely': t('very unlikely'), 'unlikely': t('unlikely'),
      'roughly even chance': t('roughly even chance'), 'likely': t('likely'), 'very likely': t('very likely'),
      'almost certain': t('almost certain'),
    };
    return [
      gauge(verdict),
      pairs(
        [t('Probability'), explained(`${percent(verdict.probability)}, ${words[verdict.words] || verdict.words}`,
          t('how much of the likely area’s probability lies in the claimed place'))],
        [t('Interval'), explained(t('{low} to {high}', { low: percent(low), high: percent(high) }),
          t('lowest and highest, with other lines and other trust in the evidence'))],
        [t('Before any evidence'), explained(percent(verdict.prior), t('the place’s share of the whole study area (prior)'))],
        [t('Bayes factor'), explained(factorWords(verdict.bayes_factor), t('by how much the evidence changed the odds: 1 says nothing'))],
        [t('Flip distance'), explained(flip === null ? t('over 20 km') : lengthWords(flip, coarse),
          t('moving the claimed line so far changes the verdict'))],
        away ? [t('Distance'), explained(lengthWords(away, coarse), t('from the claimed place to the 95 % area'))] : ['', null],
        [t('Lines'), verdict.editions.join(', ')],
      ),
    ];
  }

  const partRow = (part) => make('tr', {}, make('th', { scope: 'row' }, said('bdi', part.name)),
    make('td', {}, percent(part.probability)), make('td', {}, WORDS.grade[part.grade]));
  const partTable = (caption, parts) => make('table', { class: 'parts' }, make('caption', {}, caption), make('tbody', {}, ...parts.map(partRow)));

  /** Write what another edition's lines give: openly where they change the verdict. */
  function writeEditions(verdict) {
    const turned = verdict.other_editions.filter((part) => part.grade !== verdict.grade);
    const alike = verdict.other_editions.filter((part) => part.grade === verdict.grade);
    return [
      turned.length ? make('div', { class: 'turned' }, make('p', { class: 'warning' }, t('Another edition of the lines changes the verdict:')),
        partTable(t('With the lines of'), turned)) : null,
      alike.length ? make('details', { class: 'told' }, make('summary', {}, t('Other editions of the lines give the same ({count})', { count: alike.length })),
        partTable(t('With the lines of'), alike)) : null,
    ];
  }

  function writeVerdict(verdict, incident) {
    const judged = verdict.probability !== null;
    const known = verdict.reason === incident.geolocation.reason;
    return make('div', { class: `verdict grade-${verdict.grade}` },
      make('p', { class: 'grade' }, WORDS.grade[verdict.grade]),
      make('p', { class: 'aside' }, WORDS.meaning[verdict.grade]),
      ...judged ? writeNumbers(verdict, incident.coarse) : [],
      verdict.alone.length ? partTable(t('Each part of the claim alone'), verdict.alone) : null,
      ...writeEditions(verdict),
      known ? null : make('p', {}, t('Reason:'), ' ', said('bdi', verdict.reason, { lang: 'en' })));
  }

  /** Name a source by its number in the list below. */
  function sourceWords(incident, id) {
    const number = incident.sources.findIndex((source) => source.id === id) + 1;
    return number ? t('source {number}', { number }) : null;
  }

  const joined = (...parts) => parts.filter(Boolean).join(' · ');

  function writeClaim(claim, incident) {
    return make('li', { class: `role-${claim.role}` },
      make('p', {}, make('span', { class: 'tag' }, WORDS.role[claim.role]), ' ',
        said('b', claim.claimant),
        claim.affiliation ? said('span', claim.affiliation, { class: 'of' }) : null),
      said('p', claim.says),
      pairs(
        [t('Place claimed'), claim.place || t('none named')],
        [t('Same place as'), claim.same_place_as],
        [t('Killed, claimed'), claim.killed && countWords(claim.killed)
          + (claim.covers.length > 1 ? ` (${t('in {count} incidents together', { count: claim.covers.length })})` : '')],
        [t('Captured, claimed'), claim.captured && countWords(claim.captured)],
      ),
      make('p', { class: 'aside' }, joined(
        claim.published && t('Said on {date}', { date: dateWords(claim.published) }), sourceWords(incident, claim.source),
      )));
  }

  /** Write the claims of one place; of many, most are folded away. */
  function claimList(claims, incident) {
    const items = claims.map((claim) => writeClaim(claim, incident));
    const open = items.length > FEW_CLAIMS + 1 ? FEW_CLAIMS : items.length;
    return [
      make('ul', { class: 'claims' }, ...items.slice(0, open)),
      items.length > open ? make('details', { class: 'told' }, make('summary', {}, t('{count} more claims of this place', { count: items.length - open })),
        make('ul', { class: 'claims' }, ...items.slice(open))) : null,
    ];
  }

  /** Write the claims place by place, so that one place has one verdict. */
  function writeClaims(incident) {
    const groups = island.places.map((place, index) => {
      const claims = incident.claims.filter((claim) => claim.drawn === index);
      if (!claims.length) return null;
      const missing = place.units.filter((unit) => !unit.geometry).map((unit) => unit.name);
      return make('section', { class: 'place' },
        make('h3', {}, placeSwatch(index), letterOf(index), said('span', place.name)),
        missing.length ? make('p', { class: 'aside' }, t('No line is known for {names}.', { names: missing.join(', ') })) : null,
        place.units.length > 1 && !place.shared && !missing.length
          ? make('p', { class: 'aside' }, t('By the lines of this map, these do not meet.')) : null,
        writeVerdict(claims[0].verdict, incident),
        ...claimList(claims, incident));
    });
    const loose = incident.claims.filter((claim) => claim.drawn === null);
    const rest = loose.length ? make('section', { class: 'place' },
      make('h3', {}, t('No place on the map')),
      make('p', { class: 'aside' }, t('These name no place, or none whose boundary is known here.')),
      ...claimList(loose, incident)) : null;
    return section(t('What is claimed'),
      make('p', { class: 'warning' }, t('Claimed is not verified.')), ...groups, rest,
      incident.claims.length ? null : make('p', {}, t('No claim is recorded.')));
  }

  function writeShown(incident) {
    const items = incident.evidence.map((evidence) => make('li', { class: `shown-${evidence.status}` },
      make('p', {}, make('span', { class: 'tag' }, WORDS.shown[evidence.status])),
      said('p', evidence.finding),
      evidence.within.length
        ? make('p', {}, make('b', {}, t('Places it in {names}', { names: evidence.within_names.join(', ') }))) : null,
      make('p', { class: 'aside' }, said('bdi', evidence.by), ', ', t('from'), ' ', said('bdi', evidence.origin),
        evidence.source ? ` · ${sourceWords(incident, evidence.source)}` : '')));
    return section(t('What could be shown'), items.length
      ? make('ul', { class: 'shown' }, ...items) : make('p', {}, t('Nothing independent is recorded.')));
  }

  function writeSources(sources) {
    return make('ol', { class: 'sources numbered' }, ...sources.map((source) => make('li', {},
      said('b', source.title), make('br'),
      said('span', [source.publisher, source.published].filter(Boolean).join(', ')),
      source.url ? said('code', source.url) : null,
      source.note ? said('p', source.note, { class: 'aside' }) : null)));
  }

  function writeFinding() {
    const [incident] = island.incidents;
    return [
      writeHead(incident), writeStatus(incident), writeClaims(incident), writeShown(incident),
      geolocClues.writeLedger(),
      incident.notes.length ? section(t('Notes'), make('ul', {},
        ...incident.notes.map((note) => said('li', note)))) : null,
      incident.sources.length ? section(t('Sources'), writeSources(incident.sources)) : null,
    ];
  }

  function start() {
    const map = begin(['lines', 'likely', 'clues', 'claimed', 'edge', 'marks']);
    legendPlaces(map);
    legendLikely(map);
    geolocClues.legend(map);
    legendLines(map);
    const numbers = legendNames(map);
    const stop = keepFitted(map);
    if (island.places.length || island.areas.length) geolocCompare.swipe(map);
    finish(map, () => (OVERVIEW ? geolocCasebook.write(map, stop, writeSources) : writeFinding()));
    if (OVERVIEW) geolocCompare.slider(map, island.incidents, (isIn) => geolocCasebook.filter(map, isIn, numbers));
  }

  start();
})();
