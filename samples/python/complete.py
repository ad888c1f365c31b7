#!/usr/bin/env python3
"""Greedy decoding against a Stip server, with nothing but Python's standard library.

What leaves this machine are rows of a permuted embedding table; what comes back are permuted logits.

    python3 complete.py --endpoint http://127.0.0.1:5000 --bundle DIR/client [--steps 8] TOKEN_ID …

The API key comes from --api-key or STIP_API_KEY. Prints the next token ids, separated by spaces.
"""
import argparse
import array
import base64
import json
import os
import struct
import sys
import urllib.error
import urllib.request

DTYPES = {"F32": "float32", "F16": "float16", "BF16": "bfloat16", "I32": "int32"}
SIZES = {"float32": 4, "float16": 2, "bfloat16": 2, "int32": 4}


class Safetensors:
    """A safetensors file: eight bytes with the length of a JSON header, the header, then the tensors' bytes."""

    def __init__(self, path):
        self.file = open(path, "rb")
        (length,) = struct.unpack("<Q", self.file.read(8))
        self.header = json.loads(self.file.read(length))
        self.start = 8 + length

    def dtype(self, name):
        return DTYPES[self.header[name]["dtype"]]

    def row(self, name, index):
        """The bytes of one row: only what is needed is read from the table."""
        entry = self.header[name]
        rows = entry["shape"][0]
        if not 0 <= index < rows:
            sys.exit(f"row {index} of {name} is asked for; allowed is 0 to {rows - 1}")
        begin, end = entry["data_offsets"]
        width = (end - begin) // rows
        self.file.seek(self.start + begin + index * width)
        return self.file.read(width)

    def all(self, name):
        begin, end = self.header[name]["data_offsets"]
        self.file.seek(self.start + begin)
        return self.file.read(end - begin)


def numbers(data, dtype):
    if dtype == "bfloat16":
        wide = array.array("I", (value << 16 for value in array.array("H", data)))
        return array.array("f", wide.tobytes())
    if dtype == "float16":
        return array.array("f", struct.unpack(f"<{len(data) // 2}e", data))
    return array.array("i" if dtype == "int32" else "f", data)


class Client:
    def __init__(self, endpoint, key, bundle):
        with open(os.path.join(bundle, "bundle.json"), encoding="utf-8") as file:
            self.bundle = json.load(file)
        self.url = endpoint.rstrip("/") + "/v1/permuted/completions"
        self.key = key
        self.table = Safetensors(os.path.join(bundle, "embedding.safetensors"))
        output = Safetensors(os.path.join(bundle, "output.safetensors"))
        self.permutation = numbers(output.all("vocab_permutation"), "int32")
        self.session = None
        self.position = 0

    def embed(self, ids):
        """The client's whole part of the model: look-ups, and sums where the model adds positions."""
        manifest = self.bundle["embedding"]
        dtype = self.table.dtype("token_embedding")
        if manifest["tensors"] == ["token_embedding"] and manifest.get("scale", 1) == 1:
            return dtype, b"".join(self.table.row("token_embedding", token) for token in ids)
        rows = array.array("f")
        for place, token in enumerate(ids, self.position):
            row = [value * manifest.get("scale", 1) for value in numbers(self.table.row("token_embedding", token), dtype)]
            for name, index in (("position_embedding", place), ("token_type_embedding", 0)):
                if name in manifest["tensors"]:
                    other = numbers(self.table.row(name, index), self.table.dtype(name))
                    row = [a + b for a, b in zip(row, other)]
            rows.extend(row)
        return "float32", rows.tobytes()

    def step(self, ids):
        """Appends rows to the session and gives the plain logits of the last one."""
        dtype, data = self.embed(ids)
        body = {
            "model": self.bundle["model"],
            "prompt_embeds": {
                "dtype": dtype,
                "shape": [len(ids), self.bundle["hidden_size"]],
                "data": base64.b64encode(data).decode(),
            },
            "logits": {"top_k": None, "rows": "last"},
        }
        if self.session:
            body.update(session_id=self.session, position=self.position)
        request = urllib.request.Request(
            self.url,
            data=json.dumps(body).encode(),
            headers={"Content-Type": "application/json", "Authorization": "Bearer " + self.key},
        )
        try:
            with urllib.request.urlopen(request) as response:
                answer = json.load(response)
        except urllib.error.HTTPError as refusal:
            sys.exit(f"the server refuses with {refusal.code}: {refusal.read().decode()}")
        self.session, self.position = answer["session_id"], answer["position"]
        logits = answer["choices"][0]["logits"]
        permuted = numbers(base64.b64decode(logits["data"]), logits["dtype"])
        return [permuted[place] for place in self.permutation]


def main():
    parser = argparse.ArgumentParser(description="Greedy decoding against a Stip server.")
    parser.add_argument("--endpoint", required=True, help="the server's base address")
    parser.add_argument("--bundle", required=True, help="the client folder that protect wrote")
    parser.add_argument("--api-key", default=os.environ.get("STIP_API_KEY"), help="default: STIP_API_KEY")
    parser.add_argument("--steps", type=int, default=8, help="how many tokens to generate (default 8)")
    parser.add_argument("ids", type=int, nargs="+", help="token ids of the prompt")
    options = parser.parse_args()
    if not options.api_key:
        parser.error("an API key is needed: --api-key or STIP_API_KEY")

    client = Client(options.endpoint, options.api_key, options.bundle)
    ids, generated = options.ids, []
    for _ in range(options.steps):
        logits = client.step(ids)
        ids = [max(range(len(logits)), key=logits.__getitem__)]
        generated += ids
    print(*generated)


if __name__ == "__main__":
    main()
