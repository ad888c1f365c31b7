import { element } from './elements.js';
import { Formatted } from './formatted.js';
import { count } from './units.js';

const endings = { length: 'cut at the limit', stop: '' };

/** One question or one answer. */
export class Turn {
  text;
  images;
  role;
  reason = null;
  hasFailed = false;
  summary = '';
  item;
  #answer = new Formatted();
  #said;
  #onText = () => {};

  constructor(role, name, text, images) {
    [this.role, this.text, this.images] = [role, text, images];
    // What was asked stands as it was typed.
    this.#said = role === 'user' ? element('p', { className: 'said', textContent: text }) : this.#answer.node;
    const body = element('div', {}, this.#said);
    if (images.length > 0) {
      const pictures = images.map((image) => element('img', { src: image.url, alt: image.name }));
      body.append(element('div', { className: 'pictures' }, ...pictures));
    }

    this.item = element(
      'li', { className: `turn ${role}` }, element('h2', { className: 'who', textContent: name }), body);
  }

  get content() {
    return this.images.length === 0 ? this.text : [
      ...this.images.map((image) => ({ type: 'image_url', image_url: { url: image.url } })),
      { type: 'text', text: this.text },
    ];
  }

  begin(onText) {
    this.item.setAttribute('aria-busy', 'true');
    this.#onText = onText;
  }

  append(text) {
    this.text += text;
    this.#answer.show(this.text);
    this.#onText();
  }

  /** Figures that are not known are null. */
  end({ fault, isStopped, figures }) {
    this.item.removeAttribute('aria-busy');
    this.hasFailed = Boolean(fault);
    const ending = isStopped ? 'stopped' : endings[this.reason] ?? '';
    const figure = (value, name) => value === null ? '' : count(value, name);
    const parts = [figure(figures.tokens, 'token'), figure(figures.rounds, 'round'), ending];
    this.summary = parts.filter((part) => part !== '').join(' · ');
    const body = this.#said.parentElement;
    if (fault) {
      body.append(element('p', { className: 'fault', role: 'alert', textContent: fault.message }));
    }

    if (this.text !== '') {
      body.append(element('div', { className: 'after' }, this.#copyButton(), element('span', {
        textContent: this.summary,
      })));
    }

    this.#onText();
  }

  #copyButton() {
    const button = element('button', { type: 'button', textContent: 'Copy' });
    button.addEventListener('click', async () => {
      await navigator.clipboard.writeText(this.text);
      button.textContent = 'Copied';
    });
    return button;
  }
}
