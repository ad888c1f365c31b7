/** The models behind the gateway. */
export async function listModels() {
  const answer = await fetch('/v1/models');
  if (!answer.ok) {
    throw new Error(`status ${answer.status}`);
  }

  return (await answer.json()).data;
}
