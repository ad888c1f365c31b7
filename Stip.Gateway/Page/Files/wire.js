import { element } from './elements.js';
import { clearCanvas, drawThreads, onScheme, paintRow, Waterfall } from './strips.js';
import { bytes, count, milliseconds } from './units.js';

const nothing = { rounds: 0, tokens: 0, bytes_up: 0, bytes_down: 0, client_ms: 0, wire_ms: 0, server_ms: 0 };

/** The panel that shows what leaves the machine. Steps come faster than screens are drawn: the latest is shown. */
export class WirePanel {
  #panel;
  #fall;
  #past = { ...nothing };
  #now = { ...nothing };
  #row = null;
  #back = [];
  #isOver = true;
  #isWaiting = false;

  #isProtected = true;

  constructor(panel) {
    this.#panel = panel;
    this.#fall = new Waterfall(this.#at('fall'), 48);
    const button = this.#at('wire-button');
    button.addEventListener('click', () => {
      const isOpen = this.#at('wire-body').classList.toggle('open');
      button.setAttribute('aria-expanded', String(isOpen));
      button.textContent = isOpen ? 'Hide' : 'Show';
      this.#draw();
    });
    onScheme(() => this.#draw());
  }

  /** Whether rows are sent in a secret order. */
  set isProtected(value) {
    this.#isProtected = value;
    this.#explain(true);
  }

  begin() {
    [this.#now, this.#isOver] = [{ ...nothing }, false];
  }

  show(step) {
    this.#now = step;
    if (step.rows.length > 0) {
      this.#row = step.rows.at(-1);
      this.#fall.add(step.rows.map((row) => row.sent));
    }

    if (step.back.length > 0) {
      this.#back = step.back;
    }

    if (!this.#isWaiting) {
      this.#isWaiting = true;
      requestAnimationFrame(() => {
        this.#isWaiting = false;
        this.#draw();
      });
    }
  }

  /** Ends an answer; its figures. */
  end() {
    const figures = this.#now;
    this.#isOver = true;
    for (const name of ['bytes_up', 'bytes_down', 'rounds', 'tokens']) {
      this.#past[name] += figures[name];
    }

    this.#draw();
    return figures;
  }

  clear() {
    [this.#past, this.#now, this.#row, this.#back] = [{ ...nothing }, { ...nothing }, null, []];
    this.#fall.clear();
    ['true-row', 'sent-row', 'threads', 'glance'].forEach((id) => clearCanvas(this.#at(id)));
    this.#at('token').textContent = '…';
    this.#at('back').replaceChildren();
    this.#draw();
  }

  #at(id) {
    return this.#panel.querySelector(`#${id}`);
  }

  #draw() {
    // The latest answer is part of the past once it is over.
    const sum = (name) => this.#past[name] + (this.#isOver ? 0 : this.#now[name]);
    this.#at('bytes-up').textContent = bytes(sum('bytes_up'));
    this.#at('bytes-down').textContent = bytes(sum('bytes_down'));
    this.#at('rounds').textContent = sum('rounds');
    this.#at('tokens').textContent = sum('tokens');
    this.#at('sums').textContent = sum('rounds') === 0
      ? 'nothing yet'
      : `↑ ${bytes(sum('bytes_up'))}  ↓ ${bytes(sum('bytes_down'))}  in ${count(sum('rounds'), 'round')}`;
    this.#drawTimes();
    this.#drawBack();
    if (this.#row) {
      this.#drawRow(this.#row, sum('rounds'));
    }
  }

  #drawRow(row, rounds) {
    this.#at('token').textContent = row.token.replaceAll('\n', '↵');
    paintRow(this.#at('sent-row'), row.sent);
    paintRow(this.#at('glance'), row.sent);
    this.#at('sent-row').setAttribute('aria-label', `The row that was sent, ${row.sent.length} numbers as colours`);
    this.#at('fall').setAttribute('aria-label', `The rows of ${count(rounds, 'round')}, the latest below`);
    this.#at('true-figure').hidden = !row.true;
    this.#at('threads').hidden = !row.true;
    if (row.true) {
      paintRow(this.#at('true-row'), row.true);
      this.#at('true-row').setAttribute('aria-label', 'Of the true row the same numbers, in another order');
      drawThreads(this.#at('threads'), row.true, row.sent);
    }

    this.#explain(Boolean(row.true));
  }

  #explain(hasTrueRow) {
    const order = hasTrueRow
      ? 'The same numbers, in an order that the server does not know.'
      : 'Its true row is not on this machine: a bundle holds permuted rows only (serve --plain shows both).';
    this.#at('row-note').textContent = this.#isProtected ? order
      : 'This model is not protected: its rows are sent as they are.';
  }

  #drawBack() {
    if (this.#back.length > 0) {
      this.#at('back').replaceChildren(...this.#back.map(({ index, token }) => element(
        'tr', {}, element('td', { textContent: `number ${index}` }), element('td', { textContent: token }))));
    }
  }

  #drawTimes() {
    const { client_ms: client, wire_ms: wire, server_ms: server, tokens } = this.#now;
    const all = client + wire + server;
    const shown = { client: client / tokens, wired: wire / tokens, server: server / tokens };
    for (const [name, value] of Object.entries(shown)) {
      this.#at('times').querySelector(`.${name}`).style.width = all > 0 ? `${value * tokens / all * 100}%` : '0';
    }

    const text = (value) => Number.isFinite(value) ? milliseconds(value) : '–';
    this.#at('client-ms').textContent = text(shown.client);
    this.#at('wire-ms').textContent = text(shown.wired);
    this.#at('server-ms').textContent = text(shown.server);
    this.#at('times').setAttribute('aria-label', Number.isFinite(shown.client)
      ? `A token took ${text(shown.client)} here, ${text(shown.wired)} on the wire, ${text(shown.server)} there`
      : 'No times yet');
  }
}
