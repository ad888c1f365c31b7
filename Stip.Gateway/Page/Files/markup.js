/** Reads what models write of Markdown: fenced code, lists, headings, bold and code within lines. Anything else is
    text as it stands. Gives data, never HTML. */
// None of them goes back over what it has read: a model may write anything.
const fence = /^ {0,3}(`{3,}|~{3,})(.*)$/;
const item = /^( {0,3})([-*+]|\d{1,9}[.)])( +)(?=\S)/;
const heading = /^#{1,6} +(\S.*)$/;
const marks = /(`[^`\n]+`|\*\*[^*\n]+\*\*)/;
const deepest = 6;

/** @returns {{kind: 'code'|'list'|'heading'|'text'}[]} */
export function blocks(text, depth = 0) {
  return read(text.split('\n'), depth);
}

/** The pieces of a line: plain, bold or code. */
export function pieces(text) {
  return text.split(marks).filter((piece) => piece !== '').map((piece) => {
    if (piece.length > 2 && piece.startsWith('`') && piece.endsWith('`')) {
      return { kind: 'code', text: piece.slice(1, -1) };
    }

    return piece.length > 4 && piece.startsWith('**') && piece.endsWith('**')
      ? { kind: 'bold', text: piece.slice(2, -2) }
      : { kind: 'plain', text: piece };
  });
}

function read(lines, depth) {
  const found = [];
  for (let at = 0; at < lines.length;) {
    const [block, next] = code(lines, at) ?? list(lines, at, depth) ?? title(lines, at) ?? paragraph(lines, at, depth);
    if (block) {
      found.push(block);
    }

    at = next;
  }

  return found;
}

// A fence that has no end yet holds the rest: more of it may be on its way.
function code(lines, at) {
  if (!isFence(lines[at])) {
    return null;
  }

  const [, mark, behind] = fence.exec(lines[at]);
  const language = behind.trim().split(' ')[0];
  let end = at + 1;
  while (end < lines.length && !(lines[end].trim().startsWith(mark) && /^(`+|~+)$/.test(lines[end].trim()))) {
    end++;
  }

  return [{ kind: 'code', language, text: lines.slice(at + 1, end).join('\n') }, end + 1];
}

// Behind backticks there is no further one: ```that``` is text.
function isFence(line) {
  const [, mark, behind] = fence.exec(line) ?? [];
  return mark !== undefined && !(mark[0] === '`' && behind.includes('`'));
}

function list(lines, at, depth) {
  const first = depth < deepest ? item.exec(lines[at]) : null;
  if (!first) {
    return null;
  }

  const isNumbered = /\d/.test(first[2]);
  const items = [];
  let end = at;
  for (let found = first; found && /\d/.test(found[2]) === isNumbered; found = item.exec(lines[end] ?? '')) {
    const inner = [lines[end].slice(found[0].length)];
    for (end++; end < lines.length && belongs(lines, end); end++) {
      inner.push(lines[end].replace(/^ {1,4}/, ''));
    }

    items.push(read(inner, depth + 1));
    // Items may have a blank line between them.
    if (lines[end]?.trim() === '' && item.test(lines[end + 1] ?? '')) {
      end++;
    }
  }

  return [{ kind: 'list', isNumbered, start: Number.parseInt(first[2], 10) || 1, items }, end];
}

// Lines that are indented, also behind a blank one.
function belongs(lines, at) {
  return lines[at].trim() === '' ? /^ {2,}\S/.test(lines[at + 1] ?? '') : /^ {2,}/.test(lines[at]);
}

function title(lines, at) {
  const [, text] = heading.exec(lines[at]) ?? [];
  return text ? [{ kind: 'heading', text }, at + 1] : null;
}

function paragraph(lines, at, depth) {
  let end = at;
  while (end < lines.length && lines[end].trim() !== '' && (end === at || !begins(lines[end], depth))) {
    end++;
  }

  return end === at ? [null, at + 1] : [{ kind: 'text', text: lines.slice(at, end).join('\n') }, end];
}

function begins(line, depth) {
  return isFence(line) || heading.test(line) || (depth < deepest && item.test(line));
}
