import { readEvents } from './events.js';
import { credentials, fetchWithToken, hasToken } from './token.js';

/**
 * Asks, and yields what comes: `text`, `step` (what was sent for it), `reason` (why it ended) and `tokens` (of the
 * whole answer).
 * A failure in mid-answer is an error here: the gateway says why, then breaks off.
 */
export async function* ask(request, signal) {
  const answer = await fetchWithToken(() => fetch('/v1/chat/completions', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...credentials() },
    body: JSON.stringify({
      ...request, stream: true, stream_options: { include_usage: true, include_steps: hasToken() },
    }),
    signal,
  }));
  if (!answer.ok) {
    throw new Error(await reason(answer));
  }

  let isWhole = false;
  for await (const data of readEvents(answer.body)) {
    if (data === '[DONE]') {
      isWhole = true;
      continue;
    }

    const chunk = JSON.parse(data);
    if (chunk.error) {
      throw new Error(chunk.error.message);
    }

    const choice = chunk.choices[0];
    yield {
      text: choice?.delta.content ?? '',
      step: chunk.step,
      reason: choice?.finish_reason,
      tokens: chunk.usage?.completion_tokens,
    };
  }

  if (!isWhole) {
    throw new Error('the answer broke off');
  }
}

async function reason(answer) {
  try {
    return (await answer.json()).error.message;
  } catch {
    return `status ${answer.status}`;
  }
}
