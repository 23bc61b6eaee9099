/*
 * The overview of many incidents: their list, the numbers that lead from the map to it, and what
 * is known about all of them together.
 */
const geolocCasebook = (() => {
  'use strict';

  const {
    WORDS, make, said, t, figures, dateWords,
  } = geolocWords;
  const { corner, declutter, fit, follow, island, label, pairs, section } = geolocSheet;

  const FEW = 4; // numbers that one place has room for
  const LISTED = 40; // incidents that a popup lists
  const PAGE = 100; // incidents that the list shows at a time
  let isIn = () => true;
  let first = 0; // of the incidents shown, the one that the list begins with
  let rewriteList = () => {};
  const marks = [];

  const numbered = island.incidents.map((incident, at) => [incident, at + 1]);

  /** Call for each claimed place and each area, with the numbered incidents it is drawn for. */
  function places() {
    const ofPlace = island.places.map(() => []);
    const ofArea = island.areas.map(() => []);
    for (const one of numbered) {
      const [{ claims, area }] = one;
      new Set(claims.map((claim) => claim.drawn)).forEach((at) => { if (at !== null) ofPlace[at].push(one); });
      if (area !== null) ofArea[area].push(one);
    }
    const loose = ([incident]) => incident.claims.every((claim) => claim.drawn === null);
    return [
      ...island.places.map((place, index) => ({ shown: place, name: place.name, at: place.at, own: ofPlace[index] })),
      // An area has numbers of its own only where no claimed place has them.
      ...island.areas.map((area, index) => (
        { shown: area, name: null, at: ofArea[index].some(loose) ? area.at : null, own: ofArea[index] })),
    ];
  }

  /** Write the numbers of a place's incidents, or how many they are. */
  function writeNumbers(own) {
    const badge = (text) => make('span', { class: 'badge' }, text);
    return own.length > FEW ? badge(`×${figures(String(own.length))}`)
      : own.map(([, number]) => badge(figures(String(number))));
  }

  function writePopup(map, place, own) {
    const rows = own.slice(0, LISTED).map(([incident, number]) => {
      const go = make('button', { type: 'button', class: 'entry' }, make('span', { class: 'badge' }, figures(String(number))),
        make('span', {}, make('span', { class: 'when' }, dateWords(incident.date)), said('b', incident.title)));
      go.addEventListener('click', () => {
        map.closePopup();
        showEntry(number);
      });
      return make('li', {}, go);
    });
    return make('div', { class: 'of-place' }, place.name ? said('h3', place.name) : null,
      make('p', { class: 'warning' }, place.name ? t('Claimed here, not verified') : t('Likely here')),
      make('ol', { class: 'entries' }, ...rows),
      own.length > LISTED ? make('p', { class: 'aside' }, t('and {count} more in the list', { count: own.length - LISTED })) : null);
  }

  /** Put the numbers of its incidents at each place; they open a list of them. */
  function numberLabels(map) {
    for (const place of places()) {
      place.part = place.shown.part;
      place.now = () => place.own.filter(([incident]) => isIn(incident));
      if (place.at) {
        const button = make('button', { type: 'button', class: 'of-numbers' });
        place.rewrite = () => {
          button.replaceChildren(...[writeNumbers(place.now())].flat());
          button.setAttribute('aria-label', `${place.name || t('Likely area')}: ${place.now().length > FEW
            ? t('{count} incidents', { count: place.now().length })
            : place.now().map(([, number]) => figures(String(number))).join(', ')}`);
        };
        follow(place.rewrite);
        button.addEventListener('click', (event) => {
          L.DomEvent.stop(event);
          L.popup({ maxHeight: 280, minWidth: 240 }).setLatLng(corner(place.at))
            .setContent(writePopup(map, place, place.now())).openOn(map);
        });
        place.label = label(place.at, 'numbers', button);
      }
      marks.push(place);
    }
    return marks.map((place) => place.label).filter(Boolean);
  }

  /** Show only the incidents that pass a test, on the map and in the list; return how many do. */
  function filter(map, test, labels) {
    isIn = test;
    for (const place of marks) {
      const some = place.now().length > 0;
      const part = place.part;
      if (part && some !== part.group.hasLayer(part)) part.group[some ? 'addLayer' : 'removeLayer'](part);
      if (place.label && some !== labels.hasLayer(place.label)) labels[some ? 'addLayer' : 'removeLayer'](place.label);
      if (place.rewrite) place.rewrite();
    }
    first = 0;
    rewriteList();
    declutter(map);
    return shown().length;
  }

  const shown = () => numbered.filter(([incident]) => isIn(incident));

  /** Turn the list to an incident, and put the focus on it. */
  function showEntry(number) {
    const at = shown().findIndex(([, own]) => own === number);
    first = at - (at % PAGE);
    rewriteList();
    const item = document.getElementById(`incident-${number}`);
    item.scrollIntoView({ block: 'center' });
    (item.querySelector('button') || item).focus({ preventScroll: true });
  }

  function writeEntry(map, incident, number, stop) {
    const id = `incident-${number}`;
    const grades = new Set(incident.claims.map((claim) => claim.verdict && claim.verdict.grade));
    const text = [
      make('span', { class: 'when' }, dateWords(incident.date)),
      said('b', incident.title),
      incident.place_names.length ? said('span', incident.place_names.join('; ')) : make('span', {}, t('No place to draw')),
      make('span', { class: 'aside' }, [`${t('Where:')} ${WORDS.status[incident.geolocation.status]}`,
        ...[...grades].filter(Boolean).map((grade) => WORDS.grade[grade])].join(' · ')),
    ];
    const badge = make('span', { class: 'badge' }, figures(String(number)));
    if (!incident.box) return make('li', { id, class: 'entry', tabindex: '-1' }, badge, make('div', {}, ...text));
    const go = make('button', { type: 'button', class: 'entry' }, badge, make('div', {}, ...text));
    go.addEventListener('click', () => {
      stop();
      fit(map, incident.box);
    });
    return make('li', { id }, go);
  }

  /** Write what was counted and by whom, or nothing where no figure is given. */
  function countedBy(fact, how) {
    if (fact[how] === null) return null;
    const figure = [fact[how]].flat().join(', ');
    return fact[`${how}_by`] ? `${figure} (${fact[`${how}_by`]})` : figure;
  }

  function periodWords(fact) {
    if (!fact.to_date || fact.from_date === fact.to_date) return fact.from_date && dateWords(fact.from_date);
    return fact.from_date ? t('{first} to {last}', { first: dateWords(fact.from_date), last: dateWords(fact.to_date) })
      : t('Until {last}', { last: dateWords(fact.to_date) });
  }

  function writeFacts(book) {
    return section(t('About all of them'), make('ul', { class: 'shown' }, ...book.aggregates.map((fact) => make('li', {},
      said('p', fact.fact),
      pairs(
        [t('When'), periodWords(fact)],
        [t('Claimed'), countedBy(fact, 'claimed')],
        [t('Recorded'), countedBy(fact, 'recorded')],
        [t('Confirmed'), countedBy(fact, 'confirmed')],
      )))));
  }

  function countWords() {
    const count = island.incidents.length;
    if (!count) return t('No incident is recorded.');
    return `${count === 1 ? t('1 incident.') : t('{count} incidents.', { count })} ${t('Choose one to see it on the map.')}`;
  }

  /** Write the list, a page of it at a time: thousands of entries would make every move slow. */
  function writeList(map, stop) {
    const list = make('ol', { class: 'entries' });
    const turn = make('p', { class: 'turn' });
    const step = (words, by) => {
      const button = make('button', { type: 'button' }, words);
      button.addEventListener('click', () => {
        first += by;
        rewriteList();
        list.scrollIntoView();
      });
      return button;
    };
    rewriteList = () => {
      const now = shown();
      const page = now.slice(first, first + PAGE);
      list.replaceChildren(...page.map(([incident, number]) => writeEntry(map, incident, number, stop)));
      turn.hidden = now.length <= PAGE;
      turn.replaceChildren(...[
        first > 0 ? step(t('Earlier'), -PAGE) : null,
        make('span', {}, t('{first} to {last} of {count}', { first: first + 1, last: first + page.length, count: now.length })),
        first + PAGE < now.length ? step(t('Later'), PAGE) : null,
      ].filter(Boolean));
    };
    rewriteList();
    return [list, turn];
  }

  function write(map, stop, writeSources) {
    const all = make('button', { type: 'button' }, t('Show all on the map'));
    all.addEventListener('click', () => fit(map, island.view));
    const { book } = island;
    return [
      make('header', {}, said('h1', island.title), make('p', {}, countWords()),
        island.places.length ? make('p', { class: 'warning' }, t('Hatched places are claimed, not verified.')) : null),
      section(t('Incidents'), ...writeList(map, stop), numbered.length ? all : null),
      book && book.aggregates.length ? writeFacts(book) : null,
      book && book.sources.length ? section(t('Sources'), writeSources(book.sources)) : null,
    ];
  }

  return Object.freeze({ filter, numberLabels, write });
})();
