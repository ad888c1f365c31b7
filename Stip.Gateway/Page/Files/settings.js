const key = 'stip.settings';
const defaults = { temperature: '0', max_tokens: '', top_p: '1', seed: '' };
const numbers = ['temperature', 'max_tokens', 'top_p', 'seed'];
// Their step is for the arrows only: any number between is one too.
const fractions = ['temperature', 'top_p'];

/** How answers are chosen; the numbers are kept in this browser. What is said to a model is kept nowhere. */
export class Settings {
  #form;
  #button;

  constructor(form, button) {
    this.#form = form;
    const kept = { ...defaults, ...read() };
    for (const name of numbers) {
      this.#field(name).value = kept[name];
    }

    this.#keep();

    form.addEventListener('change', () => {
      this.#wrong()?.reportValidity();
      this.#keep();
    });
    form.addEventListener('submit', (event) => event.preventDefault());
    button.addEventListener('click', () => this.#show(form.hidden));
    this.#button = button;
  }

  /** Whether every number is one; else the first that is none is shown. */
  check() {
    const wrong = this.#wrong();
    if (wrong) {
      this.#show(true);
      wrong.reportValidity();
    }

    return !wrong;
  }

  get system() {
    return this.#field('system').value.trim();
  }

  /** Fields of the request; what is empty is left out. */
  get sampling() {
    const fields = {};
    for (const name of numbers) {
      const field = this.#field(name);
      if (field.value !== '') {
        fields[name] = field.valueAsNumber;
      }
    }

    return fields;
  }

  #wrong() {
    return numbers.map((name) => this.#field(name)).find(({ id, validity }) => validity.badInput
      || validity.rangeUnderflow || validity.rangeOverflow || (validity.stepMismatch && !fractions.includes(id)));
  }

  #show(isShown) {
    this.#form.hidden = !isShown;
    this.#button.setAttribute('aria-expanded', String(isShown));
  }

  #field(name) {
    return this.#form.querySelector(`#${name}`);
  }

  #keep() {
    const values = numbers.map((name) => [name, this.#field(name).value]);
    try {
      localStorage.setItem(key, JSON.stringify(Object.fromEntries(values)));
    } catch {
      // A browser that keeps nothing: the numbers are those of this page.
    }
  }
}

function read() {
  try {
    return JSON.parse(localStorage.getItem(key)) ?? {};
  } catch {
    return {};
  }
}
