#!/usr/bin/env python3
"""Private search: index a folder of texts and answer queries, with nothing but Python's standard library.

It asks the gateway of this machine (`Stip.Gateway serve` with a bundle of a sentence encoder); the server behind it
sees permuted rows of equal-looking tokens and no text. Pooling runs in the gateway, but the server has every row that
goes into a vector, so it could tell which texts lie near each other (docs/threat-model.md, number 10).

    python3 search.py index --model NAME --folder DIR --index FILE
    python3 search.py query --model NAME --index FILE [--top 3] QUERY …

Every paragraph of every .txt and .md file is one entry. --gateway names another address than http://127.0.0.1:11435/v1.
"""
import argparse
import json
import os
import sys
import urllib.error
import urllib.request

BATCH = 64


def embed(gateway, model, texts):
    """One vector of length 1 for each text."""
    body = json.dumps({"model": model, "input": texts}).encode()
    request = urllib.request.Request(gateway + "/embeddings", body, {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request) as answer:
            data = json.load(answer)["data"]
    except urllib.error.HTTPError as refusal:
        sys.exit(json.load(refusal)["error"]["message"])
    except urllib.error.URLError as fault:
        sys.exit("%s cannot be reached: %s" % (gateway, fault.reason))
    return [entry["embedding"] for entry in sorted(data, key=lambda entry: entry["index"])]


def paragraphs(folder):
    for root, _, names in os.walk(folder):
        for name in sorted(names):
            if name.endswith((".txt", ".md")):
                path = os.path.join(root, name)
                with open(path, encoding="utf-8", errors="replace") as file:
                    for text in file.read().split("\n\n"):
                        if text.strip():
                            yield os.path.relpath(path, folder), " ".join(text.split())


def index(arguments):
    entries = [{"file": file, "text": text} for file, text in paragraphs(arguments.folder)]
    if not entries:
        sys.exit("%s has no .txt or .md file with text" % arguments.folder)
    for first in range(0, len(entries), BATCH):
        part = entries[first:first + BATCH]
        for entry, vector in zip(part, embed(arguments.gateway, arguments.model, [e["text"] for e in part])):
            entry["vector"] = vector
    with open(arguments.index, "w", encoding="utf-8") as file:
        json.dump(entries, file)
    print("%d paragraphs" % len(entries))


def query(arguments):
    with open(arguments.index, encoding="utf-8") as file:
        entries = json.load(file)
    (wanted,) = embed(arguments.gateway, arguments.model, [" ".join(arguments.query)])

    def nearness(entry):
        return sum(x * y for x, y in zip(entry["vector"], wanted))

    for entry in sorted(entries, key=nearness, reverse=True)[:arguments.top]:
        print("%.3f  %s  %s" % (nearness(entry), entry["file"], entry["text"][:100]))


def main():
    parser = argparse.ArgumentParser(description="Private search over a folder of texts.")
    commands = parser.add_subparsers(dest="command", required=True)
    for name, run in (("index", index), ("query", query)):
        command = commands.add_parser(name)
        command.set_defaults(run=run)
        command.add_argument("--gateway", default="http://127.0.0.1:11435/v1")
        command.add_argument("--model", required=True)
        command.add_argument("--index", required=True)
    commands.choices["index"].add_argument("--folder", required=True)
    commands.choices["query"].add_argument("--top", type=int, default=3)
    commands.choices["query"].add_argument("query", nargs="+")
    arguments = parser.parse_args()
    arguments.run(arguments)


if __name__ == "__main__":
    main()
