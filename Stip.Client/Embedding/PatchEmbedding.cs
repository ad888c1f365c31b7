using System.Text.Json;
using Stip.Client.Bundles;
using Stip.Client.Images;
using Stip.Keys.Bundles;

namespace Stip.Client.Embedding;

/// <summary>Images to permuted rows: preprocessing, then the client's own graph.</summary>
/// <remarks>Safe for concurrent use until the bundle is disposed.</remarks>
public sealed class PatchEmbedding : IDisposable
{
    private const string Pixels = "pixel_values";
    private const string Rows = "inputs_embeds";

    private readonly ClientGraph _graph;
    private readonly ImagePreprocessor _preprocessor;
    private readonly int _width;
    private readonly int _height;

    private PatchEmbedding(ClientGraph graph, ImagePreprocessor preprocessor, int width, int height) =>
        (_graph, _preprocessor, _width, _height) = (graph, preprocessor, width, height);

    /// <summary>Turns an image into rows.</summary>
    /// <param name="image">Any size.</param>
    /// <returns>Rows and their shape, <c>[1, seq, hidden]</c>, in float32.</returns>
    /// <exception cref="InvalidDataException">Preprocessing leaves another size than the model takes.</exception>
    public (float[] Rows, IReadOnlyList<long> Shape) Embed(RgbImage image)
    {
        var (values, width, height) = _preprocessor.Apply(image);
        if (width != _width || height != _height)
        {
            throw new InvalidDataException(
                $"the image is {width} × {height} after preprocessing, the model takes {_width} × {_height}");
        }

        return EmbedPixels(values, [1, RgbImage.Channels, height, width]);
    }

    /// <summary>The same from pixel values.</summary>
    internal (float[] Rows, IReadOnlyList<long> Shape) EmbedPixels(float[] values, long[] shape) =>
        _graph.Run(Pixels, values, shape, Rows);

    /// <exception cref="BundleException">The graph is not one that takes images.</exception>
    internal static PatchEmbedding Open(string folder, ClientGraphManifest manifest)
    {
        var input = manifest.Inputs.FirstOrDefault(port => port.Name == Pixels);
        if (input?.Shape is not [_, var channels, var height, var width] || !Is(channels, out var colours)
            || colours != RgbImage.Channels || !Is(height, out var rows) || !Is(width, out var columns)
            || manifest.Outputs.All(port => port.Name != Rows))
        {
            throw new BundleException(
                $"{Path.Combine(folder, manifest.File)} does not turn {Pixels} of a fixed size into {Rows}");
        }

        var graph = ClientGraph.Load(folder, manifest);
        try
        {
            return new PatchEmbedding(graph, ImagePreprocessor.FromFolder(folder, columns, rows), columns, rows);
        }
        catch (InvalidDataException fault)
        {
            graph.Dispose();
            throw new BundleException(fault.Message, fault);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _graph.Dispose();

    private static bool Is(JsonElement axis, out int length)
    {
        length = 0;
        return axis.ValueKind == JsonValueKind.Number && axis.TryGetInt32(out length) && length > 0;
    }
}
