/** Rows as colour: negative cool, positive warm, zero the ground. */
const grounds = { light: [255, 253, 248], dark: [27, 33, 37] };
const colds = { light: [16, 92, 122], dark: [96, 205, 232] };
const warms = { light: [190, 76, 12], dark: [255, 168, 88] };
const scheme = matchMedia('(prefers-color-scheme: dark)');

/** Values are -999 to 999. */
function colour(value) {
  const name = scheme.matches ? 'dark' : 'light';
  const [ground, end] = [grounds[name], value < 0 ? colds[name] : warms[name]];
  // The square root shows small numbers too.
  const share = Math.sqrt(Math.abs(value) / 999);
  return ground.map((from, i) => from + (end[i] - from) * share);
}

function pixels(context, row) {
  const image = context.createImageData(row.length, 1);
  row.forEach((value, column) => image.data.set([...colour(value), 255], column * 4));
  return image;
}

export function paintRow(canvas, row) {
  [canvas.width, canvas.height] = [row.length, 1];
  const context = canvas.getContext('2d');
  context.putImageData(pixels(context, row), 0, 0);
}

/** Adds rows below those that are there; the oldest leave at the top. */
export class Waterfall {
  #canvas;
  #lines;

  constructor(canvas, lines) {
    [this.#canvas, this.#lines] = [canvas, lines];
  }

  add(rows) {
    const canvas = this.#canvas;
    if (canvas.width !== rows[0].length || canvas.height !== this.#lines) {
      [canvas.width, canvas.height] = [rows[0].length, this.#lines];
    }

    const context = canvas.getContext('2d', { willReadFrequently: true });
    const fresh = rows.slice(-this.#lines);
    const kept = this.#lines - fresh.length;
    if (kept > 0) {
      context.putImageData(context.getImageData(0, fresh.length, canvas.width, kept), 0, 0);
    }

    fresh.forEach((row, line) => context.putImageData(pixels(context, row), 0, kept + line));
  }

  clear() {
    this.#canvas.width = this.#canvas.height = 1;
  }
}

/** Where in the sent row the numbers of the true one stand, equal ones in their order. */
function placesOf(truth, sent) {
  const free = new Map();
  sent.forEach((value, column) => free.set(value, [...free.get(value) ?? [], column]));
  return truth.map((value) => free.get(value)?.shift());
}

/** Threads from the largest numbers of the true row to their places in the row that was sent. */
export function drawThreads(canvas, truth, sent, most = 28) {
  const ratio = devicePixelRatio;
  [canvas.width, canvas.height] = [canvas.clientWidth * ratio, canvas.clientHeight * ratio];
  const context = canvas.getContext('2d');
  const place = (column) => (column + 0.5) / truth.length * canvas.width;
  const largest = [...truth.keys()].sort((a, b) => Math.abs(truth[b]) - Math.abs(truth[a])).slice(0, most);
  context.lineWidth = ratio;
  const places = placesOf(truth, sent);
  for (const column of largest.filter((one) => places[one] !== undefined)) {
    const [from, to] = [place(column), place(places[column])];
    context.strokeStyle = `rgb(${colour(truth[column]).map(Math.round).join(' ')} / .8)`;
    context.beginPath();
    context.moveTo(from, 0);
    context.bezierCurveTo(from, canvas.height / 2, to, canvas.height / 2, to, canvas.height);
    context.stroke();
  }
}

export function clearCanvas(canvas) {
  canvas.width = canvas.height = 1;
}

/** Calls back when the browser changes between light and dark. */
export function onScheme(callback) {
  scheme.addEventListener('change', callback);
}
