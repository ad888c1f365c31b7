// The unmodified openai package against the gateway: node conformance.mjs BASE_URL MODEL SEEING_MODEL ENCODER IMAGE AGENT.
// Prints one line a feature.
import { readFileSync } from "node:fs";
import OpenAI from "openai";

const [baseURL, model, seeing, encoder, image, agent] = process.argv.slice(2);
const client = new OpenAI({ baseURL, apiKey: "unused", maxRetries: 0 });
const question = "Tell me the fable of The Fox and the Crow.";
const messages = [{ role: "user", content: question }];
const start = "A CROW having stolen a bit of meat";

function check(name, isRight, seen) {
  if (!isRight) {
    console.error(`${name}: ${JSON.stringify(seen)}`);
    process.exit(1);
  }
  console.log(`${name}: ok`);
}

const list = await client.models.list();
check("models", list.data.some((entry) => entry.id === model), list.data);

const whole = await client.chat.completions.create({ model, messages, temperature: 0 });
const text = whole.choices[0].message.content;
check("chat", text.startsWith(start) && whole.choices[0].finish_reason === "stop" && whole.usage.completion_tokens > 50, whole);

let streamed = "";
let usage = null;
const stream = await client.chat.completions.create({
  model, messages, temperature: 0, stream: true, stream_options: { include_usage: true },
});
for await (const chunk of stream) {
  streamed += chunk.choices[0]?.delta?.content ?? "";
  usage = chunk.usage ?? usage;
}
check("chat streamed", streamed === text && usage.completion_tokens === whole.usage.completion_tokens, { streamed, usage });

const logprobs = await client.chat.completions.create({
  model, messages, temperature: 0, max_tokens: 3, logprobs: true, top_logprobs: 2,
});
const tokens = logprobs.choices[0].logprobs.content;
check("logprobs", tokens.length === 3 && tokens[0].top_logprobs[0].logprob === tokens[0].logprob, tokens);

const seeded = await Promise.all([1, 2, 3].map(() => client.chat.completions.create({
  model, messages, temperature: 1, seed: 7, max_tokens: 20,
})));
const texts = new Set(seeded.map((answer) => answer.choices[0].message.content));
check("seed, three at once", texts.size === 1, [...texts]);

const object = await client.chat.completions.create({
  model, messages, temperature: 0, max_tokens: 300,
  response_format: {
    type: "json_schema",
    json_schema: {
      name: "animal", strict: true,
      schema: {
        type: "object", additionalProperties: false, required: ["kind", "count"],
        properties: { kind: { enum: ["fox", "crow"] }, count: { type: "integer" } },
      },
    },
  },
});
const parsed = JSON.parse(object.choices[0].message.content);
check("json_schema", ["fox", "crow"].includes(parsed.kind) && Number.isInteger(parsed.count), object);

const response = await client.responses.create({ model, input: question, temperature: 0 });
check("responses", response.output_text === text && response.status === "completed", response);

let events = "";
let last = null;
for await (const event of await client.responses.create({ model, input: question, temperature: 0, stream: true })) {
  events += event.type === "response.output_text.delta" ? event.delta : "";
  last = event;
}
check("responses streamed", events === text && last.type === "response.completed", last);

const completion = await client.completions.create({ model, prompt: "Once upon a time", max_tokens: 8, temperature: 0 });
check("completions", completion.choices[0].text.length > 0 && completion.usage.completion_tokens === 8, completion);

try {
  await client.chat.completions.create({ model: "nobody", messages });
  check("errors", false, "no error");
} catch (error) {
  check("errors", error instanceof OpenAI.NotFoundError && error.code === "model_not_found", error);
}

try {
  await client.chat.completions.create({ model, messages, tools: [{ type: "function", function: { name: "f" } }] });
  check("unsupported", false, "no error");
} catch (error) {
  check("unsupported", error instanceof OpenAI.BadRequestError && error.code === "unsupported_parameter", error);
}

const abort = new AbortController();
try {
  const endless = await client.chat.completions.create(
    { model, messages, stream: true, ignore_eos: true }, { signal: abort.signal });
  for await (const chunk of endless) {
    if (chunk.choices[0]?.delta?.content) {
      abort.abort();
    }
  }
  check("cancel", abort.signal.aborted, "the stream ended by itself");
} catch (error) {
  check("cancel", error instanceof OpenAI.APIUserAbortError, error);
}

const vectors = await client.embeddings.create({ model: encoder, input: ["A fox saw a crow.", "The hare slept."] });
const length = (vector) => Math.hypot(...vector);
check("embeddings", vectors.data.length === 2 && vectors.data.every((entry) => Math.abs(length(entry.embedding) - 1) < 1e-5)
  && vectors.usage.prompt_tokens > 4, vectors.usage);

const floats = await client.embeddings.create({ model: encoder, input: "A fox saw a crow.", encoding_format: "float" });
const distance = floats.data[0].embedding.map((value, index) => Math.abs(value - vectors.data[0].embedding[index]));
check("embeddings as numbers", Math.max(...distance) < 1e-5, Math.max(...distance));

const url = `data:image/png;base64,${readFileSync(image).toString("base64")}`;
const seen = await client.chat.completions.create({
  model: seeing, temperature: 0,
  messages: [{ role: "user", content: [
    { type: "image_url", image_url: { url } }, { type: "text", text: "What is the sum of the digits?" },
  ] }],
});
check("image", seen.choices[0].message.content === "25", seen);

const looked = await client.responses.create({
  model: seeing, temperature: 0,
  input: [{ role: "user", content: [
    { type: "input_image", image_url: url, detail: "auto" }, { type: "input_text", text: "What is the sum of the digits?" },
  ] }],
});
check("image in responses", looked.output_text === "25", looked);

try {
  await client.embeddings.create({ model: encoder, input: [1, 2, 3] });
  check("token ids", false, "no error");
} catch (error) {
  check("token ids", error instanceof OpenAI.BadRequestError && error.code === "unsupported_parameter", error);
}

const stop = new AbortController();
let kinds = [];
try {
  for await (const event of await client.responses.create(
    { model, input: question, stream: true, max_output_tokens: 400 }, { signal: stop.signal })) {
    kinds.push(event.type);
    if (event.type === "response.output_text.delta") {
      stop.abort();
    }
  }
  check("cancel responses", stop.signal.aborted, kinds);
} catch (error) {
  check("cancel responses", error instanceof OpenAI.APIUserAbortError && kinds[0] === "response.created", error);
}

const after = await client.chat.completions.create({ model, messages, temperature: 0 });
check("chat after cancelling", after.choices[0].message.content === text, after);

const weather = {
  name: "city-weather", description: "How cold it is in a city.",
  parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
};
const tools = [{ type: "function", function: weather }];
const clothes = [{ role: "user", content: "What do I wear in Oslo?" }];
const asked = await client.chat.completions.create({ model: agent, messages: clothes, tools, temperature: 0 });
const call = asked.choices[0].message.tool_calls?.[0];
check("tool call", asked.choices[0].finish_reason === "tool_calls"
  && JSON.parse(call.function.arguments).city === "Oslo", asked);

const advised = await client.chat.completions.create({
  model: agent, tools, temperature: 0,
  messages: [...clothes, asked.choices[0].message, { role: "tool", tool_call_id: call.id, content: "cold" }],
});
check("tool result", advised.choices[0].message.content === "Take a coat.", advised);

// The package's own loop: it calls the function, sends the result and goes on until there is an answer.
const cities = [];
const runner = client.chat.completions.runTools({
  model: agent, messages: clothes, temperature: 0, stream: true,
  tools: [{ type: "function", function: {
    ...weather, parse: JSON.parse, function: ({ city }) => { cities.push(city); return "hot"; },
  } }],
});
const advice = await runner.finalContent();
check("agent's loop, streamed", advice === "Take a hat." && cities.join() === "Oslo", { advice, cities });

const chosen = await client.chat.completions.create({
  model: agent, messages: clothes, tools, temperature: 0, tool_choice: { type: "function", function: { name: "city-weather" } },
});
check("tool choice", chosen.choices[0].message.tool_calls[0].function.name === "city-weather", chosen);

const flat = [{ type: "function", strict: false, ...weather }];
const first = await client.responses.create({ model: agent, input: clothes, tools: flat, temperature: 0 });
const wanted = first.output.find((item) => item.type === "function_call");
const second = await client.responses.create({
  model: agent, tools: flat, temperature: 0,
  input: [...clothes, ...first.output, { type: "function_call_output", call_id: wanted.call_id, output: "cold" }],
});
check("tools in responses", wanted.name === "city-weather" && second.output_text === "Take a coat.", { first, second });
