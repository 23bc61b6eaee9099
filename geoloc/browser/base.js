/*
 * Draws what lies behind the lines: a relief, a picture or tiles that are in the page, or tiles
 * of a server that somebody named. What is said of it comes from outside and becomes text nodes.
 */
(() => {
  'use strict';

  const { make, said, t } = geolocWords;
  const { box, follow, island, legendGroup, legendNote, legendRow, section, swatch, cell } = geolocSheet;
  const { base } = island;
  if (!base) return;

  const map = window[island.map];
  const PANE = 'base';
  const address = (picture) => `data:image/webp;base64,${picture}`;

  function drawPicture() {
    return L.imageOverlay(address(base.picture), box(base.box), { pane: PANE, className: `base-${base.kind}` });
  }

  /** Draw tiles that are in the page; where there is none, the paper shows. */
  function drawTiles() {
    const Tiles = L.GridLayer.extend({
      createTile({ x, y, z }) {
        const number = base.places[`${z}/${x}/${y}`];
        if (number === undefined) return make('div', {});
        return make('img', { src: address(base.pictures[number]), alt: '' });
      },
    });
    const [widest, closest] = base.zooms;
    return new Tiles({
      pane: PANE, className: 'base-tiles', minNativeZoom: widest, maxNativeZoom: closest, bounds: box(island.reach),
    });
  }

  function drawOnline() {
    return L.tileLayer(base.url, {
      pane: PANE, className: 'base-tiles', maxNativeZoom: base.closest, bounds: box(island.reach),
    });
  }

  const kindWords = () => ({
    relief: t('Shaded relief'), picture: t('Picture from above'), tiles: t('Map tiles'), online: t('Online tiles'),
  }[base.kind]);

  const titleWords = () => (base.title ? said('bdi', base.title) : kindWords());

  const warningWords = () => t('Background from {host}: this server learns which area you look at, when, and from which address.', {
    host: base.host,
  });

  /** Say what the background is, how fine, and what was done to it. */
  function factWords() {
    const facts = [];
    if (base.pixel_m) facts.push(t('One pixel is {metres} m.', { metres: base.pixel_m }));
    if (base.kind === 'relief') facts.push(t('Light from the north-west.'));
    if (base.stretched) facts.push(t('Brightness stretched: the darkest and brightest 2 % are cut.'));
    return facts.join(' ');
  }

  /** Let the background be made stronger or fainter. */
  function strength() {
    const slide = make('input', { type: 'range', min: 10, max: 100, step: 5, value: 50, class: 'strength' });
    const show = () => { map.getPane(PANE).style.opacity = slide.value / 100; };
    slide.addEventListener('input', show);
    show();
    follow(() => slide.setAttribute('aria-label', t('Strength of the background')));
    return slide;
  }

  function writeLegend(layer) {
    const picture = swatch(cell('base-swatch'));
    legendGroup(() => t('Background'));
    legendRow(map, picture, [layer], () => [titleWords(), make('small', {}, factWords())]);
    legendNote(strength());
  }

  /** Say on the map itself whose the background is, and who hears of it. */
  function writeCredit() {
    const credit = document.getElementById('credit');
    follow(() => {
      credit.querySelectorAll('.base-credit').forEach((part) => part.remove());
      if (base.host) credit.prepend(make('b', { class: 'base-credit' }, warningWords()));
      const owner = base.credit ? [': ', said('bdi', base.credit)] : [];
      credit.append(make('span', { class: 'base-credit' }, titleWords(), ...owner));
    });
  }

  /** Say it once more in the panel, before the page says how it was made. */
  function writePanel() {
    const panel = document.getElementById('panel');
    follow(() => {
      panel.querySelectorAll('.base-about').forEach((part) => part.remove());
      const about = section(t('Background of this map'),
        base.host ? make('p', { class: 'warning' }, warningWords()) : null,
        make('p', {}, base.title ? [kindWords(), ': '].join('') : '', titleWords(), '. ', factWords()),
        base.credit ? make('p', {}, t('Owner and licence:'), ' ', said('span', base.credit)) : null);
      about.classList.add('base-about');
      const foot = panel.querySelector('footer');
      panel.insertBefore(about, foot);
      if (base.host) {
        foot.textContent = t('Made with geoloc {version}. This page asks {host} for its background.', {
          version: island.version, host: base.host,
        });
      }
    });
  }

  map.createPane(PANE).style.zIndex = 210; // below everything that is drawn
  if (base.kind !== 'relief') map.getContainer().classList.add('over-picture');
  const draw = { relief: drawPicture, picture: drawPicture, tiles: drawTiles, online: drawOnline };
  const layer = draw[base.kind]().addTo(map);
  writeLegend(layer);
  writeCredit();
  writePanel();
})();
