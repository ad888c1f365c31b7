#!/bin/sh
# Greedy decoding against a Stip server with curl and the tools of any Unix: od, tail, head, base64, sed, awk.
#
# What leaves this machine are rows of a permuted embedding table; what comes back are permuted logits.
#
#     complete.sh --endpoint http://127.0.0.1:5000 --bundle DIR/client [--steps 8] TOKEN_ID …
#
# The API key comes from --api-key or STIP_API_KEY. Prints the next token ids, separated by spaces.
# For models that add position embeddings, see the Python and JavaScript samples.
set -eu

fail() { echo "$2" >&2; exit "$1"; }

endpoint= bundle= key=${STIP_API_KEY:-} steps=8
while [ $# -gt 0 ]; do
  case $1 in
    --endpoint) endpoint=${2%/}; shift 2 ;;
    --bundle) bundle=$2; shift 2 ;;
    --api-key) key=$2; shift 2 ;;
    --steps) steps=$2; shift 2 ;;
    *) break ;;
  esac
done
if [ -z "$endpoint" ] || [ -z "$bundle" ] || [ -z "$key" ] || [ $# -eq 0 ]; then
  fail 2 "usage: complete.sh --endpoint URL --bundle DIR [--api-key KEY] [--steps N] TOKEN_ID …"
fi

# field NAME: a number or text of a JSON document on standard input.
field() { tr -d ' \n\r' | sed -n "s/.*\"$1\":\"\{0,1\}\([^\",}]*\).*/\1/p"; }

# slice FILE OFFSET LENGTH: bytes of a file.
slice() { tail -c +$(($2 + 1)) "$1" | head -c "$3"; }

# A safetensors file: eight bytes with the length of a JSON header, the header, then the tensors' bytes.
header_length() { od -An -t u8 -N 8 "$1" | tr -d ' '; }
entry() { slice "$1" 8 "$(header_length "$1")" | tr -d ' ' | grep -o "\"$2\":{[^}]*}"; }
begin_of() { echo $((8 + $(header_length "$1") + $(entry "$1" "$2" | sed 's/.*"data_offsets":\[\([0-9]*\),.*/\1/'))); }

table=$bundle/embedding.safetensors
model=$(field model < "$bundle/bundle.json")
hidden=$(field hidden_size < "$bundle/bundle.json")
vocabulary=$(field vocab_size < "$bundle/bundle.json")
if tr -d ' \n\r' < "$bundle/bundle.json" | grep -q position_embedding; then
  fail 1 "model '$model' adds position embeddings; this sample only looks rows up"
fi
case $(entry "$table" token_embedding) in
  *'"F32"'*) dtype=float32 width=$((hidden * 4)) ;;
  *'"BF16"'*) dtype=bfloat16 width=$((hidden * 2)) ;;
  *) dtype=float16 width=$((hidden * 2)) ;;
esac
rows_begin=$(begin_of "$table" token_embedding)

# Line j + 1 says where the server has the logit of token j.
permutation=$(mktemp)
trap 'rm -f "$permutation"' EXIT
output=$bundle/output.safetensors
slice "$output" "$(begin_of "$output" vocab_permutation)" $((vocabulary * 4)) |
  od -An -v -t d4 -w4 | tr -d ' ' > "$permutation"

rows() {
  for id in "$@"; do
    slice "$table" $((rows_begin + id * width)) "$width"
  done | base64 | tr -d '\n'
}

for id in "$@"; do
  [ "$id" -ge 0 ] && [ "$id" -lt "$vocabulary" ] ||
    fail 1 "token $id is asked for; allowed is 0 to $((vocabulary - 1))"
done

session=
generated=
while [ "$steps" -gt 0 ]; do
  data=$(rows "$@")
  answer=$(curl --silent --show-error --fail-with-body "$endpoint/v1/permuted/completions" \
    --header "Authorization: Bearer $key" --header 'Content-Type: application/json' --data @- <<REQUEST
{"model":"$model",$session"prompt_embeds":{"dtype":"$dtype","shape":[$#,$hidden],"data":"$data"},
 "logits":{"top_k":1,"rows":"last"}}
REQUEST
  ) || fail 1 "the server refuses: $answer"
  index=$(printf %s "$answer" | tr -d ' \n\r' | sed 's/.*"indices":\[\([0-9]*\).*/\1/')
  next=$(awk -v index_="$index" '$1 == index_ { print NR - 1; exit }' "$permutation")
  session="\"session_id\":\"$(printf %s "$answer" | field session_id)\",\"position\":$(printf %s "$answer" | field position),"
  set -- "$next"
  generated="$generated${generated:+ }$next"
  steps=$((steps - 1))
done
echo "$generated"
