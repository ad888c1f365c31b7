import { element } from './elements.js';
import { blocks, pieces } from './markup.js';

/** A text that grows, shown with its lists and code. Every word of it becomes a text node and nothing else. */
export class Formatted {
  node = element('div', { className: 'said formatted' });
  #shown = [];

  show(text) {
    const wanted = blocks(text).map((block) => [JSON.stringify(block), block]);
    const same = wanted.findIndex(([key], i) => key !== this.#shown[i]);
    const kept = same < 0 ? wanted.length : same;
    while (this.node.childNodes.length > kept) {
      this.node.lastChild.remove();
    }

    this.node.append(...wanted.slice(kept).map(([, block]) => shown(block)));
    this.#shown = wanted.map(([key]) => key);
  }
}

function shown(block) {
  switch (block.kind) {
    case 'code': return code(block);
    case 'list': return list(block);
    case 'heading': return element('h3', {}, ...line(block.text));
    default: return element('p', {}, ...line(block.text));
  }
}

// It scrolls where it is wide, so the keyboard must reach it.
function code({ language, text }) {
  const pre = element('pre', { tabIndex: 0, role: 'region' }, element('code', { textContent: text }));
  pre.setAttribute('aria-label', language === '' ? 'Code' : `Code: ${language}`);
  return pre;
}

function list({ isNumbered, start, items }) {
  const rows = items.map((inner) => element('li', {}, ...inner.map(shown)));
  return isNumbered ? element('ol', { start }, ...rows) : element('ul', {}, ...rows);
}

function line(text) {
  return pieces(text).map((piece) => {
    switch (piece.kind) {
      case 'code': return element('code', { textContent: piece.text });
      case 'bold': return element('strong', { textContent: piece.text });
      default: return piece.text;
    }
  });
}
