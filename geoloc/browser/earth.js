/*
 * Lengths and areas on the WGS 84 ellipsoid, and the ways to write a place. Points are
 * [lon, lat] in degrees, lengths metres, areas square metres; what is written says latitude first.
 */
const geolocEarth = (() => {
  'use strict';

  const A = 6378137;
  const F = 1 / 298.257223563;
  const B = A * (1 - F);
  const E = Math.sqrt(F * (2 - F));
  const N = F / (2 - F);
  const rad = (degrees) => degrees * Math.PI / 180;
  // Only where it must be: adding and taking away 360 costs digits, and an area many metres.
  const turn = (degrees) => (Math.abs(degrees) <= 180 ? degrees : ((degrees + 540) % 360 + 360) % 360 - 180);

  /** Return the length of the geodesic between two points, by Vincenty's inverse formula. */
  function distance(from, to) {
    const wanted = rad(turn(to[0] - from[0]));
    const [u, v] = [from, to].map(([, lat]) => Math.atan((1 - F) * Math.tan(rad(lat))));
    const [sinU, cosU, sinV, cosV] = [Math.sin(u), Math.cos(u), Math.sin(v), Math.cos(v)];
    let lambda = wanted;
    for (let round = 0; round < 200; round += 1) {
      const [sinL, cosL] = [Math.sin(lambda), Math.cos(lambda)];
      const sinS = Math.hypot(cosV * sinL, cosU * sinV - sinU * cosV * cosL);
      if (sinS === 0) return 0;
      const cosS = sinU * sinV + cosU * cosV * cosL;
      const sigma = Math.atan2(sinS, cosS);
      const sinAlpha = cosU * cosV * sinL / sinS;
      const cos2Alpha = 1 - sinAlpha ** 2;
      const cosM = cos2Alpha ? cosS - 2 * sinU * sinV / cos2Alpha : 0;
      const c = F / 16 * cos2Alpha * (4 + F * (4 - 3 * cos2Alpha));
      const next = wanted + (1 - c) * F * sinAlpha
        * (sigma + c * sinS * (cosM + c * cosS * (2 * cosM ** 2 - 1)));
      if (Math.abs(next - lambda) < 1e-12) {
        const k = cos2Alpha * (A * A - B * B) / (B * B);
        const p = 1 + k / 16384 * (4096 + k * (k * (320 - 175 * k) - 768));
        const q = k / 1024 * (256 + k * (k * (74 - 47 * k) - 128));
        const less = q * sinS * (cosM + q / 4 * (cosS * (2 * cosM ** 2 - 1)
          - q / 6 * cosM * (4 * sinS ** 2 - 3) * (4 * cosM ** 2 - 3)));
        return B * p * (sigma - less);
      }
      lambda = next;
    }
    return NaN; // nearly opposite points, which no map of ours shows
  }

  const length = (points) => points.slice(1)
    .reduce((sum, point, index) => sum + distance(points[index], point), 0);

  const authalic = (sine) => (1 - E * E) * (sine / (1 - (E * sine) ** 2) + Math.atanh(E * sine) / E);
  const WHOLE = authalic(1);

  /**
   * Return the area within a ring that need not repeat its first point. The ellipsoid is laid on
   * the sphere of the same area, where the strip between an edge and the equator is exact.
   */
  function area(ring) {
    const halves = ring.map(([, lat]) => Math.tan(Math.asin(authalic(Math.sin(rad(lat))) / WHOLE) / 2));
    const strips = ring.map((point, index) => {
      const after = (index + 1) % ring.length;
      const along = Math.tan(rad(turn(ring[after][0] - point[0])) / 2);
      return 2 * Math.atan2(along * (halves[index] + halves[after]), 1 + halves[index] * halves[after]);
    });
    return Math.abs(strips.reduce((sum, strip) => sum + strip, 0)) * A * A * WHOLE / 2;
  }

  const SERIES = [
    N / 2 - 2 * N ** 2 / 3 + 5 * N ** 3 / 16 + 41 * N ** 4 / 180,
    13 * N ** 2 / 48 - 3 * N ** 3 / 5 + 557 * N ** 4 / 1440,
    61 * N ** 3 / 240 - 103 * N ** 4 / 140,
    49561 * N ** 4 / 161280,
  ];
  const RECTIFYING = A / (1 + N) * (1 + N ** 2 / 4 + N ** 4 / 64);

  function zoneOf(lon, lat) {
    if (lat >= 56 && lat < 64 && lon >= 3 && lon < 12) return 32;
    if (lat >= 72 && lon >= 0 && lon < 42) return [31, 33, 35, 37][[9, 21, 33, 42].findIndex((edge) => lon < edge)];
    return Math.floor((turn(lon) + 180) / 6) + 1;
  }

  /** Return the UTM zone, easting and northing of a point, by Krüger's series. */
  function utm([lon, lat]) {
    const zone = zoneOf(turn(lon), lat);
    const across = rad(turn(lon - (6 * zone - 183)));
    const sine = Math.sin(rad(lat));
    const tau = Math.sinh(Math.atanh(sine) - E * Math.atanh(E * sine));
    const xi = Math.atan2(tau, Math.cos(across));
    const eta = Math.atanh(Math.sin(across) / Math.hypot(1, tau));
    const more = (one, other) => SERIES.reduce((sum, term, index) => (
      sum + term * one(2 * (index + 1) * xi) * other(2 * (index + 1) * eta)), 0);
    const east = 500000 + 0.9996 * RECTIFYING * (eta + more(Math.cos, Math.sinh));
    const north = 0.9996 * RECTIFYING * (xi + more(Math.sin, Math.cosh));
    return { zone, east, north: lat < 0 ? north + 1e7 : north };
  }

  /** Write a point in MGRS to the metre, cut and not rounded as the standard wants. */
  function mgrs([lon, lat]) {
    if (lat < -80 || lat > 84) return null; // the polar grids are another system
    // Whole millimetres first, so that a corner of the grid is not cut into the square before.
    const { zone, ...metres } = utm([lon, lat]);
    const [east, north] = [metres.east, metres.north].map((exact) => Math.round(exact * 1000) / 1000);
    const band = 'CDEFGHJKLMNPQRSTUVWXX'[Math.floor((lat + 80) / 8)];
    const column = ['STUVWXYZ', 'ABCDEFGH', 'JKLMNPQR'][zone % 3][Math.floor(east / 1e5) - 1];
    const rows = zone % 2 ? 'ABCDEFGHJKLMNPQRSTUV' : 'FGHJKLMNPQRSTUVABCDE';
    const row = rows[Math.floor(north / 1e5) % 20];
    const digits = [east, north].map((value) => String(Math.floor(value % 1e5)).padStart(5, '0'));
    return `${String(zone).padStart(2, '0')}${band} ${column}${row} ${digits.join(' ')}`;
  }

  const decimal = ([lon, lat]) => `${lat.toFixed(5)}, ${turn(lon).toFixed(5)}`;

  function dms([lon, lat]) {
    const write = (degrees, [positive, negative]) => {
      const tenths = Math.round(Math.abs(degrees) * 36000);
      const minutes = String(Math.floor(tenths / 600) % 60).padStart(2, '0');
      const seconds = (tenths % 600 / 10).toFixed(1).padStart(4, '0');
      return `${Math.floor(tenths / 36000)}°${minutes}′${seconds}″${degrees < 0 ? negative : positive}`;
    };
    return `${write(lat, 'NS')} ${write(turn(lon), 'EW')}`;
  }

  return Object.freeze({ area, decimal, distance, dms, length, mgrs, utm });
})();
