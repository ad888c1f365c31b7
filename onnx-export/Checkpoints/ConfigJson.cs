using System.Text.Json;
using Stip.Onnx;

namespace Stip.Export.Checkpoints;

/// <summary>A JSON object of a checkpoint whose fields have different names in different generations of it.</summary>
/// <param name="file">Name of the file, for messages.</param>
/// <param name="root">The object.</param>
internal sealed class ConfigJson(string file, JsonElement root)
{
    private const int LargestSize = 1 << 30;

    /// <summary>Reads a file whose root is an object.</summary>
    public static ConfigJson Load(string path) => Parse(Path.GetFileName(path), File.ReadAllBytes(path));

    /// <summary>Reads the bytes of such a file.</summary>
    public static ConfigJson Parse(string name, ReadOnlyMemory<byte> bytes)
    {
        try
        {
            using var document = JsonDocument.Parse(bytes);
            return document.RootElement.ValueKind == JsonValueKind.Object
                ? new ConfigJson(name, document.RootElement.Clone())
                : throw new RefusedException(
                    $"{name} holds {document.RootElement.ValueKind}; it must be a JSON object");
        }
        catch (JsonException e)
        {
            throw new RefusedException($"{name} is not JSON: {e.Message}", e);
        }
    }

    /// <summary>An object inside this one, null where it is absent or null.</summary>
    public ConfigJson? Section(string name) =>
        Find(name) is { ValueKind: JsonValueKind.Object } section ? new ConfigJson($"{file}: {name}", section) : null;

    /// <summary>A size of at least 1 under the first name that is there.</summary>
    public int Size(params ReadOnlySpan<string> names) => FindSize(names)
        ?? throw new RefusedException($"{file} has no {names[0]}; it must be 1..{LargestSize}");

    /// <summary>A size of at least 1, null where it is absent or null.</summary>
    public int? FindSize(params ReadOnlySpan<string> names)
    {
        foreach (var name in names)
        {
            if (Find(name) is { } value)
            {
                return value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var size)
                    && size is >= 1 and <= LargestSize
                    ? size
                    : throw new RefusedException(
                        $"{file}: {name} is {value.GetRawText()}; it must be 1..{LargestSize}");
            }
        }

        return null;
    }

    /// <summary>A positive, finite number; <paramref name="otherwise"/> where it is absent.</summary>
    public double Positive(string name, double otherwise)
    {
        if (Find(name) is not { } value)
        {
            return otherwise;
        }

        return value.ValueKind == JsonValueKind.Number
            && value.GetDouble() is > 0 and < double.PositiveInfinity and var number
            ? number
            : throw new RefusedException($"{file}: {name} is {value.GetRawText()}; it must be a number above 0");
    }

    public bool Flag(string name, bool otherwise) => Find(name) switch
    {
        null => otherwise,
        { ValueKind: JsonValueKind.True } => true,
        { ValueKind: JsonValueKind.False } => false,
        { } value => throw new RefusedException($"{file}: {name} is {value.GetRawText()}; it must be true or false"),
    };

    /// <summary>A string under the first name that is there, null where none is.</summary>
    public string? Text(params ReadOnlySpan<string> names)
    {
        foreach (var name in names)
        {
            if (Find(name) is { ValueKind: JsonValueKind.String } value)
            {
                return value.GetString();
            }
        }

        return null;
    }

    /// <summary>Strings of a list, none where it is absent.</summary>
    public IReadOnlyList<string> Texts(string name) => Find(name) is { ValueKind: JsonValueKind.Array } list
        ? [.. list.EnumerateArray().Where(item => item.ValueKind == JsonValueKind.String).Select(item => $"{item}")]
        : [];

    /// <summary>Token ids given as a number or a list; null where there are none.</summary>
    public IReadOnlyList<int>? TokenIds(string name) => Find(name) switch
    {
        { ValueKind: JsonValueKind.Number } id => [TokenId(name, id)],
        { ValueKind: JsonValueKind.Array } ids => [.. ids.EnumerateArray().Select(id => TokenId(name, id))],
        _ => null,
    };

    private int TokenId(string name, JsonElement value) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var id) && id >= 0
            ? id
            : throw new RefusedException($"{file}: {name} holds {value.GetRawText()}; token ids are 0..{int.MaxValue}");

    private JsonElement? Find(string name) =>
        root.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;
}
