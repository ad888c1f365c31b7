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

// What the address gives now, which stands there no longer; null where it gives none.
function take() {
  const given = location.hash.match(/^#token=(.+)$/)?.[1];
  if (!given) {
    return null;
  }

  history.replaceState(null, '', location.pathname);
  try {
    sessionStorage.setItem(key, decoded(given));
  } catch {
    // A browser that keeps nothing: a reload asks for the address again.
  }

  return decoded(given);
}

function kept() {
  try {
    return sessionStorage.getItem(key);
  } catch {
    return null;
  }
}

let token = take() ?? kept();

/** Tells when the open page gets another one: an address that differs behind the # alone loads no page anew. */
export function onToken(tell) {
  addEventListener('hashchange', () => {
    const given = take();
    if (given !== null) {
      token = given;
      tell();
    }
  });
}

/** Whether the page has the token of the gateway's run, as far as is known. */
export function hasToken() {
  return token !== null;
}

/** Headers of a request that shows it. */
export function credentials() {
  return token === null ? {} : { Authorization: `Bearer ${token}` };
}

/** Asks with the token; where the gateway does not know it (it was started anew), without it from then on. */
export async function fetchWithToken(send) {
  const used = token;
  const answer = await send();
  if (answer.status !== 401 || used === null) {
    return answer;
  }

  // Not one that came meanwhile.
  if (token === used) {
    drop();
  }

  return send();
}

function drop() {
  token = null;
  try {
    sessionStorage.removeItem(key);
  } catch {
    // It was kept nowhere.
  }
}
