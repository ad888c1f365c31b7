using Stip.Export.Checkpoints.Gguf;
using Stip.Export.Checkpoints.Gguf.Tokenizer;
using Stip.Onnx;

namespace Stip.Export.Checkpoints.Tokenizers;

/// <summary>
/// Tokens by id, from which a description in the terms of a GGUF file is made: the ways from there to a tokenizer.json
/// are the same.
/// </summary>
/// <param name="file">Where they come from, for messages.</param>
internal sealed class TokenList(string file)
{
    private const int LargestId = 1 << 24;

    private readonly List<(string Text, GgufTokenType Type, double Score)> _tokens = [];
    private readonly Dictionary<string, int> _ids = new(StringComparer.Ordinal);
    private readonly Dictionary<string, object> _values = new(StringComparer.Ordinal);

    /// <summary>By id.</summary>
    public IReadOnlyList<string> Texts => [.. _tokens.Select(token => token.Text)];

    /// <summary>Tokens by the ids that a JSON object gives them.</summary>
    public static TokenList ReadVocabulary(string file, byte[] json)
    {
        var tokens = new TokenList(file);
        foreach (var (text, id) in ConfigJson.Parse(file, json).NumbersByName())
        {
            tokens.Put((int)Math.Clamp(id, -1, int.MaxValue), text, GgufTokenType.Normal);
        }

        return tokens;
    }

    public int? IdOf(string? text) => text is not null && _ids.TryGetValue(text, out var id) ? id : null;

    /// <summary>Adds a token after all others.</summary>
    public void Add(string text, GgufTokenType type = GgufTokenType.Normal, double score = 0)
    {
        _ids.TryAdd(text, _tokens.Count);
        _tokens.Add((text, type, score));
    }

    /// <summary>Puts a token at its id; ids between that nobody has are nobody's.</summary>
    public void Put(int id, string text, GgufTokenType type)
    {
        if (id is < 0 or > LargestId)
        {
            throw new RefusedException($"{file}: an id is {id}; it must be 0..{LargestId}");
        }

        while (_tokens.Count <= id)
        {
            _tokens.Add(("", GgufTokenType.Unused, 0));
        }

        _tokens[id] = (text, type, _tokens[id].Score);
        _ids[text] = id;
    }

    /// <summary>Makes a token one that is looked for before anything else.</summary>
    public void MakeSpecial(string? text)
    {
        if (IdOf(text) is { } id && _tokens[id].Type is GgufTokenType.Normal or GgufTokenType.UserDefined)
        {
            _tokens[id] = _tokens[id] with { Type = GgufTokenType.Control };
        }
    }

    /// <summary>A value under <c>tokenizer.ggml</c>.</summary>
    public void Say(string key, object? value)
    {
        if (value is not null)
        {
            _values[$"tokenizer.ggml.{key}"] = value;
        }
    }

    /// <summary>Which token texts begin and end with; null for none.</summary>
    public void Frame(string? first, string? last)
    {
        Say("bos_token_id", (long?)IdOf(first));
        Say("eos_token_id", (long?)IdOf(last));
        Say("add_bos_token", IdOf(first) is not null);
        Say("add_eos_token", IdOf(last) is not null);
    }

    public (GgufMetadata Metadata, GgufVocabulary Vocabulary) Describe()
    {
        Say("tokens", _tokens.Select(token => token.Text).ToArray());
        Say("token_type", _tokens.Select(token => (long)token.Type).ToArray());
        Say("scores", _tokens.Select(token => token.Score).ToArray());
        var metadata = new GgufMetadata(file, _values);
        return (metadata, GgufVocabulary.Read(metadata));
    }
}
