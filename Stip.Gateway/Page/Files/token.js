// Comes behind the # of the address that serve prints, which no server sees; kept for this tab alone.
const key = 'stip.token';

// Browsers write a few characters as %XX; a token that was named may hold any, + and & among them.
function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function take() {
  const given = location.hash.match(/^#token=(.+)$/)?.[1];
  if (given) {
    sessionStorage.setItem(key, decoded(given));
    history.replaceState(null, '', location.pathname);
  }

  return sessionStorage.getItem(key);
}

/** The token of the gateway's run; null where the page was opened without it. */
export const token = take();

/** Headers of a request that shows it. */
export const credentials = token ? { Authorization: `Bearer ${token}` } : {};
