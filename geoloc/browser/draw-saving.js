/*
 * Keeping the work: saving into the case with a name and a reason, the choice when somebody else
 * saved meanwhile, the draft that was kept, files to take away, and leaving nothing behind.
 */
const geolocDrawSaving = (() => {
  'use strict';

  const { follow, make, said, t } = geolocWords;
  const { button, field } = geolocDrawPanel;

  const FORMATS = ['kml', 'kmz', 'geojson', 'gpkg', 'gpx', 'fgb', 'parquet', 'csv', 'xlsx'];

  function make_(root, work, tell) {
    const { ask, opened } = work;
    const dialog = make('dialog', { class: 'saving', 'aria-labelledby': 'draw-dialog' });
    root.append(dialog);
    let left = false; // closed on purpose

    function show(title, ...nodes) {
      dialog.replaceChildren(make('h2', { id: 'draw-dialog' }, title), ...nodes);
      if (!dialog.open) dialog.showModal();
    }
    const plain = (words, act, attributes = {}) => {
      const made = make('button', { type: 'button', ...attributes }, words);
      made.addEventListener('click', act);
      return made;
    };
    const close = () => dialog.close();

    /* Saving */

    let why = '';
    function askToSave() {
      if (!opened.case) { tell(t('No case is open: nothing is judged, and nothing can be saved.')); return; }
      const who = field(t('Author'), make('input', { type: 'text', dir: 'auto', value: work.author, autocomplete: 'off' }));
      const reason = field(t('Why: what changed, on what grounds'), make('textarea', { rows: 3, dir: 'auto' }));
      reason.input.value = why;
      const told = make('p', { class: 'told is-wrong', role: 'alert' });
      const save = plain(t('Save'), () => send(work.version), { class: 'main' });
      async function send(version) {
        why = reason.input.value.trim();
        who.tell(who.input.value.trim() ? null : t('Say who saves.'));
        reason.tell(why ? null : t('Say why: the journal keeps it.'));
        if (!who.input.value.trim()) { who.input.focus(); return; }
        if (!why) { reason.input.focus(); return; }
        save.disabled = true;
        const answer = await work.save(who.input.value.trim(), why, version);
        save.disabled = false;
        if (answer.ok) {
          why = '';
          close();
          tell(t('Saved.'));
        } else if (answer.conflict) showConflict(answer.conflict, who.input.value.trim());
        else {
          told.textContent = answer.field ? `${answer.field}: ${answer.error}` : answer.error;
          showProblem(answer.field);
        }
      }
      show(t('Save into the case'), who.part, reason.part, told, make('p', { class: 'keys' }, save, plain(t('Cancel'), close)));
      (work.author ? reason : who).input.focus();
    }

    /** Choose the drawing that a refused save names. */
    function showProblem(name) {
      const found = /drawings\D?(\d+)/.exec(name || '');
      if (found) work.choose(Number(found[1]));
    }

    /** Call the drawings' fields, which lines of their own name, as the form does. */
    function inWords(diff) {
      const labels = geolocDrawPanel.LABELS();
      const { drawings } = work.began;
      return diff.replace(/^ {2}drawings\[(\d+)\](?:\.(\w+)[\w.]*)?$/gm, (whole, index, name) => {
        const called = drawings[index] && drawings[index].name;
        if (!called) return whole;
        return `  ${called}${name ? `: ${labels[name] || name}` : ''}`;
      });
    }

    function showConflict(conflict, author) {
      const diff = make('pre', { class: 'diff', tabindex: 0, dir: 'ltr', role: 'region', 'aria-label': t('What differs') });
      for (const line of inWords(String(conflict.diff)).split('\n')) {
        const kind = { '+': 'is-new', '-': 'is-old' }[line[0]];
        diff.append(make('span', kind ? { class: kind } : {}, `${line}\n`));
      }
      const told = make('p', { class: 'told is-wrong', role: 'alert' });
      show(t('Somebody saved this case since you opened it'),
        make('p', {}, t('Nothing is lost: yours is still here, theirs is in the file. What differs:')), diff, told,
        make('p', { class: 'keys' },
          plain(t('Save my drawings, photos and place; keep all else of theirs'), async () => {
            const answer = await work.save(author, why, conflict.version);
            if (answer.ok) { why = ''; close(); tell(t('Saved; theirs stays in the backups.')); } else if (answer.conflict) showConflict(answer.conflict, author);
            else told.textContent = answer.error;
          }),
          plain(t('Take theirs'), async () => {
            const answer = await ask('open', {});
            if (!answer.ok) { told.textContent = answer.error; return; }
            work.replace(answer.document, answer);
            close();
            tell(t('Theirs is shown. Undo brings yours back.'));
          }),
          plain(t('Copy mine'), async () => {
            const text = JSON.stringify(work.document, null, 1);
            try {
              await navigator.clipboard.writeText(text);
              told.textContent = t('Copied.');
            } catch {
              const box = make('textarea', { rows: 6, readonly: '', 'aria-label': t('Copy this') });
              box.value = text;
              told.replaceChildren(t('Copy this:'), box);
              box.select();
            }
          }),
          plain(t('Cancel'), close)));
      diff.focus();
    }

    /* Files to take away */

    function download(name, content) {
      const bytes = Uint8Array.from(atob(content), (sign) => sign.charCodeAt(0));
      const link = make('a', {});
      link.href = URL.createObjectURL(new Blob([bytes]));
      link.download = name;
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 60000);
    }

    function askToExport() {
      const choice = make('select', {}, ...FORMATS.map((name) => make('option', { value: name }, { kml: 'KML', kmz: 'KMZ', geojson: 'GeoJSON', gpkg: 'GeoPackage', gpx: 'GPX', fgb: 'FlatGeobuf', parquet: 'GeoParquet', csv: 'CSV', xlsx: 'XLSX' }[name])));
      const format = field(t('Format'), choice);
      const told = make('div', { class: 'losses', role: 'status' });
      const go = plain(t('Export'), async () => {
        go.disabled = true;
        const answer = await ask('export', { format: choice.value, document: work.document });
        go.disabled = false;
        if (!answer.ok) { told.replaceChildren(make('p', { class: 'told is-wrong' }, answer.error)); return; }
        download(answer.name, answer.content);
        told.replaceChildren(make('p', {}, t('{file} is written.', { file: answer.name })),
          answer.losses.length ? make('p', {}, t('This format leaves out:')) : '',
          make('ul', {}, ...answer.losses.map((loss) => said('li', loss))));
      }, { class: 'main' });
      show(t('Export'), make('p', { class: 'warning' }, t('The file holds what is drawn as exactly as it is drawn: it can lead to the people there.')),
        format.part, told, make('p', { class: 'keys' }, go, plain(t('Close'), close)));
    }

    /* Leaving */

    function askToLeave() {
      const leave = async (forget) => {
        left = true;
        if (forget) await ask('forget', {});
        await ask('close', {}).catch(() => {});
        close();
        root.classList.add('is-closed');
      if (root.classList.contains('is-page')) document.title = t('Drawing');
        root.replaceChildren(make('p', { class: 'goodbye', role: 'status' }, t('Closed. Nothing of the case is left in this page; you can close the tab.')));
      };
      if (work.isSaved()) { leave(true); return; }
      show(t('Close without saving?'), make('p', {}, t('What is not saved can stay as a draft on this machine, or be dropped.')),
        make('p', { class: 'keys' },
          plain(t('Keep the draft and close'), async () => {
            await ask('keep', { document: work.document });
            leave(false);
          }, { class: 'main' }),
          plain(t('Drop it and close'), () => leave(true)), plain(t('Cancel'), close)));
    }

    window.addEventListener('beforeunload', (event) => {
      if (left || work.isSaved() || !root.isConnected) return;
      event.preventDefault();
    });

    /* The draft that was kept */

    function offerDraft() {
      const { draft } = opened;
      if (!draft) return null;
      const part = make('div', { class: 'offer', role: 'region' });
      follow(() => {
        part.setAttribute('aria-label', t('Draft'));
        part.replaceChildren(make('p', {}, t('There is a draft that was never saved, of {when}.', { when: new Date(draft.kept_at).toLocaleString(geolocWords.WORDS.lang) }),
          draft.older ? make('b', {}, ` ${t('The case was changed since.')}`) : null),
          make('p', { class: 'keys' },
            plain(t('Take up the draft'), () => { work.replace(draft.document); part.remove(); tell(t('The draft is shown. Undo brings the saved case back.')); }, { class: 'main' }),
            plain(t('Drop the draft'), async () => { await ask('forget', {}); part.remove(); })));
      });
      return part;
    }

    /* What stands at the head of the panel */

    const state = make('p', { class: 'state' });
    const saver = button(() => t('Save'), askToSave, { class: 'main' });
    let keptAt = null;
    function writeState() {
      if (!opened.case) { state.textContent = t('No case is open'); return; }
      const saved = work.isSaved();
      state.classList.toggle('is-unsaved', !saved);
      state.textContent = saved ? t('Saved') : (keptAt ? t('Not saved; a draft is kept') : t('Not saved'));
      if (root.classList.contains('is-page')) document.title = `${saved ? '' : '● '}${opened.case.title}`;
    }
    work.on('document', writeState);
    work.on('saved', () => { keptAt = null; writeState(); });
    work.on('kept', (at) => { keptAt = at; writeState(); });
    follow(writeState);
    return { askToSave, state, buttons: [saver, button(() => t('Export'), askToExport), button(() => t('Close'), askToLeave)], offer: offerDraft() };
  }

  return Object.freeze({ make: make_ });
})();
