import { readImages } from './images.js';

/** Where one asks: text, images, and the keys of both. */
export class Composer {
  #form;
  #text;
  #list;
  #images = [];
  #onAsk;
  #takesImages = false;

  constructor(form, { onAsk, onStop }) {
    const find = (id) => form.querySelector(`#${id}`);
    [this.#form, this.#text, this.#list] = [form, find('question'), find('images')];
    this.#onAsk = onAsk;
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      this.submit();
    });
    this.#text.addEventListener('input', () => this.#grow());
    this.#text.addEventListener('keydown', (event) => {
      if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) {
        event.preventDefault();
        this.submit();
      }
    });
    find('stop').addEventListener('click', onStop);
    find('attach').addEventListener('click', () => find('file').click());
    find('file').addEventListener('change', (event) => {
      this.#add(event.target.files);
      event.target.value = '';
    });
    this.#text.addEventListener('paste', (event) => this.#add(event.clipboardData.files));
    this.#listenForDrops();
  }

  set takesImages(value) {
    this.#takesImages = value;
    this.#form.querySelector('#attach').hidden = !value;
    if (!value) {
      this.#images = [];
      this.#showImages();
    }
  }

  setBusy(isBusy) {
    this.#form.querySelector('#stop').hidden = !isBusy;
    this.#form.querySelector('#ask').hidden = isBusy;
  }

  disable() {
    for (const control of this.#form.elements) {
      control.disabled = true;
    }
  }

  focus() {
    this.#text.focus();
  }

  /** Asks what was typed, which stays where it could not be asked. */
  submit() {
    const question = this.#text.value.trim();
    const isBusy = this.#form.querySelector('#ask').hidden;
    if (isBusy || (question === '' && this.#images.length === 0)) {
      return;
    }

    if (this.#onAsk(question, this.#images)) {
      this.#images = [];
      this.#text.value = '';
      this.#showImages();
      this.#grow();
    }
  }

  #grow() {
    this.#text.style.height = 'auto';
    this.#text.style.height = `${this.#text.scrollHeight}px`;
  }

  async #add(files) {
    if (this.#takesImages) {
      this.#images.push(...await readImages(files));
      this.#showImages();
    }
  }

  #showImages() {
    this.#list.replaceChildren(...this.#images.map((image, index) => {
      const picture = Object.assign(new Image(), { src: image.url, alt: image.name });
      const remove = Object.assign(document.createElement('button'), { type: 'button', textContent: '×' });
      remove.setAttribute('aria-label', `Remove ${image.name}`);
      remove.addEventListener('click', () => {
        this.#images.splice(index, 1);
        this.#showImages();
        this.focus();
      });
      const item = document.createElement('li');
      item.append(picture, remove);
      return item;
    }));
  }

  // A drop anywhere: missing the form must not make the browser leave the page for the file.
  #listenForDrops() {
    document.addEventListener('dragover', (event) => {
      event.preventDefault();
      this.#form.classList.toggle('over', this.#takesImages);
    });
    document.addEventListener('dragleave', () => this.#form.classList.remove('over'));
    document.addEventListener('drop', (event) => {
      event.preventDefault();
      this.#form.classList.remove('over');
      this.#add(event.dataTransfer.files);
    });
  }
}
