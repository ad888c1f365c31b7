const plain = new Intl.NumberFormat('en');

export function count(number, noun) {
  return `${plain.format(number)} ${noun}${number === 1 ? '' : 's'}`;
}

export function bytes(number) {
  const units = ['B', 'KiB', 'MiB', 'GiB'];
  const power = number < 1 ? 0 : Math.min(Math.floor(Math.log2(number) / 10), units.length - 1);
  const value = number / 1024 ** power;
  return `${power === 0 ? value : value.toFixed(value < 10 ? 1 : 0)} ${units[power]}`;
}

export function milliseconds(number) {
  return `${number.toFixed(number < 10 ? 2 : 0)} ms`;
}
