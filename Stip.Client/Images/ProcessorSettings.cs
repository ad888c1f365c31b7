using System.Text.Json;
using Stip.Client.Tokenization;

namespace Stip.Client.Images;

/// <summary>Settings of an image processor, as transformers reads them.</summary>
internal sealed class ProcessorSettings
{
    private const string Alone = "preprocessor_config.json";
    private const string Joined = "processor_config.json";
    private const string OfImages = "image_processor";

    private readonly JsonElement _root;

    private ProcessorSettings(string path, JsonElement root)
    {
        (Path, _root) = (path, root);
        Type = root.OptionalText("image_processor_type") ?? root.OptionalText("feature_extractor_type");
        Kind = Type is null ? null : ProcessorKind.Of(Type);
    }

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>Name of the processor, null where none is said.</summary>
    public string? Type { get; }

    /// <summary>What is known of it, null where nothing is.</summary>
    public ProcessorKind? Kind { get; }

    /// <summary>Reads those of a folder and makes something of them. Newer folders have them in
    /// <c>processor_config.json</c>, where they count before <c>preprocessor_config.json</c>; without either there are
    /// none.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="make">What is made of them.</param>
    /// <param name="section">Their name in <c>processor_config.json</c>.</param>
    /// <exception cref="InvalidDataException">The file is no such file; one line.</exception>
    public static T Read<T>(string folder, Func<ProcessorSettings, T> make, string section = OfImages)
    {
        var path = System.IO.Path.Combine(folder, Joined);
        try
        {
            using var joined = Parse(path);
            if (joined?.RootElement.Child(section) is { ValueKind: JsonValueKind.Object } part)
            {
                return make(new ProcessorSettings(path, part));
            }

            path = System.IO.Path.Combine(folder, Alone);
            using var alone = Parse(path) ?? JsonDocument.Parse("{}");
            return make(new ProcessorSettings(path, alone.RootElement));
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException or FormatException)
        {
            throw new InvalidDataException($"{path} is not the JSON that is expected", fault);
        }
        catch (InvalidDataException fault)
        {
            throw new InvalidDataException($"{path}: {fault.Message}", fault);
        }
    }

    /// <summary>True where a field is there, null or not.</summary>
    public bool Has(string name) => _root.TryGetProperty(name, out _);

    /// <summary>A field, null where it is absent or null.</summary>
    public JsonElement? Find(string name) => _root.Child(name);

    /// <summary>A flag; one that is null is off.</summary>
    public bool Flag(string name, bool otherwise) =>
        Find(name) is { } value ? value.GetBoolean() : otherwise && !Has(name);

    public int Integer(string name, int otherwise) => Find(name) is { } value ? value.GetInt32() : otherwise;

    public double Number(string name, double otherwise) => Find(name) is { } value ? value.GetDouble() : otherwise;

    /// <summary>A number for one of the colours, or for all.</summary>
    public double OfColour(string name, int channel, double otherwise) => Find(name) switch
    {
        null => otherwise,
        { ValueKind: JsonValueKind.Number } one => one.GetDouble(),
        { } list when list.GetArrayLength() == RgbImage.Channels => list[channel].GetDouble(),
        _ => throw new InvalidDataException($"{name} is not one number for each of {RgbImage.Channels} colours"),
    };

    private static JsonDocument? Parse(string path) =>
        File.Exists(path) ? JsonDocument.Parse(File.ReadAllBytes(path)) : null;
}
