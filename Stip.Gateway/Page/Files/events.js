/** The data of server-sent events, as they come. */
export async function* readEvents(stream) {
  const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
  let held = '';
  try {
    while (true) {
      const { value, done } = await reader.read();
      if (done) {
        return;
      }

      held += value;
      const events = held.split('\n\n');
      held = events.pop();
      for (const event of events) {
        const data = event.split('\n').filter((line) => line.startsWith('data: ')).map((line) => line.slice(6));
        if (data.length > 0) {
          yield data.join('\n');
        }
      }
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}
