const key = 'stip.settings';
const defaults = { temperature: '0', max_tokens: '', top_p: '1', seed: '', system: '' };
const numbers = ['temperature', 'max_tokens', 'top_p', 'seed'];

/** How answers are chosen; kept in this browser. Conversations are not kept. */
export class Settings {
  #form;

  constructor(form, button) {
    this.#form = form;
    const kept = { ...defaults, ...read() };
    for (const name of Object.keys(defaults)) {
      this.#field(name).value = kept[name];
    }

    form.addEventListener('change', () => this.#keep());
    form.addEventListener('submit', (event) => event.preventDefault());
    button.addEventListener('click', () => {
      form.hidden = !form.hidden;
      button.setAttribute('aria-expanded', String(!form.hidden));
    });
  }

  get system() {
    return this.#field('system').value.trim();
  }

  /** Fields of the request; what is empty or out of its range is left out. */
  get sampling() {
    const fields = {};
    for (const name of numbers) {
      const field = this.#field(name);
      if (field.value !== '' && field.validity.valid) {
        fields[name] = field.valueAsNumber;
      }
    }

    return fields;
  }

  #field(name) {
    return this.#form.querySelector(`#${name}`);
  }

  #keep() {
    this.#form.reportValidity();
    const values = Object.keys(defaults).map((name) => [name, this.#field(name).value]);
    localStorage.setItem(key, JSON.stringify(Object.fromEntries(values)));
  }
}

function read() {
  try {
    return JSON.parse(localStorage.getItem(key)) ?? {};
  } catch {
    return {};
  }
}
