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
    history.replaceState(null, '', location.pathname);
  }

  try {
    if (given) {
      sessionStorage.setItem(key, decoded(given));
    }

    return sessionStorage.getItem(key);
  } catch {
    // A browser that keeps nothing: a reload asks for the address again.
    return given ? decoded(given) : null;
  }
}

let token = take();

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
  const answer = await send();
  if (answer.status !== 401 || token === null) {
    return answer;
  }

  token = null;
  try {
    sessionStorage.removeItem(key);
  } catch {
    // It was kept nowhere.
  }

  return send();
}
