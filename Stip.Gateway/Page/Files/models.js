/** The models behind the gateway. */
import { credentials, fetchWithToken } from './token.js';

export async function listModels() {
  const answer = await fetchWithToken(() => fetch('/v1/models', { headers: credentials() }));
  if (answer.status === 401) {
    throw new Error('open the address that serve printed, with its token');
  }

  if (!answer.ok) {
    throw new Error(`status ${answer.status}`);
  }

  return (await answer.json()).data;
}
