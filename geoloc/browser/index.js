/*
 * Writes the list of incidents in the page's language. The list itself is in the page without any
 * script; only what is ours in it is written anew, never a word from outside.
 */
(() => {
  'use strict';

  const { chooseLanguage, dateWords, follow, language, languageChoice, t } = geolocWords;

  for (const part of document.querySelectorAll('[data-t]')) {
    const { count, ...values } = part.dataset;
    if (count) values.count = Number(count);
    follow(() => { part.textContent = t(part.dataset.t, values); });
  }
  for (const cell of document.querySelectorAll('[data-of]')) {
    const heading = cell.dataset.of;
    follow(() => { cell.dataset.of = t(heading); });
  }
  for (const time of document.querySelectorAll('time')) follow(() => { time.textContent = dateWords(time.dateTime); });
  for (const link of document.querySelectorAll('a[href]')) {
    follow(() => { link.hash = language() === 'en' ? '' : `lang=${language()}`; });
  }
  document.querySelector('header').prepend(languageChoice());
  chooseLanguage();
})();
