const key = 'stip.settings';
const defaults = { temperature: '0', max_tokens: '', top_p: '1', seed: '' };
const numbers = ['temperature', 'max_tokens', 'top_p', 'seed'];

/** How answers are chosen; the numbers are kept in this browser. What is said to a model is kept nowhere. */
export class Settings {
  #form;

  constructor(form, button) {
    this.#form = form;
    const kept = { ...defaults, ...read() };
    for (const name of numbers) {
      this.#field(name).value = kept[name];
    }

    this.#keep();

    form.addEventListener('change', () => {
      form.reportValidity();
      this.#keep();
    });
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
    const values = numbers.map((name) => [name, this.#field(name).value]);
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
