/** Tells screen readers of an answer by the sentence: by the token nobody could listen to it. */
export class Announcer {
  #status;
  #held = '';

  constructor(status) {
    this.#status = status;
  }

  begin() {
    this.#held = '';
    this.#say('Answering');
  }

  add(text) {
    this.#held += text;
    const end = Math.max(...['. ', '? ', '! ', '\n'].map((mark) => this.#held.lastIndexOf(mark)));
    if (end > 0) {
      this.#say(this.#held.slice(0, end + 1));
      this.#held = this.#held.slice(end + 1);
    }
  }

  end(summary) {
    this.#say(`${this.#held.trim()} ${summary}`.trim());
    this.#held = '';
  }

  #say(text) {
    this.#status.textContent = text;
  }
}
