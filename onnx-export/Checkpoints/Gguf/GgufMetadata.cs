using Stip.Onnx;

namespace Stip.Export.Checkpoints.Gguf;

/// <summary>The key-value part of a GGUF file.</summary>
/// <param name="file">Name of the file, for messages.</param>
/// <param name="values">What <see cref="GgufValues"/> read, by key.</param>
internal sealed class GgufMetadata(string file, IReadOnlyDictionary<string, object> values)
{
    private readonly HashSet<string> _read = new(StringComparer.Ordinal);

    public bool Has(string key) => values.ContainsKey(key);

    /// <summary>True where a file has a key and nothing asked for its value.</summary>
    public bool IsUnread(string key) => values.ContainsKey(key) && !_read.Contains(key);

    /// <summary>True where a key holds a list.</summary>
    public bool IsList(string key) => Find(key) is Array;

    /// <summary>A text, null where it is absent.</summary>
    public string? Text(string key) => Find<string>(key, "a text");

    /// <summary>A text that must be there.</summary>
    public string RequiredText(string key) => Text(key) ?? throw Missing(key);

    public bool? Flag(string key) => Find(key) is { } value
        ? value is bool flag ? flag : throw Wrong(key, "true or false")
        : null;

    /// <summary>Flags of a list, numbers among them, 0 for off; null where it is absent or no list.</summary>
    public IReadOnlyList<bool>? Flags(string key) => Find(key) switch
    {
        bool[] flags => flags,
        long[] numbers => [.. numbers.Select(number => number != 0)],
        _ => null,
    };

    public double? Number(string key) => Find(key) switch
    {
        null => null,
        double number => number,
        long number => number,
        _ => throw Wrong(key, "a number"),
    };

    /// <summary>An integer of 0..2^31-1, null where it is absent. A list that says the same for every layer counts as
    /// one.</summary>
    public int? Integer(string key)
    {
        if (Find(key) is not { } value)
        {
            return null;
        }

        var number = value switch
        {
            long one => one,
            long[] { Length: > 0 } layers => layers.All(layer => layer == layers[0])
                ? layers[0]
                : throw new RefusedException(
                    $"{file}: {key} differs from layer to layer, which is not supported; it must be one number"),
            _ => throw Wrong(key, "an integer"),
        };
        return number is >= 0 and <= int.MaxValue
            ? (int)number
            : throw new RefusedException($"{file}: {key} is {number}; it must be 0..{int.MaxValue}");
    }

    /// <summary>The largest of a key's numbers, one for each layer or one for all; null where it is absent.</summary>
    public int? Largest(string key) => Find(key) is long[] { Length: > 0 } layers
        ? layers.Max() is >= 0 and <= int.MaxValue and var most ? (int)most : throw Wrong(key, "small numbers")
        : Integer(key);

    /// <summary>An integer that must be there.</summary>
    public int RequiredInteger(string key) => Integer(key) ?? throw Missing(key);

    public IReadOnlyList<string>? Texts(string key) => Find<string[]>(key, "a list of texts");

    public IReadOnlyList<long>? Integers(string key) => Find<long[]>(key, "a list of integers");

    public IReadOnlyList<double>? Numbers(string key) => Find<double[]>(key, "a list of numbers");

    public RefusedException Refused(string what) => new($"{file}: {what}");

    private T? Find<T>(string key, string what)
        where T : class => Find(key) is { } value ? value as T ?? throw Wrong(key, what) : null;

    private object? Find(string key)
    {
        _read.Add(key);
        return values.GetValueOrDefault(key);
    }

    private RefusedException Missing(string key) => new($"{file} has no {key}");

    private RefusedException Wrong(string key, string what) => new($"{file}: {key} must be {what}");
}
