using System.Globalization;

namespace Stip.Client.Tokenization.Normalization;

/// <summary>Decompositions, compositions and combining classes, read once from the resource beside this file.</summary>
internal sealed class UnicodeFormTable
{
    private const string Resource = "Stip.Client.Tokenization.Normalization.unicode-forms.txt";
    private static readonly Lazy<UnicodeFormTable> Loaded = new(() => new UnicodeFormTable());
    private readonly Dictionary<int, int[]> _canonical = [];
    private readonly Dictionary<int, int[]> _compatibility = [];
    private readonly Dictionary<(int First, int Second), int> _compositions = [];
    private readonly Dictionary<int, byte> _classes = [];

    private UnicodeFormTable()
    {
        using var stream = typeof(UnicodeFormTable).Assembly.GetManifestResourceStream(Resource)!;
        using var reader = new StreamReader(stream);
        while (reader.ReadLine() is { } line)
        {
            if (!line.StartsWith('#'))
            {
                Add(line.Split(' '));
            }
        }
    }

    public static UnicodeFormTable Shared => Loaded.Value;

    public int[]? Decomposition(int code, bool compatibility) =>
        _canonical.TryGetValue(code, out var parts) || (compatibility && _compatibility.TryGetValue(code, out parts))
            ? parts
            : null;

    public int? Composition(int first, int second) =>
        HangulSyllables.Compose(first, second)
            ?? (_compositions.TryGetValue((first, second), out var composed) ? composed : null);

    public int CombiningClass(int code) => _classes.GetValueOrDefault(code);

    private void Add(string[] fields)
    {
        var code = Code(fields[0]);
        if (byte.Parse(fields[1], CultureInfo.InvariantCulture) is > 0 and var combining)
        {
            _classes[code] = combining;
        }

        if (fields is [_, _, var kind, .. var parts])
        {
            var codes = Array.ConvertAll(parts, Code);
            (kind == "~" ? _compatibility : _canonical)[code] = codes;
            if (kind == "=")
            {
                _compositions[(codes[0], codes[1])] = code;
            }
        }
    }

    private static int Code(string hex) => int.Parse(hex, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
}
