using System.Globalization;
using System.Text.Json;
using Stip.Onnx;

namespace Stip.Export.Checkpoints;

/// <summary>A JSON object of a checkpoint whose fields have different names in different generations of it.</summary>
/// <param name="file">Name of the file, for messages.</param>
/// <param name="root">The object.</param>
/// <param name="defaults">An object whose fields stand for those that are absent, but not for those that are
/// null.</param>
/// <param name="read">Where it is noted which fields were asked for; null for a file of its own.</param>
internal sealed class ConfigJson(
    string file, JsonElement root, JsonElement? defaults = null, ReadFields? read = null)
{
    private readonly ReadFields _read = read ?? new ReadFields();

    private const int LargestSize = 1 << 30;

    // What a graph repeats: each costs nodes, so a number that no model has must not be begun.
    internal const int LargestRepeat = 4096;

    /// <summary>Reads a file whose root is an object.</summary>
    public static ConfigJson Load(string path) => Parse(Path.GetFileName(path), File.ReadAllBytes(path));

    /// <summary>Reads the bytes of such a file.</summary>
    public static ConfigJson Parse(string name, ReadOnlyMemory<byte> bytes) => new(name, JsonObjects.Read(name, bytes));

    /// <summary>True where the field is there, null or not.</summary>
    public bool Has(string name)
    {
        _read.Note(name);
        return root.TryGetProperty(name, out _);
    }

    /// <summary>True where there is a value other than null.</summary>
    public bool IsGiven(string name) => Find(name) is not null;

    /// <summary>An object inside this one, null where it is absent or null.</summary>
    public ConfigJson? Section(string name) =>
        Find(name) is { ValueKind: JsonValueKind.Object } section ? new ConfigJson(
            $"{file}: {name}", section, read: _read.Inside(name)) : null;

    /// <summary>The objects inside this one, each with its name.</summary>
    public IReadOnlyList<(string Name, ConfigJson Section)> Sections() =>
        [.. root.EnumerateObject().Select(entry => entry.Name).Distinct()
            .Where(name => Section(name) is not null).Select(name => (name, Section(name)!))];

    /// <summary>Fields that nothing asked for, though they may say something of the model.</summary>
    public IReadOnlyList<string> Unread() => [.. _read.Unread(root)];

    /// <summary>The same object with values for what is absent, and has none yet.</summary>
    /// <param name="json">A JSON object.</param>
    public ConfigJson WithDefaults(string json)
    {
        using var document = JsonDocument.Parse(json);
        return new ConfigJson(file, root, defaults is { } earlier
            ? JsonObjects.Merged(document.RootElement, earlier)
            : document.RootElement.Clone(), _read);
    }

    /// <summary>The same object with other values for some fields.</summary>
    /// <param name="json">A JSON object.</param>
    public ConfigJson With(string json)
    {
        using var document = JsonDocument.Parse(json);
        return new ConfigJson(file, JsonObjects.Merged(root, document.RootElement), defaults, _read);
    }

    /// <summary>A size of at least 1 under the first name that is there.</summary>
    public int Size(params ReadOnlySpan<string> names) => FindSize(names)
        ?? throw new RefusedException($"{file} has no {names[0]}; it must be 1..{Largest(names[0])}");

    /// <summary>A size of at least 1, null where it is absent or null.</summary>
    public int? FindSize(params ReadOnlySpan<string> names)
    {
        var name = Said(names);
        return Find(name) is { } value ? SizeOf(name, value) : null;
    }

    /// <summary>The name that the file has a field under: what it says counts before what another name stands for
    /// where it is left out.</summary>
    public string Said(params ReadOnlySpan<string> names) =>
        Array.FindAll(names.ToArray(), Has).FirstOrDefault(name => Find(name) is not null)
        ?? Array.Find(names.ToArray(), name => Find(name) is not null) ?? names[0];

    /// <summary>A width that some field makes of others: truncated, and refused where no size can be it.</summary>
    /// <param name="name">The field, for messages.</param>
    /// <param name="width">What it comes to.</param>
    public int Width(string name, double width) => width is >= 1 and <= LargestSize
        ? (int)width
        : throw new RefusedException($"{file}: {name} makes a width of {width}; it must be 1..{LargestSize}");

    /// <summary>How many of something: 0 where it is absent or null.</summary>
    public int Count(string name) => Find(name) is not { } value ? 0
        : value.ValueKind == JsonValueKind.Number
            && value.TryGetInt32(out var count) && count >= 0 && count <= Largest(name)
            ? count
            : throw new RefusedException($"{file}: {name} is {value.GetRawText()}; it must be 0..{Largest(name)}");

    /// <summary>A positive, finite number; <paramref name="otherwise"/> where it is absent.</summary>
    public double Positive(string name, double otherwise) => FindPositive(name) ?? otherwise;

    /// <summary>A positive, finite number, null where it is absent or null.</summary>
    public double? FindPositive(string name) => Find(name) switch
    {
        null => null,
        { ValueKind: JsonValueKind.Number } number when number.GetDouble() is > 0 and < double.PositiveInfinity =>
            number.GetDouble(),
        { } value => throw new RefusedException($"{file}: {name} is {value.GetRawText()}; it must be a number above 0"),
    };

    /// <summary>A number that is not negative; 0 where it is absent or null.</summary>
    public double Zeroable(string name) => Find(name) is { ValueKind: JsonValueKind.Number } number
        && number.GetDouble() is 0 ? 0 : FindPositive(name) ?? 0;

    /// <summary>A bound: 0 where it is null, <paramref name="otherwise"/> where it is absent.</summary>
    public double Cap(string name, double otherwise) => FindPositive(name) ?? (Has(name) ? 0 : otherwise);

    public bool Flag(string name, bool otherwise) => Find(name) switch
    {
        null => otherwise,
        { ValueKind: JsonValueKind.True } => true,
        { ValueKind: JsonValueKind.False } => false,
        { } value => throw new RefusedException($"{file}: {name} is {value.GetRawText()}; it must be true or false"),
    };

    /// <summary>Flags of a list, numbers among them, 0 for off; none where it is absent.</summary>
    public IReadOnlyList<bool> Flags(string name) => Find(name) is { ValueKind: JsonValueKind.Array } list
        ? [.. list.EnumerateArray().Select(flag => flag.ValueKind switch
        {
            JsonValueKind.True => true,
            JsonValueKind.False => false,
            JsonValueKind.Number => flag.GetDouble() != 0,
            _ => throw new RefusedException($"{file}: {name} has {flag.GetRawText()}; it must be true or false"),
        })]
        : [];

    /// <summary>Entries of a list; 0 where it is none.</summary>
    public int Entries(string name) =>
        Find(name) is { ValueKind: JsonValueKind.Array } list ? list.GetArrayLength() : 0;

    /// <summary>A flag that some files give as a number, 0 for off.</summary>
    public bool Switch(string name, bool otherwise) =>
        Find(name) is { ValueKind: JsonValueKind.Number } number ? number.GetDouble() != 0 : Flag(name, otherwise);

    /// <summary>A string under the first name that is there, null where none is.</summary>
    public string? Text(params ReadOnlySpan<string> names)
    {
        var name = Array.FindAll(names.ToArray(), name => Find(name) is not null).FirstOrDefault();
        return name is null || Find(name) is not { } value ? null
            : value.ValueKind == JsonValueKind.String ? value.GetString()
            : throw new RefusedException($"{file}: {name} is {value.GetRawText()}; it must be a string");
    }

    /// <summary>A string, null where the field is absent or something else: some files have either.</summary>
    public string? TextIfAny(string name) =>
        Find(name) is { ValueKind: JsonValueKind.String } value ? value.GetString() : null;

    /// <summary>Strings of a list, none where it is absent.</summary>
    public IReadOnlyList<string> Texts(string name) => Find(name) is { ValueKind: JsonValueKind.Array } list
        ? [.. list.EnumerateArray().Where(item => item.ValueKind == JsonValueKind.String).Select(item => $"{item}")]
        : [];

    /// <summary>Strings of lists, each list as often as the number beside it says: <c>[[["a", "b"], 2]]</c>; none where
    /// it is absent.</summary>
    public IReadOnlyList<string> Repeated(string name) => Find(name) is not { } value ? []
        : value.ValueKind == JsonValueKind.Array && value.EnumerateArray().All(IsRepeated)
            ? [.. value.EnumerateArray()
                .SelectMany(item => Enumerable.Repeat(item[0], item[1].GetInt32()))
                .SelectMany(part => part.EnumerateArray().Select(text => $"{text}"))]
            : throw new RefusedException($"{file}: {name} must be a list of lists with how often each is repeated");

    /// <summary>Sizes given as a number or a list of them; null where there are none.</summary>
    public IReadOnlyList<int>? Sizes(string name) => Find(name) switch
    {
        null => null,
        { ValueKind: JsonValueKind.Array } list when list.GetArrayLength() > 0 =>
            [.. list.EnumerateArray().Select(size => SizeOf(name, size))],
        { } size => [SizeOf(name, size)],
    };

    /// <summary>Integers given as one or a list of them; null where there are none.</summary>
    public IReadOnlyList<int>? IntegerList(string name) => Find(name) switch
    {
        { ValueKind: JsonValueKind.Number } one => [Integer(name, one)],
        { ValueKind: JsonValueKind.Array } list when list.GetArrayLength() > 0 =>
            [.. list.EnumerateArray().Select(item => Integer(name, item))],
        _ => null,
    };

    /// <summary>Strings by a number that stands as their name; none where they are absent.</summary>
    public IReadOnlyDictionary<int, string> TextsById(string name) => Find(name) is { } section
        ? section.ValueKind == JsonValueKind.Object && section.EnumerateObject().All(entry => IsId(entry.Name))
            ? section.EnumerateObject().GroupBy(entry => int.Parse(entry.Name, CultureInfo.InvariantCulture))
                .ToDictionary(entries => entries.Key, entries => $"{entries.Last().Value}")
            : throw new RefusedException($"{file}: {name} must give a name for each number")
        : new Dictionary<int, string>();

    /// <summary>Refuses any other text than those that the model is built with.</summary>
    public void RefuseUnless(string name, params ReadOnlySpan<string> expected)
    {
        if (Text(name) is { } text && !expected.Contains(text))
        {
            throw new RefusedException($"{file}: {name} is '{text}'; it must be '{string.Join("' or '", expected)}'");
        }
    }

    /// <summary>A whole number of any sign, null where it is absent or null.</summary>
    public int? Integer(string name) => Find(name) is { } value ? Integer(name, value) : null;

    /// <summary>Positive numbers of a list that must be there, or also zeros.</summary>
    public IReadOnlyList<double> Numbers(string name, bool mayBeZero = false) => Find(name) is { } list
        && list.ValueKind == JsonValueKind.Array && list.EnumerateArray().All(item =>
            item.ValueKind == JsonValueKind.Number && item.GetDouble() >= (mayBeZero ? 0 : double.Epsilon))
        ? [.. list.EnumerateArray().Select(item => item.GetDouble())]
        : throw new RefusedException($"{file}: {name} must be a list of numbers above 0");

    /// <summary>Whole numbers of a list, null where it is absent.</summary>
    public IReadOnlyList<int>? Integers(string name) => Find(name) switch
    {
        null => null,
        { ValueKind: JsonValueKind.Array } list when list.EnumerateArray().All(
            item => item.ValueKind == JsonValueKind.Number && item.TryGetInt32(out _)) =>
            [.. list.EnumerateArray().Select(item => item.GetInt32())],
        _ => throw new RefusedException($"{file}: {name} must be a list of whole numbers"),
    };

    /// <summary>Refuses a flag that changes the model.</summary>
    public void RefuseFlag(string name)
    {
        if (Flag(name, false))
        {
            throw new RefusedException($"{file}: {name} is true; it must be false");
        }
    }

    /// <summary>Numbers by a name, none where they are absent.</summary>
    public IReadOnlyDictionary<string, double> NumbersByName(string name) =>
        Section(name)?.NumbersByName() ?? new Dictionary<string, double>();

    /// <summary>The fields of this object, each a number.</summary>
    public IReadOnlyDictionary<string, double> NumbersByName() => root.EnumerateObject()
        .GroupBy(entry => entry.Name)
        .ToDictionary(
            entries => entries.Key,
            entries => entries.Last().Value is { ValueKind: JsonValueKind.Number } number
                ? number.GetDouble()
                : throw new RefusedException($"{file} must give a number for each name"));

    /// <summary>Token ids given as a number or a list; null where there are none.</summary>
    public IReadOnlyList<int>? TokenIds(string name) => Find(name) switch
    {
        { ValueKind: JsonValueKind.Number } id => [TokenId(name, id)],
        { ValueKind: JsonValueKind.Array } ids => [.. ids.EnumerateArray().Select(id => TokenId(name, id))],
        _ => null,
    };

    private static bool IsRepeated(JsonElement item) => item.ValueKind == JsonValueKind.Array
        && item.GetArrayLength() == 2 && item[0].ValueKind == JsonValueKind.Array
        && item[1].ValueKind == JsonValueKind.Number && item[1].TryGetInt32(out var count)
        && count is >= 0 and <= LargestRepeat;

    private static bool IsId(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out _);

    private int Integer(string name, JsonElement value) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number)
            ? number
            : throw new RefusedException($"{file}: {name} holds {value.GetRawText()}; it must be an integer");

    private int SizeOf(string name, JsonElement value) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var size)
            && size >= 1 && size <= Largest(name)
            ? size
            : throw new RefusedException($"{file}: {name} is {value.GetRawText()}; it must be 1..{Largest(name)}");

    // The width of an expert is a width, whatever else its name says.
    private static int Largest(string name) =>
        !name.EndsWith("_size", StringComparison.Ordinal) && !name.EndsWith("_dim", StringComparison.Ordinal)
            && (name.Contains("layer", StringComparison.Ordinal) || name.Contains("expert", StringComparison.Ordinal)
                || name is "n_head" or "num_heads" or "depth"
                || name.EndsWith("_heads", StringComparison.Ordinal))
            ? LargestRepeat
            : LargestSize;

    private int TokenId(string name, JsonElement value) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var id) && id >= 0
            ? id
            : throw new RefusedException($"{file}: {name} holds {value.GetRawText()}; token ids are 0..{int.MaxValue}");

    // What is null was left out on purpose: no default stands for it.
    private JsonElement? Find(string name)
    {
        _read.Note(name);
        return (root.TryGetProperty(name, out var value)
            || (defaults is { } other && other.TryGetProperty(name, out value)))
            && value.ValueKind != JsonValueKind.Null ? value : null;
    }
}
