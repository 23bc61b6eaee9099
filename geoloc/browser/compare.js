/*
 * Two ways to compare: a divider with the claimed on one side and the found on the other, and a
 * slider over the days of many incidents.
 */
const geolocCompare = (() => {
  'use strict';

  const { make, makeSvg, t, dateWords } = geolocWords;
  const { declutter, follow, island, legendRoom, written } = geolocSheet;

  const SIDES = { left: ['claimed'], right: ['likely', 'edge', 'clues', 'marks'] };
  const STEPS = { ArrowLeft: -2, ArrowRight: 2, ArrowDown: -2, ArrowUp: 2, PageDown: -10, PageUp: 10 };

  /** Add the divider, and the button that shows and hides it. */
  function swipe(map) {
    const divider = make('div', {
      class: 'swipe', role: 'separator', tabindex: '0', 'aria-orientation': 'vertical',
      'aria-valuemin': '0', 'aria-valuemax': '100', hidden: '',
    }, written(make('span', { class: 'side is-left' }), () => t('Claimed, not verified')),
    make('span', { class: 'grip', 'aria-hidden': 'true' }, '⇔'),
    written(make('span', { class: 'side is-right' }), () => t('Found from evidence')));
    const button = make('button', { type: 'button', class: 'of-swipe', 'aria-pressed': 'false' }, '◧');
    let share = 50;

    /** Cut each pane off at the divider, in the map's own pixels, which move with it. */
    function clip() {
      const size = map.getSize();
      const [from, to] = [map.containerPointToLayerPoint([0, 0]), map.containerPointToLayerPoint(size)];
      const at = from.x + size.x * (share / 100);
      const ground = (west, east) => `polygon(${[[west, from.y], [east, from.y], [east, to.y], [west, to.y]]
        .map(([x, y]) => `${x}px ${y}px`).join(',')})`;
      for (const [side, panes] of Object.entries(SIDES)) {
        for (const pane of panes.map((name) => map.getPane(name)).filter(Boolean)) {
          pane.style.clipPath = divider.hidden ? '' : side === 'left' ? ground(from.x, at) : ground(at, to.x);
        }
      }
      // Names of clues share their pane with all other names, so that they give way to each other.
      map.eachLayer((layer) => {
        const name = layer instanceof L.Marker && layer.getElement() && layer.getElement().querySelector('.at-clue, .of-landmark');
        if (name) name.classList.toggle('is-beyond', !divider.hidden && map.latLngToLayerPoint(layer.getLatLng()).x < at);
      });
    }

    const follows = () => { if (!divider.hidden) clip(); };

    function place(wanted) {
      share = Math.round(Math.min(100, Math.max(0, wanted)));
      divider.style.left = `${share}%`;
      divider.setAttribute('aria-valuenow', share);
      say();
      clip();
    }

    function say() {
      divider.setAttribute('aria-label', t('Divider between claimed and found'));
      divider.setAttribute('aria-valuetext', t('{share} % of the map shows what is claimed', { share }));
      const words = t('Compare: claimed on the left, found on the right');
      button.setAttribute('aria-label', words);
      button.title = words;
    }

    /** Return where to begin: through what was found, else in the middle of what is free. */
    function beginning() {
      const area = island.areas[0];
      if (!area || island.page !== 'finding') return 50 - (50 * legendRoom()) / map.getSize().x;
      const middle = L.geoJSON(area.regions[0].geometry).getBounds().getCenter();
      return (100 * map.latLngToContainerPoint(middle).x) / map.getSize().x;
    }

    function show(on) {
      divider.hidden = !on;
      button.setAttribute('aria-pressed', String(on));
      place(on ? beginning() : share);
      if (on) divider.focus({ preventScroll: true });
    }

    const byPointer = (event) => {
      const frame = map.getContainer().getBoundingClientRect();
      place((100 * (event.clientX - frame.left)) / frame.width);
    };
    divider.addEventListener('pointerdown', (event) => {
      divider.setPointerCapture(event.pointerId);
      divider.addEventListener('pointermove', byPointer);
    });
    for (const end of ['pointerup', 'pointercancel']) {
      divider.addEventListener(end, () => divider.removeEventListener('pointermove', byPointer));
    }
    divider.addEventListener('keydown', (event) => {
      const wanted = { Home: 0, End: 100 }[event.key] ?? (event.key in STEPS ? share + STEPS[event.key] : null);
      if (event.key === 'Escape') {
        show(false);
        button.focus();
      } else if (wanted === null) return;
      else place(wanted);
      event.preventDefault();
      event.stopPropagation();
    });
    L.DomEvent.disableClickPropagation(divider);
    button.addEventListener('click', () => show(divider.hidden));

    const control = L.control({ position: 'topleft' });
    control.onAdd = () => {
      const bar = make('div', { class: 'leaflet-bar compare' }, button);
      L.DomEvent.disableClickPropagation(bar);
      return bar;
    };
    control.addTo(map);
    map.getContainer().append(divider);
    map.on('move zoomend resize', follows);
    follow(say);
    place(share);
  }

  /** Draw how many incidents fall on each day of the slider, as bars. */
  function bars(counts) {
    const most = Math.max(...counts);
    return makeSvg('svg', {
      class: counts.length > 60 ? 'bars are-many' : 'bars', viewBox: '0 0 100 10', preserveAspectRatio: 'none', 'aria-hidden': 'true',
    }, makeSvg('path', { d: counts.map((count, at) => (
      `M${(100 * at) / (counts.length - 1)} 10V${10 - Math.max(1.2, (10 * count) / most)}`)).join('') }));
  }

  /**
   * Put a slider under the map: from one day to another, of those on which something happened.
   * `show(isIn)` is called with a test of an incident; it returns how many pass.
   */
  function slider(map, incidents, show) {
    const days = [...new Set(incidents.map((incident) => incident.date))].sort();
    if (days.length < 2) return;
    const last = days.length - 1;
    let [from, to, timer] = [0, last, null];
    const knob = (name) => make('input', { type: 'range', min: 0, max: last, step: 1, name, class: name });
    const [first, second] = [knob('from'), knob('to')];
    const play = make('button', { type: 'button', class: 'play' });
    const told = make('p', { class: 'told-range', 'aria-live': 'polite' });
    const counts = new Map(days.map((day) => [day, 0]));
    incidents.forEach(({ date }) => counts.set(date, counts.get(date) + 1));

    const isIn = (incident) => incident.date >= days[from] && incident.date <= days[to];
    let shown = incidents.length;

    function say() {
      first.setAttribute('aria-label', t('From day'));
      second.setAttribute('aria-label', t('To day'));
      first.setAttribute('aria-valuetext', dateWords(days[from]));
      second.setAttribute('aria-valuetext', dateWords(days[to]));
      play.textContent = timer ? '❚❚' : '▶';
      play.setAttribute('aria-label', timer ? t('Pause') : t('Play the incidents day by day'));
      const range = from === to ? dateWords(days[from])
        : t('{first} to {last}', { first: dateWords(days[from]), last: dateWords(days[to]) });
      told.textContent = `${range} · ${t('{some} of {count}', { some: shown, count: incidents.length })}`;
    }

    function set(newFrom, newTo) {
      [from, to] = [Math.min(newFrom, newTo), Math.max(newFrom, newTo)];
      [first.value, second.value] = [from, to];
      shown = show(isIn);
      range.style.setProperty('--from', from / last);
      range.style.setProperty('--to', to / last);
      // Where both knobs are at the right end, the left one must be the one on top.
      first.style.zIndex = from > last / 2 ? 2 : 1;
      say();
    }

    function stop() {
      clearInterval(timer);
      timer = null;
      told.setAttribute('aria-live', 'polite');
      declutter(map);
      say();
    }

    const step = Math.max(1, Math.round(days.length / 60));
    play.addEventListener('click', () => {
      if (timer) {
        stop();
        return;
      }
      if (to >= last) set(from >= last ? 0 : from, from >= last ? 0 : from);
      told.setAttribute('aria-live', 'off');
      timer = setInterval(() => {
        set(from, Math.min(last, to + step));
        if (to >= last) stop();
      }, 600);
      say();
    });
    first.addEventListener('input', () => set(Math.min(Number(first.value), to), to));
    second.addEventListener('input', () => set(from, Math.max(Number(second.value), from)));
    const range = make('div', { class: 'range', dir: 'ltr' }, bars([...counts.values()]), first, second);
    const bar = make('div', { id: 'time', role: 'group' }, play, range, told);
    document.getElementById('stage').append(bar);
    follow(() => bar.setAttribute('aria-label', t('Days shown')));
    follow(say);
    set(0, last);
  }

  return Object.freeze({ slider, swipe });
})();
