#!/usr/bin/env node
// Greedy decoding against a Stip server, with nothing but Node.js (20 or newer).
//
// What leaves this machine are rows of a permuted embedding table; what comes back are permuted logits.
//
//     node complete.mjs --endpoint http://127.0.0.1:5000 --bundle DIR/client [--steps 8] TOKEN_ID …
//
// The API key comes from --api-key or STIP_API_KEY. Prints the next token ids, separated by spaces.
import { closeSync, openSync, readFileSync, readSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    endpoint: { type: "string" },
    bundle: { type: "string" },
    "api-key": { type: "string", default: process.env.STIP_API_KEY },
    steps: { type: "string", default: "8" },
  },
});
const prompt = positionals.map(Number);
if (!options.endpoint || !options.bundle || !options["api-key"] || !prompt.length || prompt.some(Number.isNaN)) {
  fail("usage: complete.mjs --endpoint URL --bundle DIR [--api-key KEY] [--steps N] TOKEN_ID …", 2);
}

function fail(message, code = 1) {
  console.error(message);
  process.exit(code);
}

// A safetensors file: eight bytes with the length of a JSON header, the header, then the tensors' bytes.
class Safetensors {
  constructor(path) {
    this.file = openSync(path, "r");
    const length = Number(this.read(0, 8).readBigUInt64LE());
    this.header = JSON.parse(this.read(8, length).toString("utf8"));
    this.start = 8 + length;
  }

  read(position, length) {
    const bytes = Buffer.alloc(length);
    readSync(this.file, bytes, 0, length, position);
    return bytes;
  }

  /** The bytes of one row: only what is needed is read from the table. */
  row(name, index) {
    const { shape, data_offsets: [begin, end] } = this.header[name];
    if (!(index >= 0 && index < shape[0])) {
      fail(`row ${index} of ${name} is asked for; allowed is 0 to ${shape[0] - 1}`);
    }
    const width = (end - begin) / shape[0];
    return this.read(this.start + begin + index * width, width);
  }

  all(name) {
    const [begin, end] = this.header[name].data_offsets;
    return this.read(this.start + begin, end - begin);
  }

  close() {
    closeSync(this.file);
  }
}

const readers = {
  F32: (bytes, at) => bytes.readFloatLE(at * 4),
  BF16: (bytes, at) => {
    const wide = Buffer.alloc(4);
    wide.writeUInt16LE(bytes.readUInt16LE(at * 2), 2);
    return wide.readFloatLE();
  },
  F16: (bytes, at) => {
    const bits = bytes.readUInt16LE(at * 2);
    const [sign, exponent, fraction] = [bits >> 15 ? -1 : 1, (bits >> 10) & 31, bits & 1023];
    return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
  },
};
const wireNames = { F32: "float32", F16: "float16", BF16: "bfloat16" };

const bundle = JSON.parse(readFileSync(join(options.bundle, "bundle.json"), "utf8"));
const table = new Safetensors(join(options.bundle, "embedding.safetensors"));
const output = new Safetensors(join(options.bundle, "output.safetensors"));
const bytes = output.all("vocab_permutation");
const plainIds = new Map(); // where the server has a logit → the token that it belongs to
for (let token = 0; token < bundle.vocab_size; token++) {
  plainIds.set(bytes.readInt32LE(token * 4), token);
}
output.close();

// The client's whole part of the model: look-ups, and sums where the model adds positions.
function embed(ids, position) {
  const { tensors, scale = 1 } = bundle.embedding;
  const dtype = table.header.token_embedding.dtype;
  if (tensors.length === 1 && scale === 1) {
    return { dtype: wireNames[dtype], data: Buffer.concat(ids.map((id) => table.row("token_embedding", id))) };
  }
  const data = Buffer.alloc(ids.length * bundle.hidden_size * 4);
  ids.forEach((id, place) => {
    const rows = [["token_embedding", id], ["position_embedding", position + place], ["token_type_embedding", 0]]
      .filter(([name]) => tensors.includes(name))
      .map(([name, index]) => [table.row(name, index), table.header[name].dtype, name === "token_embedding" ? scale : 1]);
    for (let feature = 0; feature < bundle.hidden_size; feature++) {
      const sum = rows.reduce((total, [row, type, factor]) => total + readers[type](row, feature) * factor, 0);
      data.writeFloatLE(sum, (place * bundle.hidden_size + feature) * 4);
    }
  });
  return { dtype: "float32", data };
}

async function step(ids, session) {
  const { dtype, data } = embed(ids, session.position);
  const response = await fetch(new URL("/v1/permuted/completions", options.endpoint), {
    method: "POST",
    headers: { "Content-Type": "application/json", Authorization: `Bearer ${options["api-key"]}` },
    body: JSON.stringify({
      model: bundle.model,
      prompt_embeds: { dtype, shape: [ids.length, bundle.hidden_size], data: data.toString("base64") },
      logits: { top_k: 4, rows: "last" },
      ...(session.id && { session_id: session.id, position: session.position }),
    }),
  });
  if (!response.ok) {
    fail(`the server refuses with ${response.status}: ${await response.text()}`);
  }
  const answer = await response.json();
  const { indices, values } = answer.choices[0].logits; // largest first, in the server's order of the vocabulary
  const best = indices.filter((_, rank) => values[rank] === values[0]).map((index) => plainIds.get(index));
  return { next: Math.min(...best), id: answer.session_id, position: answer.position };
}

let session = { position: 0 };
let ids = prompt;
const generated = [];
for (let count = 0; count < Number(options.steps); count++) {
  session = await step(ids, session);
  ids = [session.next];
  generated.push(session.next);
}
table.close();
console.log(generated.join(" "));
