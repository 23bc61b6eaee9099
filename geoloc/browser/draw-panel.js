/*
 * What is said beside the map while it is drawn on: the verdict of each claim, every drawing with
 * its measures, and the form of the one that is chosen, down to each of its corners.
 */
const geolocDrawPanel = (() => {
  'use strict';

  const {
    WORDS, areaWords, figures, follow, make, makeSvg, metresWords, said, t,
  } = geolocWords;
  const { FIELDS, NO_ORIGIN, linesOf, meanings, metre, rounded } = geolocCase;

  const MOST_CORNERS = 200; // that are listed
  const QUIET_MS = 700; // before a change is read out
  let ids = 0;

  const MEANS = () => ({
    area: t('It happened inside'), searched: t('Searched, not found'), along: t('It happened along it'),
    near: t('At a distance from it'), bearing: t('In a direction from it'), mark: t('Mark only'),
  });

  const ALMOST = 1e-6;
  /** Write a share as percent, never as certainty: the lines are approximate. */
  const percent = (share) => geolocWords.percent(Math.min(1 - ALMOST, Math.max(ALMOST, share)));

  /** Write an interval, and one value where both ends read alike. */
  function between([low, high]) {
    const ends = [percent(low), percent(high)];
    return ends[0] === ends[1] ? ends[0] : t('{low} to {high}', { low: ends[0], high: ends[1] });
  }

  const LEVELS = () => ({ 'provinces': t('Province'), 'districts': t('District'), 'police-districts': '' });

  const NUMBERS = () => ({
    sigma_m: t('Uncertainty σ, metres'), distance_m: t('Distance, metres'), at_most_m: t('At most, metres'),
    azimuth_deg: t('Azimuth, degrees from true north'), sigma_deg: t('Uncertainty σ, degrees'),
    landmark_sigma_m: t('Uncertainty of the point, metres'), detection_probability: t('Chance of finding it there, 0 to 1'),
  });

  function button(write, act, attributes = {}) {
    const made = make('button', { type: 'button', ...attributes });
    follow(() => { made.textContent = write(); });
    made.addEventListener('click', act);
    return made;
  }

  /** Make a labelled field with a place for what is wrong with it. */
  function field(label, input, { hint = null } = {}) {
    ids += 1;
    const id = `field-${ids}`;
    input.id = id;
    input.setAttribute('aria-describedby', `${id}-said`);
    const told = make('p', { class: 'told', id: `${id}-said` });
    const part = make('div', { class: 'field' }, make('label', { for: id }, label), input, told);
    const tell = (wrong) => {
      told.textContent = wrong || hint || '';
      told.classList.toggle('is-wrong', Boolean(wrong));
      if (wrong) input.setAttribute('aria-invalid', 'true');
      else input.removeAttribute('aria-invalid');
    };
    tell(null);
    return { part, input, tell };
  }

  const number = (text) => (text.trim() === '' ? null : Number(text));

  /** Draw probability, interval and prior on one line from 0 to 100 %. */
  function gauge(verdict) {
    const at = (share) => 2 + 96 * share;
    const [low, high] = verdict.interval;
    return makeSvg('svg', { class: 'gauge', viewBox: '0 0 100 7', 'aria-hidden': 'true' },
      makeSvg('path', { class: 'rail', d: 'M2 4H98M2 2.5V5.5M50 2.5V5.5M98 2.5V5.5' }),
      makeSvg('path', { class: 'before', d: `M${at(verdict.prior)} 1V7` }),
      makeSvg('path', { class: 'span', d: `M${at(low)} 4H${at(high)}` }),
      makeSvg('circle', { class: 'found', cx: at(verdict.probability), cy: 4, r: 1.6 }));
  }

  const likelihood = (words) => ({
    'almost no chance': t('almost no chance'), 'very unlikely': t('very unlikely'), 'unlikely': t('unlikely'),
    'roughly even chance': t('roughly even chance'), 'likely': t('likely'), 'very likely': t('very likely'),
    'almost certain': t('almost certain'),
  }[words] || words);

  const placeOf = (claim) => claim.place || claim.name || t('none named');

  /** Return the claims place by place: one place has one verdict. */
  function byPlace(claims) {
    const groups = new Map();
    for (const claim of claims) {
      const key = JSON.stringify((claim.codes || []).length ? claim.codes : [claim.place]);
      groups.set(key, [...(groups.get(key) || []), claim]);
    }
    return [...groups.values()];
  }

  function make_(head, panel, work, map, tell) {
    const { opened } = work;

    /* Verdicts */

    const verdicts = make('section', { class: 'verdicts' });
    const groups = byPlace(opened.claims);

    function verdictBox(claims) {
      const verdict = work.judged && work.judged.verdicts.find((one) => one.claim === claims[0].index);
      const who = [...new Set(claims.map((claim) => claim.claimant))].join(t(', '));
      const judgedHere = verdict && verdict.probability !== null;
      return make('div', { class: `verdict grade-${verdict ? verdict.grade : 'not-assessable'}` },
        make('h3', {}, said('bdi', placeOf(claims[0])), ' ', make('small', {}, t('claimed by {who}', { who }))),
        make('p', { class: 'grade' }, verdict ? WORDS.grade[verdict.grade] : '…'),
        judgedHere ? gauge(verdict) : null,
        judgedHere ? make('p', { class: 'numbers' },
          make('b', {}, percent(verdict.probability)), t(', '), `${likelihood(verdict.words)} (${between(verdict.interval)})`, t('; '),
          t('{share} before any evidence', { share: percent(verdict.prior) })) : null,
        verdict && !judgedHere && verdict.reason ? said('p', verdict.reason, { class: 'aside', lang: 'en' }) : null);
    }

    function writeVerdicts() {
      const placed = groups.filter((claims) => (claims[0].codes || []).length);
      const area = work.judged && work.judged.area;
      verdicts.replaceChildren(
        make('h2', {}, t('Claimed, and how it agrees')),
        ...placed.map(verdictBox),
        placed.length ? '' : make('p', { class: 'aside' }, opened.case ? t('No claim here names a place with a known line.') : t('No case is open: nothing is judged, and nothing can be saved.')),
        placed.length < groups.length ? make('p', { class: 'aside' }, t('Claims without a place on the map: {count}', { count: groups.filter((claims) => !placed.includes(claims)).flat().length })) : '',
        area ? make('p', { class: 'aside' }, t('Likely area: 95 % lies within {area}. Approximate.', { area: areaWords(area.regions.reduce((wide, one) => (one.mass > wide.mass ? one : wide)).area_km2) })) : '',
        ...problemsOf(null).map((one) => said('p', one.message, { class: 'told is-wrong', lang: 'en' })),
        make('p', { class: 'warning' }, t('Claimed is not verified.')),
      );
      verdicts.removeAttribute('aria-busy');
      verdicts.dataset.waitedMs = work.judged ? work.judged.waited_ms.toFixed(0) : '';
    }

    let lastTold = '';
    let telling = null;
    /** Read the outcome out once it has come to rest, and only if it changed. */
    function announce() {
      clearTimeout(telling);
      telling = setTimeout(() => {
        const { judged, chosen } = work;
        if (!judged) return;
        const measured = judged.shapes.find(({ index }) => (chosen ? index === chosen.index : index === work.document.drawings.length));
        const words = [
          measured ? measureWords(measured) : '',
          ...groups.map((claims) => [claims, judged.verdicts.find((one) => one.claim === claims[0].index)])
            .filter(([claims, verdict]) => (claims[0].codes || []).length && verdict)
            .map(([claims, verdict]) => `${placeOf(claims[0])}: ${WORDS.grade[verdict.grade]}${verdict.probability === null ? '' : `${t(', ')}${percent(verdict.probability)}`}`),
        ].filter(Boolean).join('. ');
        if (words !== lastTold) tell(words, true);
        lastTold = words;
      }, QUIET_MS);
    }

    /* Drawings */

    const list = make('ol', { class: 'drawings' });
    const form = make('section', { class: 'form', hidden: '' });
    const heading = make('h2', {});
    const none = make('p', { class: 'aside' });
    let shown = null; // the form that stands there: { index, means, refresh }

    const lengthWords = (metres) => (metres < 1000 ? t('{metres} m', { metres: Math.round(metres) }) : metresWords(metres));

    function measureWords(measured) {
      return [
        Number.isFinite(measured.area_km2) ? areaIn(measured.area_km2) : null,
        Number.isFinite(measured.perimeter_m) ? t('outline {length}', { length: lengthWords(measured.perimeter_m) }) : null,
        Number.isFinite(measured.length_m) ? t('length {length}', { length: lengthWords(measured.length_m) }) : null,
      ].filter(Boolean).join(t(', '));
    }
    const areaIn = (km2) => t('{area} km²', { area: figures(km2 < 0.1 ? km2.toFixed(4) : km2 < 10 ? km2.toFixed(2) : km2.toFixed(1)) });

    const measuredOf = (index) => work.judged && work.judged.shapes.find((one) => one.index === index);
    const problemsOf = (index) => (work.judged ? work.judged.problems : []).filter((one) => one.index === index);

    function row(drawing, index) {
      const isChosen = work.chosen && work.chosen.index === index;
      const measured = measuredOf(index);
      const part = make('button', { type: 'button', class: 'entry', 'aria-pressed': String(Boolean(isChosen)) },
        make('span', { class: 'badge of-drawing' }, figures(String(index + 1))),
        make('span', { class: 'what' }, said('b', drawing.name),
          make('small', {}, MEANS()[drawing.means] || drawing.means, measured && measureWords(measured) ? ` · ${measureWords(measured)}` : '')),
        problemsOf(index).length ? make('span', { class: 'flag' }, t('to mend')) : null);
      part.addEventListener('click', () => {
        map.use('select');
        work.choose(isChosen ? null : index);
        if (!isChosen) map.frameDrawing(index);
        list.querySelectorAll('.entry')[index].focus();
      });
      return make('li', {}, part);
    }

    function writeList() {
      const { activeElement } = document;
      const focused = list.contains(activeElement) ? [...list.querySelectorAll('.entry')].indexOf(activeElement) : -1;
      heading.textContent = t('Drawings');
      none.textContent = work.document.drawings.length ? '' : t('Nothing is drawn yet. Choose Area, Line or Point above the map.');
      none.hidden = work.document.drawings.length > 0;
      list.replaceChildren(...work.document.drawings.map(row));
      if (focused >= 0 && list.children[focused]) list.children[focused].firstChild.focus();
    }

    /* The form */

    function textField(index, name, label, more = {}) {
      const input = more.rows ? make('textarea', { rows: more.rows, dir: 'auto' })
        : make('input', { type: more.type || 'text', dir: 'auto', ...(more.list ? { list: more.list } : {}) });
      const made = field(label, input, more);
      input.addEventListener('input', () => work.set(index, name, input.value));
      const tellOf = made.tell;
      made.part.classList.toggle('is-short', ['author', 'drawn_on'].includes(name));
      return {
        ...made, name,
        refresh() {
          const value = work.document.drawings[index][name] ?? '';
          if (document.activeElement !== input || input.value.trim() !== value) input.value = value;
          tellOf(wrong(index, name) || (name === 'origin' && value === NO_ORIGIN
            ? t('Say in which material it was seen: a photo, a video, a post. One origin counts once.') : null));
        },
      };
    }

    function numberField(index, name, label, more = {}) {
      const input = make('input', { type: 'number', step: 'any', inputmode: 'decimal', dir: 'ltr' });
      const made = field(label, input, more);
      input.addEventListener('input', () => work.set(index, name, number(input.value)));
      made.part.classList.add('is-short');
      return {
        ...made, name,
        refresh() {
          const value = work.document.drawings[index][name] ?? null;
          if (number(input.value) !== value && document.activeElement !== input) input.value = value === null ? '' : String(value);
          made.tell(wrong(index, name));
        },
      };
    }

    function choiceField(index, name, label, options, act) {
      const input = make('select', {}, ...options.map(([value, words]) => make('option', { value }, words)));
      const made = field(label, input);
      input.addEventListener('change', () => act(input.value));
      return { ...made, name, refresh() {
        input.value = work.document.drawings[index][name] ?? options[0][0];
        made.tell(wrong(index, name));
      } };
    }

    /** Return what is wrong with a field; what no field shows stands above them all. */
    function wrong(index, name) {
      const found = problemsOf(index).find((one) => (one.field || '').split(/[.[\]]/).filter(Boolean).at(-1) === name);
      return found ? found.message : null;
    }

    function originChoices() {
      const known = [...opened.evidence.map((one) => one.origin), ...work.document.drawings.map((one) => one.origin)];
      const all = [...new Set(known.filter((origin) => origin && origin !== NO_ORIGIN))];
      return make('datalist', { id: 'draw-origins' }, ...all.map((value) => make('option', { value })));
    }

    function sourceTicks(index) {
      if (!opened.sources.length) return null;
      const boxes = opened.sources.map((source) => {
        const tick = make('input', { type: 'checkbox', value: source.id });
        tick.addEventListener('change', () => {
          const ticked = boxes.filter(([one]) => one.checked).map(([one]) => one.value);
          const foreign = (work.document.drawings[index].sources || []).filter((id) => !opened.sources.some((one) => one.id === id));
          work.set(index, 'sources', [...ticked, ...foreign]);
        });
        return [tick, make('label', { class: 'tick' }, tick, said('span', source.title || source.id))];
      });
      return {
        name: 'sources',
        part: make('fieldset', { class: 'field' }, make('legend', {}, t('Sources')), ...boxes.map(([, label]) => label)),
        refresh() {
          const used = work.document.drawings[index].sources || [];
          boxes.forEach(([tick]) => { tick.checked = used.includes(tick.value); });
        },
      };
    }

    function buildForm(index) {
      const drawing = work.document.drawings[index];
      const means = meanings(drawing.geometry).map((value) => [value, MEANS()[value]]);
      const locates = drawing.means !== 'mark';
      const extra = FIELDS[drawing.means].map((name) => (name === 'seen_from'
        ? choiceField(index, 'seen_from', t('Seen from'), [['event', t('the event, towards this point')], ['landmark', t('this point, towards the event')]], (value) => work.set(index, 'seen_from', value))
        : numberField(index, name, NUMBERS()[name])));
      const fields = [
        textField(index, 'name', t('Name')),
        choiceField(index, 'means', t('What it says'), means, (value) => work.mean(index, value)),
        ...extra,
        ...locates ? [textField(index, 'origin', t('Origin: the material it was seen in'), { list: 'draw-origins' }),
          numberField(index, 'confidence', t('Confidence, 0 to 1'), { hint: t('How surely it is not plain wrong.') })] : [],
        textField(index, 'rationale', t('Why here'), { rows: 2 }),
        textField(index, 'method', t('Method')),
        textField(index, 'author', t('Author')),
        textField(index, 'drawn_on', t('Drawn on'), { type: 'date' }),
        sourceTicks(index),
      ].filter(Boolean);
      const rest = make('p', { class: 'told is-wrong', role: 'alert' });
      const touched = make('div', { class: 'touched' });
      const corners = cornerTable(index);
      form.replaceChildren(
        make('div', { class: 'head' }, make('span', { class: 'badge of-drawing' }, figures(String(index + 1))), said('h3', drawing.name)),
        touched, rest, make('div', { class: 'fields' }, ...fields.map(({ part }) => part)), originChoices(), corners.part,
        make('p', { class: 'keys' },
          button(() => t('Delete'), () => { work.remove(index); map.holder.focus(); tell(t('Deleted. Undo brings it back.')); }),
          button(() => t('Done'), () => { work.choose(null); list.querySelectorAll('.entry')[index].focus(); })),
      );
      const named = new Set(fields.map(({ name }) => name));
      return {
        index, means: drawing.means, lines: linesOf(drawing.geometry).length, path: String(work.chosen.path),
        refresh() {
          fields.forEach((one) => one.refresh());
          form.querySelector('h3').textContent = work.document.drawings[index].name || '';
          const loose = problemsOf(index).filter((one) => ![...named].some((name) => wrong(index, name) === one.message));
          rest.textContent = loose.map((one) => one.message).join(' ');
          writeTouched(touched, index);
          corners.refresh();
        },
      };
    }

    /** Name a unit with its kind; Dari says the kind first. */
    function unitWords(unit) {
      if (unit.code === null) return [t('in no police district')];
      const words = [said('bdi', geolocWords.rightToLeft() && unit.name_fa ? unit.name_fa : unit.name), ' ', make('small', {}, LEVELS()[unit.level] || '')];
      return geolocWords.language() === 'fa-AF' ? words.reverse() : words;
    }

    function writeTouched(part, index) {
      const measured = measuredOf(index);
      if (!measured) { part.replaceChildren(); return; }
      const shares = Number.isFinite(measured.area_km2) || Number.isFinite(measured.length_m);
      const rows = measured.units.map((unit) => make('tr', {},
        make('th', { scope: 'row' }, ...unitWords(unit)),
        shares ? make('td', {}, Number.isFinite(unit.share) ? percent(unit.share) : '') : null,
        make('td', {}, Number.isFinite(unit.membership) ? percent(unit.membership) : '')));
      part.replaceChildren(
        measureWords(measured) ? make('p', { class: 'measure' }, make('b', {}, measureWords(measured))) : '',
        rows.length ? make('table', {}, make('caption', {}, t('Touches, by approximate lines')),
          make('thead', {}, make('tr', {}, make('th', { scope: 'col' }, t('Unit')), shares ? make('th', { scope: 'col' }, t('Share')) : null, make('th', { scope: 'col' }, t('Membership')))),
          make('tbody', {}, ...rows)) : '',
      );
    }

    /* Corners */

    function cornerTable(index) {
      const body = make('tbody', {});
      const step = make('input', { type: 'number', min: 0.1, step: 'any', value: 10, dir: 'ltr' });
      const stepField = field(t('One arrow key moves by, metres'), step);
      const lines = linesOf(work.document.drawings[index].geometry);
      const ring = make('select', {}, ...lines.map((line, at) => make('option', { value: at },
        `${at + 1}${line.hole ? ` (${t('hole')})` : ''}`)));
      const ringField = field(t('Ring'), ring);
      ringField.part.hidden = lines.length < 2;
      ring.value = Math.max(0, lines.findIndex((line) => String(line.path) === String(work.chosen.path)));
      ring.addEventListener('change', () => work.choose(index, lines[ring.value].path));
      const note = make('p', { class: 'aside' });
      const summary = make('summary', {});
      const part = make('details', { class: 'corners' }, summary, ringField.part, stepField.part, note,
        make('table', {}, make('thead', {}, make('tr', {}, make('th', { scope: 'col' }, make('span', { class: 'unseen' }, t('Corner'))),
          ...[t('Latitude'), t('Longitude'), t('Change')].map((words) => make('th', { scope: 'col' }, words)))), body));
      if (shown && shown.index === index) part.open = Boolean(form.querySelector('.corners[open]'));
      let written = '';

      const line = () => linesOf(work.document.drawings[index].geometry).find((one) => String(one.path) === String(work.chosen ? work.chosen.path : '')) || linesOf(work.document.drawings[index].geometry)[0];
      const put = (corners, thing) => work.setCorners(index, line().path, corners, thing);

      function cornerRow(at, number_) {
        const cells = ['lat', 'lon'].map((axis) => {
          const input = make('input', { type: 'number', step: 'any', dir: 'ltr', 'aria-label': `${t('Corner')} ${number_ + 1}, ${axis === 'lat' ? t('Latitude') : t('Longitude')}` });
          input.addEventListener('input', () => {
            const value = number(input.value);
            const limit = axis === 'lat' ? 90 : 180;
            if (value === null || !(Math.abs(value) <= limit)) { input.setAttribute('aria-invalid', 'true'); return; }
            input.removeAttribute('aria-invalid');
            const corners = structuredClone(line().corners);
            corners[number_][axis === 'lat' ? 1 : 0] = value;
            put(corners, `${index}.corner.${number_}.${axis}`);
          });
          input.addEventListener('focus', () => map.showCorner(line().corners[number_]));
          return input;
        });
        const move = make('button', { type: 'button', class: 'move', 'aria-label': t('Move corner {number} with the arrow keys', { number: number_ + 1 }) }, '✥');
        move.addEventListener('focus', () => map.showCorner(line().corners[number_]));
        move.addEventListener('keydown', (event) => {
          const way = { ArrowUp: [0, 1], ArrowDown: [0, -1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] }[event.key];
          if (!way) return;
          event.preventDefault();
          const corners = structuredClone(line().corners);
          const size = (Number(step.value) || 10) * (event.shiftKey ? 10 : 1);
          const degrees = metre(corners[number_]);
          corners[number_] = rounded(corners[number_].map((value, axis) => value + way[axis] * size * degrees[axis]));
          put(corners, `${index}.corner.${number_}.move`);
          map.showCorner(corners[number_]);
        });
        const insert = make('button', { type: 'button', 'aria-label': t('Insert a corner after corner {number}', { number: number_ + 1 }) }, '+');
        insert.addEventListener('click', () => {
          const { corners, closed } = line();
          const next = corners[number_ + 1] || (closed ? corners[0] : null);
          const from = corners[number_];
          const between = next ? [(from[0] + next[0]) / 2, (from[1] + next[1]) / 2] : [from[0] + 20 * metre(from)[0], from[1]];
          put(corners.toSpliced(number_ + 1, 0, rounded(between)));
        });
        const gone = make('button', { type: 'button', 'aria-label': t('Delete corner {number}', { number: number_ + 1 }) }, '✕');
        gone.addEventListener('click', () => {
          put(line().corners.toSpliced(number_, 1));
          const left = body.querySelectorAll('.move');
          if (left.length) left[Math.min(number_, left.length - 1)].focus();
        });
        return make('tr', {}, make('th', { scope: 'row' }, figures(String(number_ + 1))), make('td', {}, cells[0]), make('td', {}, cells[1]),
          make('td', { class: 'acts' }, move, insert, gone));
      }

      function refresh() {
        const { corners, closed } = line();
        const isPoint = work.document.drawings[index].geometry.type === 'Point';
        summary.textContent = isPoint ? t('Position') : t('Corners ({count})', { count: corners.length });
        note.textContent = corners.length > MOST_CORNERS ? t('Only the first {count} are listed.', { count: MOST_CORNERS }) : '';
        note.hidden = !note.textContent;
        const listed = corners.slice(0, MOST_CORNERS);
        const key = `${listed.length} ${geolocWords.language()}`;
        if (key !== written) body.replaceChildren(...listed.map(cornerRow));
        written = key;
        listed.forEach(([lon, lat], at) => {
          const inputs = body.rows[at].querySelectorAll('input');
          [lat, lon].forEach((value, axis) => {
            if (Number(inputs[axis].value) !== value && document.activeElement !== inputs[axis]) inputs[axis].value = String(value);
          });
          const [, insert, gone] = body.rows[at].querySelectorAll('button');
          insert.hidden = isPoint;
          gone.hidden = isPoint;
          gone.disabled = corners.length <= (closed ? 3 : 2);
        });
      }
      return { part, refresh };
    }

    /* Where the case stands */

    const stated = make('section', { class: 'stated' });
    function buildStated() {
      if (!opened.case) return null;
      const status = make('select', {}, ...Object.entries(WORDS.status).map(([value, words]) => make('option', { value }, words)));
      const reason = make('textarea', { rows: 2, dir: 'auto' });
      const fields = [field(t('Geolocation'), status), field(t('Reason'), reason)];
      status.addEventListener('change', () => work.change((next) => { next.geolocation.status = status.value; }));
      reason.addEventListener('input', () => work.change((next) => { next.geolocation.reason = reason.value; }, 'reason'));
      stated.replaceChildren(make('h2', {}, t('Where it happened')), ...fields.map(({ part }) => part));
      return () => {
        const { geolocation, drawings } = work.document;
        status.value = geolocation.status;
        if (reason.value !== geolocation.reason) reason.value = geolocation.reason;
        const needs = drawings.some((one) => one.means !== 'mark') && !['exact', 'approximate'].includes(geolocation.status);
        fields[0].tell(needs ? t('A drawing says where it happened: this must be “found exactly” or “found approximately”.') : null);
      };
    }
    let refreshStated = null;

    function showForm() {
      const { chosen } = work;
      const drawing = chosen && work.document.drawings[chosen.index];
      form.hidden = !drawing;
      if (!drawing) { shown = null; form.replaceChildren(); return; }
      const same = shown && shown.index === chosen.index && shown.means === drawing.means
        && shown.lines === linesOf(drawing.geometry).length && shown.path === String(chosen.path);
      if (!same) {
        const focused = form.contains(document.activeElement) ? document.activeElement.id && [...form.querySelectorAll('input, select, textarea, button')].indexOf(document.activeElement) : -1;
        shown = buildForm(chosen.index);
        const again = focused > 0 ? form.querySelectorAll('input, select, textarea, button')[focused] : null;
        if (again) again.focus();
      }
      shown.refresh();
    }

    head.append(verdicts);
    panel.append(make('section', { class: 'list' }, heading, none, list, form), stated);
    follow(() => {
      shown = null;
      refreshStated = buildStated();
      if (refreshStated) refreshStated();
      writeVerdicts();
      writeList();
      showForm();
    });
    work.on('document', () => { writeList(); showForm(); if (refreshStated) refreshStated(); });
    work.on('chosen', () => { writeList(); showForm(); });
    work.on('asking', () => verdicts.setAttribute('aria-busy', 'true'));
    work.on('judged', () => {
      writeVerdicts();
      writeList();
      if (shown) showForm();
      announce();
    });
    return { measureWords };
  }

  /** Return what the form calls a field of a drawing. */
  const LABELS = () => ({
    ...NUMBERS(), name: t('Name'), means: t('What it says'), seen_from: t('Seen from'), origin: t('Origin: the material it was seen in'),
    confidence: t('Confidence, 0 to 1'), rationale: t('Why here'), method: t('Method'), author: t('Author'), drawn_on: t('Drawn on'), sources: t('Sources'), geometry: t('Shape'),
  });

  return Object.freeze({ LABELS, button, field, make: make_, percent });
})();
