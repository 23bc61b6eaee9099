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
  } = geolocWords;
  const {
    HATCHES, RANK, island, begin, cell, finish, fit, keepFitted, label, legendLines, legendRow,
    nameLabel, pairs, section, shape, swatch,
  } = geolocSheet;

  function drawLikely(area) {
    // The widest first, so that the nested regions add up to the deepest shade in the middle.
    return [...area.regions].reverse().map((region, index) => (
      shape(region.geometry, 'likely', index ? 'likely' : 'likely outermost')
    ));
  }

  /** Outline each claimed unit, and hatch it: fully where all units of the claim hold. */
  function drawPlace(place, index) {
    const known = place.units.filter((unit) => unit.geometry);
    const ink = `claimed ink-${index % HATCHES.length}`;
    const hatch = { fillColor: `url(#hatch-${index % HATCHES.length})` };
    // Among the places of many incidents, only the part that counts is hatched.
    const around = place.shared && island.page === 'casebook' ? { fill: false } : hatch;
    const partly = place.shared ? ' partly' : '';
    const units = known.map((unit) => shape(unit.geometry, 'claimed', ink + partly, around));
    return place.shared
      ? [...units, shape(place.shared, 'claimed', `${ink} shared`, hatch)] : units;
  }

  function placeSwatch(index) {
    const turn = index % HATCHES.length;
    return swatch(cell(`claimed ink-${turn}`, { fill: `url(#hatch-${turn})` }));
  }

  function legendPlaces(map) {
    island.places.forEach((place, index) => {
      const parts = drawPlace(place, index);
      if (!parts.length) return;
      parts.forEach((part) => part.addTo(map));
      const note = place.shared ? make('small', {}, island.page === 'casebook'
        ? 'Hatched where all of these hold' : 'Dense where all of these hold') : null;
      legendRow(map, placeSwatch(index), parts, 'Claimed: ', said('b', place.name), note);
    });
  }

  function legendLikely(map) {
    const located = island.incidents.filter((incident) => incident.area);
    const areas = located.map((incident) => incident.area);
    if (!areas.length) return;
    // Another incident's number may stand in the middle of it, so the legend says whose it is.
    const whose = island.page === 'casebook'
      ? ` of incident ${located.map((incident) => island.incidents.indexOf(incident) + 1).join(', ')}`
      : '';
    const parts = areas.flatMap(drawLikely);
    parts.forEach((part) => part.addTo(map));
    const count = areas[0].regions.length;
    const steps = areas[0].regions.map((region, index) => make(
      'span', { class: 'step' },
      swatch(...Array.from({ length: count - index }, (_, deep) => cell(deep ? 'likely' : 'likely outermost'))),
      `${percent(region.mass)}${areas.length === 1 ? ` · ${areaWords(region.area_km2)}` : ''}`,
    ));
    const picture = swatch(cell('likely outermost'), cell('likely'), cell('likely'));
    legendRow(map, picture, parts, make('b', {}, 'Likely area'), `${whose}, holding`);
    document.getElementById('legend').append(make('div', { class: 'steps' }, ...steps));
  }

  function legendNames(map, numbers) {
    const rank = ([layer, name]) => (name.meant ? 0 : RANK[layer.id]);
    const names = island.layers.flatMap((layer) => layer.labels.map((name) => [layer, name]))
      .sort((one, other) => rank(one) - rank(other))
      .map(([layer, name]) => nameLabel(layer, name));
    const parts = [...numbers, ...names];
    parts.forEach((part) => part.addTo(map));
    const letters = swatch(makeSvg('text', { x: 17, y: 15, class: 'letters' }, 'Ab'));
    legendRow(map, letters, parts, 'Names');
  }

  function writeHead(incident) {
    const when = [dateWords(incident.date), incident.time].filter(Boolean).join(', ');
    return make('header', {},
      said('p', `${when}${incident.time ? ' (Kabul time)' : ''}`, { class: 'when' }),
      said('h1', incident.title),
      incident.date_note ? said('p', incident.date_note, { class: 'aside' }) : null,
      said('p', incident.summary));
  }

  function writeStatus(incident) {
    const { status, reason } = incident.geolocation;
    const area = incident.area && incident.area.regions.at(-1);
    return make('section', { class: `box status-${status}` },
      make('h2', {}, 'Where it happened'),
      make('p', { class: 'grade' }, WORDS.status[status]),
      said('p', reason),
      area ? make('p', { class: 'aside' }, 'The shaded area is computed by geoloc from the findings'
        + ' below that name a place; nobody drew it.'
        + ` ${percent(area.held)} of the probability lies within ${areaWords(area.area_km2)}.`
        + ' Nothing more exact is shown.') : null,
      area ? null : make('p', {}, make('b', {}, 'No claimed place can be assessed:'),
        ' there is no area found from other evidence to hold it against.'));
  }

  /** Draw probability, interval and prior on one line from 0 to 100 %. */
  function gauge(verdict) {
    const at = (share) => 2 + 96 * share;
    const [low, high] = verdict.interval;
    const words = `Probability ${percent(verdict.probability)}, interval ${percent(low)} to`
      + ` ${percent(high)}, before any evidence ${percent(verdict.prior)}`;
    return makeSvg('svg', { class: 'gauge', viewBox: '0 0 100 7', role: 'img', 'aria-label': words },
      makeSvg('path', { class: 'rail', d: 'M2 4H98M2 2.5V5.5M50 2.5V5.5M98 2.5V5.5' }),
      makeSvg('path', { class: 'before', d: `M${at(verdict.prior)} 1V7` }),
      makeSvg('path', { class: 'span', d: `M${at(low)} 4H${at(high)}` }),
      makeSvg('circle', { class: 'found', cx: at(verdict.probability), cy: 4, r: 1.6 }));
  }

  function writeNumbers(verdict) {
    const [low, high] = verdict.interval;
    const flip = verdict.flip_distance_m;
    return [
      gauge(verdict),
      pairs(
        ['Probability', `${percent(verdict.probability)} (${percent(low)} to ${percent(high)}), ${verdict.words}`],
        ['Before any evidence', percent(verdict.prior)],
        ['Bayes factor', factorWords(verdict.bayes_factor)],
        ['Flip distance', flip === null ? 'over 20 km'
          : `${metresWords(flip)}: moving the claimed line so far changes the verdict`],
      ),
    ];
  }

  function writeVerdict(verdict, incident) {
    const numbers = verdict.probability === null ? [] : writeNumbers(verdict);
    const known = verdict.reason === incident.geolocation.reason;
    return make('div', { class: `verdict grade-${verdict.grade}` },
      make('p', { class: 'grade' }, WORDS.grade[verdict.grade]),
      make('p', { class: 'aside' }, WORDS.meaning[verdict.grade]),
      ...numbers,
      known ? null : make('p', {}, 'Reason: ', said('bdi', verdict.reason)));
  }

  /** Name a source by its number in the list below. */
  function sourceWords(incident, id) {
    const number = incident.sources.findIndex((source) => source.id === id) + 1;
    return number ? `source ${number}` : null;
  }

  const joined = (...parts) => parts.filter(Boolean).join(' · ');

  function writeClaim(claim, incident) {
    return make('li', { class: `role-${claim.role}` },
      make('p', {}, make('span', { class: 'tag' }, WORDS.role[claim.role]), ' ',
        said('b', claim.claimant),
        claim.affiliation ? said('span', claim.affiliation, { class: 'of' }) : null),
      said('p', claim.says),
      pairs(
        ['Place claimed', claim.place || 'none named'],
        ['Same place as', claim.same_place_as],
        ['Killed, claimed', claim.killed && countWords(claim.killed)
          + (claim.covers.length > 1 ? ` (in ${claim.covers.length} incidents together)` : '')],
        ['Captured, claimed', claim.captured && countWords(claim.captured)],
      ),
      make('p', { class: 'aside' }, joined(
        claim.published && `Said on ${dateWords(claim.published)}`, sourceWords(incident, claim.source),
      )));
  }

  /** Write the claims place by place, so that one place has one verdict. */
  function writeClaims(incident) {
    const groups = island.places.map((place, index) => {
      const claims = incident.claims.filter((claim) => claim.drawn === index);
      if (!claims.length) return null;
      const missing = place.units.filter((unit) => !unit.geometry).map((unit) => unit.name);
      return make('section', { class: 'place' },
        make('h3', {}, placeSwatch(index), said('span', place.name)),
        missing.length ? make('p', { class: 'aside' }, `No line is known for ${missing.join(', ')}.`) : null,
        place.units.length > 1 && !place.shared && !missing.length
          ? make('p', { class: 'aside' }, 'By the lines of this map, these do not meet.') : null,
        writeVerdict(claims[0].verdict, incident),
        make('ul', { class: 'claims' }, ...claims.map((claim) => writeClaim(claim, incident))));
    });
    const loose = incident.claims.filter((claim) => claim.drawn === null);
    const rest = loose.length ? make('section', { class: 'place' },
      make('h3', {}, 'No place on the map'),
      make('p', { class: 'aside' }, 'These name no place, or none whose boundary is known here.'),
      make('ul', { class: 'claims' }, ...loose.map((claim) => writeClaim(claim, incident)))) : null;
    return section('What is claimed',
      make('p', { class: 'warning' }, 'Claimed is not verified.'), ...groups, rest,
      incident.claims.length ? null : make('p', {}, 'No claim is recorded.'));
  }

  function writeShown(incident) {
    const items = incident.evidence.map((evidence) => make('li', { class: `shown-${evidence.status}` },
      make('p', {}, make('span', { class: 'tag' }, WORDS.shown[evidence.status])),
      said('p', evidence.finding),
      evidence.within.length
        ? make('p', {}, make('b', {}, `Places it in ${evidence.within_names.join(' and ')}`)) : null,
      make('p', { class: 'aside' }, said('bdi', evidence.by), ', from ', said('bdi', evidence.origin),
        evidence.source ? ` · ${sourceWords(incident, evidence.source)}` : '')));
    return section('What could be shown', items.length
      ? make('ul', { class: 'shown' }, ...items) : make('p', {}, 'Nothing independent is recorded.'));
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
      incident.notes.length ? section('Notes', make('ul', {},
        ...incident.notes.map((note) => said('li', note)))) : null,
      incident.sources.length ? section('Sources', writeSources(incident.sources)) : null,
    ];
  }

  function writeEntry(map, incident, number, stop) {
    const grades = new Set(incident.claims.map((claim) => claim.verdict && claim.verdict.grade));
    const text = [
      make('span', { class: 'when' }, dateWords(incident.date)),
      said('b', incident.title),
      said('span', incident.place_names.join('; ') || 'No place to draw'),
      make('span', { class: 'aside' }, [`Where: ${WORDS.status[incident.geolocation.status].toLowerCase()}`,
        ...[...grades].filter(Boolean).map((grade) => WORDS.grade[grade].toLowerCase())].join(' · ')),
    ];
    const badge = make('span', { class: 'badge' }, String(number));
    if (!incident.box) return make('li', { class: 'entry' }, badge, make('div', {}, ...text));
    const go = make('button', { type: 'button', class: 'entry' }, badge, make('div', {}, ...text));
    go.addEventListener('click', () => {
      stop();
      fit(map, incident.box);
    });
    return make('li', {}, go);
  }

  /** Write what was counted and by whom, or nothing where no figure is given. */
  function countedBy(fact, how) {
    if (fact[how] === null) return null;
    const figure = [fact[how]].flat().join(', ');
    return fact[`${how}_by`] ? `${figure} (${fact[`${how}_by`]})` : figure;
  }

  function writeFacts(book) {
    const period = (fact) => (fact.to_date && fact.from_date !== fact.to_date
      ? `${fact.from_date ? `${dateWords(fact.from_date)} to` : 'Until'} ${dateWords(fact.to_date)}`
      : fact.from_date && dateWords(fact.from_date));
    return section('About all of them', make('ul', { class: 'shown' }, ...book.aggregates.map((fact) => make('li', {},
      said('p', fact.fact),
      pairs(
        ['When', period(fact)],
        ['Claimed', countedBy(fact, 'claimed')],
        ['Recorded', countedBy(fact, 'recorded')],
        ['Confirmed', countedBy(fact, 'confirmed')],
      )))));
  }

  function writeCasebook(map, stop) {
    const count = island.incidents.length;
    const entries = island.incidents.map((incident, index) => writeEntry(map, incident, index + 1, stop));
    const all = make('button', { type: 'button' }, 'Show all on the map');
    all.addEventListener('click', () => fit(map, island.view));
    const { book } = island;
    return [
      make('header', {}, said('h1', island.title),
        make('p', {}, `${count} ${count === 1 ? 'incident' : 'incidents'}.${count ? ' Choose one to see it on the map.' : ''}`),
        make('p', { class: 'warning' }, 'Hatched places are claimed, not verified.')),
      section('Incidents', make('ol', { class: 'entries' }, ...entries), count ? all : null),
      book && book.aggregates.length ? writeFacts(book) : null,
      book && book.sources.length ? section('Sources', writeSources(book.sources)) : null,
    ];
  }

  /** Number each claimed place with the incidents that it is claimed for. */
  function placeNumbers() {
    if (island.page !== 'casebook') return [];
    return island.places.map((place, index) => {
      const numbers = island.incidents.map((incident, at) => [incident, at + 1])
        .filter(([incident]) => incident.claims.some((claim) => claim.drawn === index))
        .map(([, number]) => make('span', { class: 'badge' }, String(number)));
      return place.at && label(place.at, 'numbers', ...numbers);
    }).filter(Boolean);
  }

  function start() {
    const map = begin(['lines', 'likely', 'claimed']);
    legendPlaces(map);
    legendLikely(map);
    legendLines(map);
    legendNames(map, placeNumbers());
    const stop = keepFitted(map);
    finish(map, island.page === 'finding' ? writeFinding() : writeCasebook(map, stop));
  }

  start();
})();
