using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Stip.Export.Checkpoints.Gguf.Tokenizer;
using Stip.Onnx;

namespace Stip.Export.Checkpoints.Tokenizers;

/// <summary>Byte-level BPE by a file of tiktoken, whose tokens stand with their ranks alone: two neighbours merge to a
/// token in the order of its rank, so every way to halve a token into two others is a merge.</summary>
internal static class TiktokenFolder
{
    private const int LargestRank = 1 << 24;

    // Every way to halve a token is looked at; published ones have 256 bytes at most.
    private const int LongestToken = 1 << 10;
    private const int Extras = 205;
    private const int Reserved = 256;

    // By class: the file, and how text is cut.
    private static readonly Dictionary<string, (string File, string Cut)> Classes = new(StringComparer.Ordinal)
    {
        ["QWen"] = ("qwen.tiktoken", "qwen2"),
        ["TikToken"] = ("tiktoken.model", "kimi-k2"),
    };

    private static readonly string[] QwenTokens = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"];

    // Bytes as byte-level tokenizers write them: those that print as they are, the others from 256 on.
    private static readonly char[] Shown = Show();

    /// <summary>Names of such files.</summary>
    public static IEnumerable<string> Names => Classes.Values.Select(kind => kind.File);

    public static JsonObject? Describe(ISmallFiles files, TokenizerSettings settings)
    {
        if (settings.Class is not { } name || !Classes.TryGetValue(name, out var kind)
            || files.Find(kind.File) is not { } bytes)
        {
            return null;
        }

        var ranks = Read(kind.File, Encoding.UTF8.GetString(bytes));
        var tokens = new TokenList(kind.File);
        foreach (var (text, rank) in ranks)
        {
            tokens.Put(rank, text, GgufTokenType.Normal);
        }

        foreach (var (id, text) in name == "QWen" ? OfQwen(ranks.Count) : OfKimi(ranks.Count, settings))
        {
            tokens.Put(id, text, GgufTokenType.Control);
        }

        tokens.Frame(null, null);
        tokens.Say("pre", kind.Cut);
        tokens.Say("merges", Merges(ranks).ToArray());
        var (metadata, vocabulary) = tokens.Describe();
        var tokenizer = ByteLevelTokenizer.Describe(metadata, vocabulary);
        tokenizer["model"]!["ignore_merges"] = true;
        return tokenizer;
    }

    // A line is a token in Base64 and its rank.
    private static Dictionary<string, int> Read(string file, string text)
    {
        var ranks = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var line in text.Split('\n').Select(line => line.TrimEnd('\r')).Where(line => line.Length > 0))
        {
            var (space, bytes) = (line.IndexOf(' '), new byte[line.Length]);
            if (space <= 0 || !Convert.TryFromBase64String(line[..space], bytes, out var length)
                || length is 0 or > LongestToken
                || !int.TryParse(line[(space + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out var rank)
                || rank > LargestRank)
            {
                throw new RefusedException(
                    $"{file} is no file of ranks: its line {ranks.Count + 1} must be a token of 1..{LongestToken} "
                    + $"bytes in Base64, a space and 0..{LargestRank}");
            }

            if (!ranks.TryAdd(string.Concat(bytes.AsSpan(0, length).ToArray().Select(part => Shown[part])), rank))
            {
                throw new RefusedException($"{file} has the token of its line {ranks.Count + 1} twice");
            }
        }

        // Special tokens follow them.
        return ranks.Values.Order().Index().All(rank => rank.Item == rank.Index) ? ranks
            : throw new RefusedException($"{file}: the ranks of {ranks.Count} tokens must be 0..{ranks.Count - 1}");
    }

    // As its tokenization_qwen.py numbers them.
    private static IEnumerable<(int Id, string Text)> OfQwen(int first) =>
        QwenTokens.Concat(Enumerable.Range(0, Extras).Select(extra => $"<|extra_{extra}|>"))
            .Select((text, place) => (first + place, text));

    // As its tokenization_kimi.py does: what no file names has its id as name.
    private static IEnumerable<(int Id, string Text)> OfKimi(int first, TokenizerSettings settings) =>
        Enumerable.Range(first, Reserved).Select(
            id => (id, settings.ConfiguredAt(id) ?? $"<|reserved_token_{id}|>"));

    private static IEnumerable<string> Merges(Dictionary<string, int> ranks) => ranks
        .OrderBy(token => token.Value)
        .SelectMany(token => Enumerable.Range(1, token.Key.Length - 1)
            .Select(at => (Left: token.Key[..at], Right: token.Key[at..]))
            .Where(pair => ranks.ContainsKey(pair.Left) && ranks.ContainsKey(pair.Right))
            .OrderBy(pair => ranks[pair.Left]).ThenBy(pair => ranks[pair.Right])
            .Select(pair => $"{pair.Left} {pair.Right}"));

    private static char[] Show()
    {
        var (shown, next) = (new char[256], 256);
        for (var part = 0; part < shown.Length; part++)
        {
            shown[part] = part is >= '!' and <= '~' or >= 0xA1 and <= 0xAC or >= 0xAE ? (char)part : (char)next++;
        }

        return shown;
    }
}
