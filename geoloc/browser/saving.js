/*
 * Saves what the map shows: its shapes as GeoJSON or KML, each with what must be said of it, and
 * the map itself as a picture or on paper. Files are made here; nothing is sent anywhere.
 */
const geolocSaving = (() => {
  'use strict';

  const { rightToLeft, t } = geolocWords;
  const { island } = geolocSheet;

  // What a file says of each kind of shape, in English whatever the page's language is.
  const CAVEATS = {
    claimed: 'Claimed, not verified. The outline is that of the unit that the claim names.',
    likely: 'Computed from evidence by geoloc; approximate. Nothing more exact is known.',
    clue: 'A clue as recorded; it says where something may be, not where it is.',
    line: 'Boundaries as drawn in this edition.',
    zone: 'Computed from labelled localities; approximate. No line here is exact.',
    locality: 'A label that somebody gave; its position is approximate.',
  };

  function save(name, type, content) {
    const link = document.createElement('a');
    link.href = URL.createObjectURL(content instanceof Blob ? content : new Blob([content], { type }));
    link.download = `${island.map.replace(/^map_/, '')}.${name}`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
  }

  /** Return every shape that is on the map now and says what it is, as GeoJSON features. */
  function features(map) {
    const found = [];
    const parts = new Set(); // of groups, which are told as a whole
    map.eachLayer((layer) => {
      if (layer.options.about && layer.eachLayer) layer.eachLayer((part) => parts.add(part));
    });
    map.eachLayer((layer) => {
      const { about } = layer.options;
      if (!about || !layer.toGeoJSON || parts.has(layer)) return;
      const drawn = layer.toGeoJSON(5);
      for (const feature of drawn.features || [drawn]) found.push({ type: 'Feature', properties: facts(about), geometry: feature.geometry });
    });
    return found;
  }

  function facts(about) {
    const known = island.editions.filter((edition) => !about.edition || edition.id === about.edition);
    const lines = known.map((edition) => `${edition.id}${edition.caveat ? ` (${edition.caveat})` : ''}`).join('; ');
    return {
      ...about,
      caveat: CAVEATS[about.kind] || 'Approximate.',
      editions: lines,
      attribution: known.map((edition) => edition.attribution).join('; '),
      licence: [...new Set(known.map((edition) => edition.licence))].join('; '),
      made_with: `geoloc ${island.version}`,
    };
  }

  function saveGeojson(map) {
    save('geojson', 'application/geo+json', JSON.stringify({ type: 'FeatureCollection', name: island.title, features: features(map) }));
  }

  /** Escape for XML; what XML cannot hold at all becomes the sign for that. */
  function xml(text) {
    return String(text).toWellFormed()
      .replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '\ufffd')
      .replace(/[&<>"']/g, (sign) => `&#${sign.codePointAt()};`);
  }

  const points = (line) => line.map(([lon, lat]) => `${lon},${lat}`).join(' ');

  function kmlShape({ type, coordinates: at }) {
    const ring = (name, line) => `<${name}><LinearRing><coordinates>${points(line)}</coordinates></LinearRing></${name}>`;
    const many = (of) => `<MultiGeometry>${at.map((part) => kmlShape({ type: of, coordinates: part })).join('')}</MultiGeometry>`;
    return {
      Point: () => `<Point><coordinates>${points([at])}</coordinates></Point>`,
      LineString: () => `<LineString><coordinates>${points(at)}</coordinates></LineString>`,
      Polygon: () => `<Polygon>${ring('outerBoundaryIs', at[0])}${at.slice(1).map((line) => ring('innerBoundaryIs', line)).join('')}</Polygon>`,
      MultiPoint: () => many('Point'),
      MultiLineString: () => many('LineString'),
      MultiPolygon: () => many('Polygon'),
    }[type]();
  }

  function kml(map) {
    const marks = features(map).filter(({ geometry }) => geometry && geometry.coordinates).map(({ properties, geometry }) => {
      const facts = Object.entries(properties).filter(([name, value]) => name !== 'name' && value !== null && value !== undefined)
        .map(([name, value]) => `<Data name="${xml(name)}"><value>${xml(value)}</value></Data>`).join('');
      return `<Placemark><name>${xml(properties.name)}</name><description>${xml(properties.caveat)}</description>`
        + `<styleUrl>#${xml(properties.kind)}</styleUrl><ExtendedData>${facts}</ExtendedData>${kmlShape(geometry)}</Placemark>`;
    });
    const style = (id, line, fill) => `<Style id="${id}"><LineStyle><color>${line}</color><width>2</width></LineStyle><PolyStyle><color>${fill}</color></PolyStyle></Style>`;
    return `<?xml version="1.0" encoding="UTF-8"?>\n<kml xmlns="http://www.opengis.net/kml/2.2"><Document><name>${xml(island.title)}</name>`
      + `${style('claimed', 'ff005ed5', '22005ed5')}${style('likely', 'ffb27200', '44b27200')}${style('line', 'ff788b8b', '00ffffff')}`
      + `${marks.join('\n')}</Document></kml>\n`;
  }

  const saveKml = (map) => save('kml', 'application/vnd.google-earth.kml+xml', kml(map));

  /* The picture */

  const SCALE = 2;
  const LOOKS = [
    'fill', 'fill-opacity', 'fill-rule', 'stroke', 'stroke-opacity', 'stroke-width', 'stroke-dasharray',
    'stroke-linecap', 'stroke-linejoin', 'opacity', 'display', 'visibility', 'font-size', 'font-family', 'text-anchor',
  ];

  /** Copy a drawing with its looks written into it, since a style sheet does not travel along. */
  function styled(svg) {
    const copy = svg.cloneNode(true);
    const [from, to] = [svg, copy].map((root) => [root, ...root.querySelectorAll('*')]);
    from.forEach((element, index) => {
      const look = getComputedStyle(element);
      to[index].removeAttribute('style');
      for (const name of LOOKS) to[index].setAttribute(name, look.getPropertyValue(name));
    });
    return copy;
  }

  async function picture(svg) {
    const copy = styled(svg);
    const { width, height } = svg.getBoundingClientRect();
    copy.setAttribute('width', width * SCALE);
    copy.setAttribute('height', height * SCALE);
    copy.removeAttribute('transform');
    for (const defs of document.querySelectorAll('#patterns defs')) copy.prepend(styled(defs));
    const image = new Image();
    image.src = `data:image/svg+xml,${encodeURIComponent(new XMLSerializer().serializeToString(copy))}`;
    await image.decode();
    return image;
  }

  const seen = (element) => {
    const { display, visibility } = getComputedStyle(element);
    return display !== 'none' && visibility !== 'hidden' && element.getClientRects().length > 0;
  };

  /** Draw an element's ground and letters where they stand on the page. */
  function drawWords(pen, element, origin) {
    for (const part of [element, ...element.querySelectorAll('*')]) {
      if (part instanceof SVGElement || !seen(part)) continue;
      const look = getComputedStyle(part);
      const frame = part.getBoundingClientRect();
      pen.fillStyle = look.backgroundColor;
      pen.beginPath();
      pen.roundRect(frame.left - origin.left, frame.top - origin.top, frame.width, frame.height, Number.parseFloat(look.borderRadius) || 0);
      pen.fill();
      for (const node of part.childNodes) {
        if (node.nodeType === Node.TEXT_NODE && node.textContent.trim()) drawText(pen, node, look, origin);
      }
    }
  }

  function drawText(pen, node, look, origin) {
    const range = document.createRange();
    range.selectNodeContents(node);
    pen.font = `${look.fontWeight} ${look.fontSize} ${look.fontFamily}`;
    pen.letterSpacing = look.letterSpacing === 'normal' ? '0px' : look.letterSpacing;
    pen.direction = look.direction;
    pen.textAlign = 'center';
    pen.textBaseline = 'middle';
    const text = look.textTransform === 'uppercase' ? node.textContent.toUpperCase() : node.textContent;
    const { left, top, width, height } = range.getBoundingClientRect();
    const spot = [left + width / 2 - origin.left, top + height / 2 - origin.top + 1];
    if (look.textShadow !== 'none') {
      pen.strokeStyle = getComputedStyle(document.documentElement).getPropertyValue('--halo');
      [pen.lineWidth, pen.lineJoin] = [3.5, 'round'];
      pen.strokeText(text, ...spot);
    }
    pen.fillStyle = look.color;
    pen.fillText(text, ...spot);
  }

  const zIndex = (pane) => Number(getComputedStyle(pane).zIndex) || 0;

  /** Cut a pane as the page cuts it, with the divider between claimed and found. */
  function cut(pen, pane, origin) {
    const corners = [...pane.style.clipPath.matchAll(/(-?[\d.]+)px (-?[\d.]+)px/g)];
    if (!corners.length) return;
    const { left, top } = pane.getBoundingClientRect();
    pen.beginPath();
    corners.forEach(([, x, y]) => pen.lineTo(left - origin.left + Number(x), top - origin.top + Number(y)));
    pen.clip();
  }

  /** Draw everything that lies on the map, pane by pane, lowest first. */
  async function drawMap(pen, map) {
    const origin = map.getContainer().getBoundingClientRect();
    const panes = Object.values(map.getPanes()).filter((pane) => pane !== map.getPane('mapPane') && pane !== map.getPane('tilePane'));
    for (const pane of [map.getPane('tilePane'), ...panes.sort((one, other) => zIndex(one) - zIndex(other))]) {
      pen.save();
      cut(pen, pane, origin);
      pen.globalAlpha = Number(getComputedStyle(pane).opacity);
      for (const part of pane.querySelectorAll('svg, canvas, img')) {
        if (!seen(part) || part.closest('svg') !== (part.matches('svg') ? part : null)) continue;
        const { left, top, width, height } = part.getBoundingClientRect();
        pen.drawImage(part.matches('svg') ? await picture(part) : part, left - origin.left, top - origin.top, width, height);
      }
      pen.globalAlpha = 1;
      pane.querySelectorAll('.leaflet-marker-icon').forEach((icon) => drawWords(pen, icon, origin));
      pen.restore();
    }
  }

  /** Break words into lines that are not wider than `room`. */
  function lines(pen, text, room) {
    return text.split(' ').reduce((all, word) => {
      const longer = all.length ? `${all.at(-1)} ${word}` : word;
      return all.length && pen.measureText(longer).width <= room ? [...all.slice(0, -1), longer] : [...all, word];
    }, []);
  }

  /** Lay out the words under the map: what each sign means, and what must be said. */
  function captions(pen, width) {
    const ink = (name) => getComputedStyle(document.documentElement).getPropertyValue(name);
    const font = (weight, size) => `${weight} ${size}px ${getComputedStyle(document.body).fontFamily}`;
    const gap = 14;
    const columns = Math.max(1, Math.floor(width / 300));
    const room = (width - gap * (columns + 1)) / columns;
    const tops = Array(columns).fill(gap);
    const placed = [];
    let shown = true;
    for (const row of document.querySelectorAll('#legend .row, #legend .step')) {
      if (row.matches('.row')) shown = row.querySelector('input').checked;
      if (!shown || !row.querySelector('svg')) continue;
      const column = tops.indexOf(Math.min(...tops));
      pen.font = font(400, 12);
      const words = lines(pen, (row.matches('.row') ? row.lastElementChild : row).innerText.replace(/\s+/g, ' ').trim(), room - 44);
      placed.push({ svg: row.querySelector('svg'), words, x: gap + column * (room + gap), y: tops[column], room });
      tops[column] += Math.max(26, 16 * words.length + 8);
    }
    let y = Math.max(...tops) + 4;
    const said = [[island.title, false], ...[...document.querySelectorAll('#credit > *')].map((part) => [part.innerText, part.matches('b')]),
    [t('Claimed is not verified. Made with geoloc {version}.', { version: island.version }), true]]
      .flatMap(([text, loud]) => {
        pen.font = font(loud ? 600 : 400, 11.5);
        return lines(pen, text, width - 2 * gap).map((words) => {
          y += 15;
          return { words, y, font: pen.font, ink: ink(loud ? '--warn' : '--soft') };
        });
      });
    return { placed, said, height: y + gap, font, ink, gap };
  }

  async function drawCaptions(pen, layout, width, top) {
    const far = rightToLeft();
    pen.direction = far ? 'rtl' : 'ltr';
    pen.textAlign = far ? 'right' : 'left';
    pen.textBaseline = 'alphabetic';
    pen.letterSpacing = '0px';
    for (const { svg, words, x, y, room } of layout.placed) {
      const at = far ? width - x - room : x;
      pen.drawImage(await picture(svg), far ? at + room - 34 : at, top + y, 34, 20);
      pen.font = layout.font(400, 12);
      pen.fillStyle = layout.ink('--ink');
      words.forEach((line, index) => pen.fillText(line, far ? at + room - 44 : at + 44, top + y + 14 + 16 * index));
    }
    for (const line of layout.said) {
      pen.font = line.font;
      pen.fillStyle = line.ink;
      pen.fillText(line.words, far ? width - layout.gap : layout.gap, top + line.y);
    }
  }

  function drawScale(pen, map) {
    const bar = document.querySelector('.leaflet-control-scale-line');
    const height = map.getSize().y;
    const width = bar.offsetWidth;
    pen.fillStyle = pen.strokeStyle = getComputedStyle(document.body).color;
    pen.lineWidth = 2;
    pen.beginPath();
    pen.moveTo(12, height - 20);
    pen.lineTo(12, height - 12);
    pen.lineTo(12 + width, height - 12);
    pen.lineTo(12 + width, height - 20);
    pen.stroke();
    [pen.textAlign, pen.textBaseline, pen.direction, pen.letterSpacing] = ['left', 'alphabetic', 'ltr', '0px'];
    pen.font = `12px ${getComputedStyle(document.body).fontFamily}`;
    pen.fillText(bar.textContent, 17, height - 17);
  }

  /** Draw the map, its legend and what must be said of it into one picture. */
  async function savePicture(map) {
    const { x: width, y: height } = map.getSize();
    const canvas = document.createElement('canvas');
    const pen = canvas.getContext('2d');
    const layout = captions(pen, width);
    canvas.width = width * SCALE;
    canvas.height = (height + layout.height) * SCALE;
    pen.scale(SCALE, SCALE);
    pen.fillStyle = layout.ink('--paper');
    pen.fillRect(0, 0, width, height);
    await drawMap(pen, map);
    drawScale(pen, map);
    pen.fillStyle = layout.ink('--sheet');
    pen.fillRect(0, height, width, layout.height);
    await drawCaptions(pen, layout, width, height);
    const blob = await new Promise((done) => { canvas.toBlob(done, 'image/png'); });
    save('png', 'image/png', blob);
  }

  /** Give paper a map of one size, which the style sheet then enlarges to the sheet. */
  function fitPaper(map) {
    const legend = document.getElementById('legend');
    let before = null;
    window.addEventListener('beforeprint', () => {
      before = { view: map.getBounds(), center: map.getCenter(), zoom: map.getZoom(), open: legend.open };
      legend.open = true; // paper cannot be asked what a hatch means
      document.documentElement.classList.add('is-printing');
      map.invalidateSize({ animate: false, pan: false });
      map.fitBounds(before.view, { animate: false });
      map.fire('resize');
    });
    window.addEventListener('afterprint', () => {
      document.documentElement.classList.remove('is-printing');
      map.invalidateSize({ animate: false, pan: false });
      if (!before) return;
      legend.open = before.open;
      map.setView(before.center, before.zoom, { animate: false });
    });
  }

  return Object.freeze({ features, fitPaper, kml, saveGeojson, saveKml, savePicture });
})();
