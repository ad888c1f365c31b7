// Comes behind the # of the address that serve prints, which no server sees; kept for this tab alone.
const key = 'stip.token';

function take() {
  const given = new URLSearchParams(location.hash.slice(1)).get('token');
  if (given) {
    sessionStorage.setItem(key, given);
    history.replaceState(null, '', location.pathname);
  }

  return sessionStorage.getItem(key);
}

/** The token of the gateway's run; null where the page was opened without it. */
export const token = take();

/** Headers of a request that shows it. */
export const credentials = token ? { Authorization: `Bearer ${token}` } : {};
