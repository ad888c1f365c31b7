import { element } from './elements.js';
import { Turn } from './turn.js';

/** The questions and answers of one conversation, shown and remembered. */
export class Conversation {
  #list;
  #scroll;
  #welcome;
  #turns = [];

  constructor(list, scroll, welcome) {
    [this.#list, this.#scroll, this.#welcome] = [list, scroll, welcome];
  }

  addQuestion(text, images) {
    this.#welcome.hidden = true;
    this.#add('user', 'You', text, images);
  }

  beginAnswer(name) {
    const turn = this.#add('assistant', name, '', []);
    turn.begin(() => this.#follow());
    return turn;
  }

  /** As OpenAI's API takes them; answers that failed or are empty are left out, and with them what was asked: many
      templates refuse two questions in a row. The last answer is the one that is asked for. */
  messages(system) {
    const isEmpty = (turn) => turn.hasFailed || (turn.text === '' && turn.images.length === 0);
    const last = this.#turns.length - 1;
    const isUnanswered = (turn, i) => turn.role === 'user' && i + 1 < last && isEmpty(this.#turns[i + 1]);
    const said = this.#turns.filter((turn, i) => !isEmpty(turn) && !isUnanswered(turn, i));
    const messages = said.map((turn) => ({ role: turn.role, content: turn.content }));
    return system === '' ? messages : [{ role: 'system', content: system }, ...messages];
  }

  clear() {
    this.#turns = [];
    this.#list.replaceChildren();
    this.#welcome.hidden = false;
  }

  /** Says above the conversation what is wrong; nothing where nothing is. */
  fail(message) {
    this.#welcome.querySelector('.fault')?.remove();
    if (message) {
      this.#welcome.append(element('p', { className: 'fault', role: 'alert', textContent: message }));
    }
  }

  #add(role, name, text, images) {
    const turn = new Turn(role, name, text, images);
    this.#turns.push(turn);
    this.#list.append(turn.item);
    this.#scroll.scrollTop = this.#scroll.scrollHeight;
    return turn;
  }

  // Only a reader at the end is taken along.
  #follow() {
    const left = this.#scroll.scrollHeight - this.#scroll.scrollTop - this.#scroll.clientHeight;
    if (left < 120) {
      this.#scroll.scrollTop = this.#scroll.scrollHeight;
    }
  }
}
