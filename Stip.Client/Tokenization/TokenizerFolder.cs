using System.Globalization;
using System.Text.Json;
using Stip.Client.Tokenization.AddedTokens;
using Stip.Client.Tokenization.Decoding;
using Stip.Client.Tokenization.Models;
using Stip.Client.Tokenization.Normalization;
using Stip.Client.Tokenization.PostProcessing;
using Stip.Client.Tokenization.PreTokenization;

namespace Stip.Client.Tokenization;

/// <summary>Reads tokenizer.json, and the added tokens of tokenizer_config.json.</summary>
internal static class TokenizerFolder
{
    public static TextTokenizer Read(string folder)
    {
        var path = Path.Combine(folder, "tokenizer.json");
        if (!File.Exists(path))
        {
            throw new FileNotFoundException($"{path} is missing: a tokenizer is read from tokenizer.json", path);
        }

        var settings = Path.Combine(folder, "tokenizer_config.json");
        var extra = Load(settings, ReadConfiguredTokens) ?? [];
        var frame = Load(settings, ConfiguredFrame.Read);
        return Load(path, root => Build(root, extra, frame))!;
    }

    private static T? Load<T>(string path, Func<JsonElement, T?> read)
        where T : class
    {
        if (!File.Exists(path))
        {
            return null;
        }

        try
        {
            using var document = JsonDocument.Parse(File.ReadAllBytes(path));
            return read(document.RootElement);
        }
        catch (Exception fault) when (fault is JsonException or InvalidDataException or InvalidOperationException
            or FormatException)
        {
            var reason = fault is InvalidDataException ? fault.Message : "it is not the JSON that is expected";
            throw new InvalidDataException($"{path} cannot be used: {reason}");
        }
    }

    private static TextTokenizer Build(JsonElement root, AddedToken[] configured, ConfiguredFrame? frame)
    {
        var normalizer = NormalizerReader.Read(root.Child("normalizer"));
        var tokens = root.Items("added_tokens").Select(token => AddedToken.Read(token, token.Count("id"))).ToList();
        var known = tokens.Select(token => token.Content).ToHashSet(StringComparer.Ordinal);
        tokens.AddRange(configured.Where(token => !known.Contains(token.Content)));
        var model = TokenModel.Read(root.Required("model"));
        var added = new AddedTokenSet(AddedTokenIds.Assign(tokens, model.Vocabulary), normalizer);
        return new TextTokenizer(
            added,
            PreTokenizerReader.Read(root.Child("pre_tokenizer")),
            model,
            frame?.Of(token => added.Id(token) ?? model.Vocabulary.Id(token))
                ?? SpecialTokenFrame.Read(root.Child("post_processor")),
            DecoderRecipe.Read(root.Child("decoder")));
    }

    private static AddedToken[] ReadConfiguredTokens(JsonElement root) =>
        root.Child("added_tokens_decoder") is { ValueKind: JsonValueKind.Object } tokens
            ? [.. tokens.EnumerateObject().Select(ReadConfigured)]
            : [];

    private static AddedToken ReadConfigured(JsonProperty entry) =>
        int.TryParse(entry.Name, NumberStyles.None, CultureInfo.InvariantCulture, out var id)
            ? AddedToken.Read(entry.Value, id)
            : throw new InvalidDataException("'added_tokens_decoder' has a name that is not a token id");
}
