using System.Globalization;

namespace Stip.Protocol.Completions;

/// <summary>Reads typed scalars out of <c>__metadata__</c>, where everything is text.</summary>
internal readonly struct MetadataReader(IReadOnlyDictionary<string, string> metadata)
{
    public string? Text(string name) => metadata.GetValueOrDefault(name);

    public int? Integer(string name) => Text(name) is not { } text
        ? null
        : int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value)
            ? value
            : throw Refused(name, "an integer");

    public long? Long(string name) => Text(name) is not { } text
        ? null
        : long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value)
            ? value
            : throw Refused(name, "an integer");

    public double? Real(string name) => Text(name) is not { } text
        ? null
        : double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value)
            ? value
            : throw Refused(name, "a number");

    public bool? Flag(string name) => Text(name) switch
    {
        null => null,
        "true" => true,
        "false" => false,
        _ => throw Refused(name, "'true' or 'false'"),
    };

    private static InvalidDataException Refused(string name, string wanted) =>
        new($"metadata field '{name}' is not {wanted}") { Data = { [CompletionFields.FaultyField] = name } };
}
