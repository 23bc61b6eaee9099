/*
 * What every page of geoloc says and how it writes it: the words, and makers of elements that
 * can only ever hold text. No other script here makes an element in any other way.
 */
const geolocWords = (() => {
  'use strict';

  const WORDS = {
    lang: 'en-GB',
    grade: {
      'consistent': 'Consistent',
      'leans-consistent': 'Leans consistent',
      'undetermined': 'Undetermined',
      'leans-inconsistent': 'Leans inconsistent',
      'inconsistent': 'Inconsistent',
      'not-assessable': 'Not assessable',
    },
    meaning: {
      'consistent': 'The area found from other evidence agrees with the claimed place.'
        + ' This does not verify the claim.',
      'leans-consistent': 'The area found from other evidence rather agrees with the claimed'
        + ' place. This does not verify the claim.',
      'undetermined': 'The evidence neither supports nor contradicts the claimed place.',
      'leans-inconsistent': 'The area found from other evidence rather disagrees with the'
        + ' claimed place.',
      'inconsistent': 'The area found from other evidence disagrees with the claimed place.',
      'not-assessable': 'There is nothing independent to judge the claimed place by.',
    },
    status: {
      'exact': 'Found exactly',
      'approximate': 'Found approximately',
      'not-possible': 'Could not be found',
      'not-stated': 'Not stated',
    },
    shown: {
      'confirmed': 'Confirmed',
      'likely': 'Likely',
      'not-verified': 'Not verified',
      'not-found': 'Looked for, not found',
    },
    role: { claim: 'Claim', rival: 'Rival claim', report: 'Report' },
    layer: {
      'provinces': 'Province lines',
      'districts': 'District lines',
      'police-districts': 'Police-district lines',
    },
  };

  const SVG = 'http://www.w3.org/2000/svg';

  /** Make an element; strings among the children become text nodes. */
  function make(tag, attributes, ...children) {
    return fill(document.createElement(tag), attributes, children);
  }

  function makeSvg(tag, attributes, ...children) {
    return fill(document.createElementNS(SVG, tag), attributes, children);
  }

  function fill(element, attributes, children) {
    for (const [name, value] of Object.entries(attributes || {})) element.setAttribute(name, value);
    element.append(...children.filter((child) => child !== null && child !== ''));
    return element;
  }

  /** Make an element for words from outside: their direction is theirs and stays inside. */
  function said(tag, text, attributes) {
    return make(tag, { dir: 'auto', ...attributes }, String(text));
  }

  /** Write a share as whole percent, as verdicts do: never rounded to certainty. */
  function percent(share) {
    if (share >= 0.995 && share < 1 - 1e-9) return '> 99\u00a0%';
    if (share > 1e-9 && share < 0.005) return '< 1\u00a0%';
    return `${Math.round(100 * share)}\u00a0%`;
  }

  function factorWords(factor) {
    if (factor > 1e6) return 'over 1,000,000';
    if (factor < 1e-6) return 'under 0.000001';
    if (factor >= 10) return Math.round(factor).toLocaleString(WORDS.lang);
    return String(Number(factor.toPrecision(2)));
  }

  function dateWords(iso) {
    const style = { weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' };
    const day = new Date(`${iso}T00:00:00Z`);
    return day.toLocaleDateString(WORDS.lang, { ...style, timeZone: 'UTC' });
  }

  function countWords(count) {
    if (count.max === null) return `at least ${count.min}`;
    return count.max === count.min ? String(count.min) : `${count.min} to ${count.max}`;
  }

  function metresWords(metres) {
    return metres < 1000 ? `${metres} m` : `${(metres / 1000).toFixed(1)} km`;
  }

  const areaWords = (km2) => `${km2 < 10 ? km2.toFixed(1) : Math.round(km2).toLocaleString(WORDS.lang)} km²`;

  return Object.freeze({
    WORDS, make, makeSvg, said, percent, factorWords, dateWords, countWords, metresWords, areaWords,
  });
})();
