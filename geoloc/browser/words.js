/*
 * What every page of geoloc says, in three languages, and how it writes numbers and dates; and
 * makers of elements that can only ever hold text. No other script here makes an element in any
 * other way.
 */
const geolocWords = (() => {
  'use strict';

  const LANGUAGES = { 'en': 'English', 'fa-AF': 'دری', 'ps': 'پښتو' };
  const SVG = 'http://www.w3.org/2000/svg';
  const listeners = [];
  let language = 'en';
  let home = document.documentElement; // what is in the page's language

  const rightToLeft = () => language !== 'en';
  const column = () => Object.keys(LANGUAGES).indexOf(language) - 1;

  /**
   * Return a text in the page's language. `{name}` in it becomes `values.name`: a number in the
   * digits of the language, words as they are and with their direction kept inside.
   */
  function t(text, values = {}) {
    const words = language === 'en' ? text : (geolocDictionary[text] || [])[column()] || text;
    return words.replace(/\{(\w+)\}/g, (whole, name) => {
      if (!Object.hasOwn(values, name)) return whole;
      const value = values[name];
      if (typeof value === 'number') return figures(String(value));
      return rightToLeft() ? `\u2068${value}\u2069` : String(value);
    });
  }

  function setLanguage(wanted) {
    language = Object.hasOwn(LANGUAGES, wanted) ? wanted : 'en';
    home.lang = language;
    home.dir = rightToLeft() ? 'rtl' : 'ltr';
    listeners.forEach((rewrite) => rewrite());
  }

  /** Be at home in one part of somebody else's page: its language and direction are not ours. */
  const liveIn = (element) => { home = element; };

  /** Have something written anew whenever the language changes. */
  const onLanguage = (rewrite) => { listeners.push(rewrite); };

  /** Write something now, and anew whenever the language changes. */
  function follow(write) {
    write();
    onLanguage(write);
  }

  /** Take the language that a link asks for, else the reader's own. */
  function chooseLanguage() {
    const asked = new URLSearchParams(window.location.hash.slice(1)).get('lang');
    const own = Object.keys(LANGUAGES).find((code) => navigator.language.slice(0, 2) === code.slice(0, 2));
    if (asked || own !== language) setLanguage(asked || own);
  }

  function languageChoice() {
    const choice = make('select', {}, ...Object.entries(LANGUAGES).map(([code, name]) => (
      make('option', { value: code, lang: code }, name))));
    choice.addEventListener('change', () => setLanguage(choice.value));
    follow(() => {
      choice.value = language;
      choice.setAttribute('aria-label', t('Language'));
    });
    return choice;
  }

  /** Write a text's digits and signs as the page's language does; codes and coordinates never. */
  function figures(text) {
    if (!rightToLeft()) return text;
    return text.replace(/(\d),(?=\d{3})/g, '$1٬').replace(/(\d)\.(?=\d)/g, '$1٫')
      .replace(/\d/g, (digit) => '۰۱۲۳۴۵۶۷۸۹'[digit]);
  }

  // Every word is asked for anew, since the language may have changed.
  const WORDS = {
    get lang() { return language === 'en' ? 'en-GB' : language; },
    get grade() {
      return {
        'consistent': t('Consistent'),
        'leans-consistent': t('Leans consistent'),
        'undetermined': t('Undetermined'),
        'leans-inconsistent': t('Leans inconsistent'),
        'inconsistent': t('Inconsistent'),
        'not-assessable': t('Not assessable'),
      };
    },
    get meaning() {
      return {
        'consistent': t('The area found from other evidence agrees with the claimed place. This does not verify the claim.'),
        'leans-consistent': t('The area found from other evidence rather agrees with the claimed place. This does not verify the claim.'),
        'undetermined': t('The evidence neither supports nor contradicts the claimed place.'),
        'leans-inconsistent': t('The area found from other evidence rather disagrees with the claimed place.'),
        'inconsistent': t('The area found from other evidence disagrees with the claimed place.'),
        'not-assessable': t('There is nothing independent to judge the claimed place by.'),
      };
    },
    get status() {
      return {
        'exact': t('Found exactly'),
        'approximate': t('Found approximately'),
        'not-possible': t('Could not be found'),
        'not-stated': t('Not stated'),
      };
    },
    get shown() {
      return {
        'confirmed': t('Confirmed'),
        'likely': t('Likely'),
        'not-verified': t('Not verified'),
        'not-found': t('Looked for, not found'),
      };
    },
    get role() { return { claim: t('Claim'), rival: t('Rival claim'), report: t('Report') }; },
    get layer() {
      return {
        'provinces': t('Province lines'),
        'districts': t('District lines'),
        'police-districts': t('Police-district lines'),
      };
    },
  };

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
    const sign = rightToLeft() ? '٪' : '\u00a0%';
    if (share >= 0.995 && share < 1 - 1e-9) return t('> {share}', { share: figures(`99${sign}`) });
    if (share > 1e-9 && share < 0.005) return t('< {share}', { share: figures(`1${sign}`) });
    return figures(`${Math.round(100 * share)}${sign}`);
  }

  const thousands = (number) => figures(Math.round(number).toLocaleString('en-GB'));

  function factorWords(factor) {
    if (factor > 1e6) return t('over {number}', { number: figures('1,000,000') });
    if (factor < 1e-6) return t('under {number}', { number: figures('0.000001') });
    return factor >= 10 ? thousands(factor) : figures(String(Number(factor.toPrecision(2))));
  }

  const WEEKDAYS = () => [
    t('Sunday'), t('Monday'), t('Tuesday'), t('Wednesday'), t('Thursday'), t('Friday'), t('Saturday'),
  ];
  const MONTHS = () => [
    t('January'), t('February'), t('March'), t('April'), t('May'), t('June'), t('July'),
    t('August'), t('September'), t('October'), t('November'), t('December'),
  ];
  const SOLAR_MONTHS = () => [
    t('Hamal'), t('Sawr'), t('Jawza'), t('Saratan'), t('Asad'), t('Sunbula'), t('Mizan'),
    t('Aqrab'), t('Qaws'), t('Jadi'), t('Dalw'), t('Hut'),
  ];

  /** Write a day: in Dari and Pashto in the solar calendar first, which people there live by. */
  function dateWords(iso) {
    const day = new Date(`${iso}T00:00:00Z`);
    const common = [day.getUTCDate(), MONTHS()[day.getUTCMonth()], day.getUTCFullYear()];
    const weekday = WEEKDAYS()[day.getUTCDay()];
    if (!rightToLeft()) return `${weekday} ${common.join(' ')}`;
    const style = { calendar: 'persian', timeZone: 'UTC', day: 'numeric', month: 'numeric', year: 'numeric' };
    const parts = Object.fromEntries(new Intl.DateTimeFormat('en', style).formatToParts(day)
      .map(({ type, value }) => [type, Number.parseInt(value, 10)]));
    const solar = [parts.day, SOLAR_MONTHS()[parts.month - 1], parts.year];
    return figures(`${weekday} ${solar.join(' ')} (${common.join(' ')})`);
  }

  function countWords(count) {
    if (count.max === null) return t('at least {least}', { least: count.min });
    return count.max === count.min ? figures(String(count.min))
      : t('{least} to {most}', { least: count.min, most: count.max });
  }

  function metresWords(metres) {
    return metres < 1000 ? t('{metres} m', { metres })
      : t('{km} km', { km: figures((metres / 1000).toFixed(1)) });
  }

  const areaNumber = (km2) => (km2 < 10 ? figures(String(Number(km2.toPrecision(2)))) : thousands(km2));
  const areaWords = (km2) => t('{area} km²', { area: areaNumber(km2) });

  return Object.freeze({
    LANGUAGES, WORDS, make, makeSvg, said, t, chooseLanguage, follow, languageChoice,
    liveIn, onLanguage, setLanguage, rightToLeft, figures,
    percent, factorWords, dateWords, countWords, metresWords, areaNumber, areaWords,
    language: () => language,
  });
})();
