using System.Text.Json;
using Microsoft.ML.OnnxRuntime;
using Stip.Client.Bundles;
using Stip.Client.Images;
using Stip.Keys.Bundles;
using Stip.Protocol.Tensors;

namespace Stip.Client.Embedding;

/// <summary>Images to permuted rows: preprocessing, then the client's own graph.</summary>
/// <remarks>Safe for concurrent use until the bundle is disposed.</remarks>
public sealed class PatchEmbedding : IDisposable
{
    private readonly ClientGraph _graph;
    private readonly ImagePreprocessor _preprocessor;
    private readonly int? _width;
    private readonly int? _height;

    private PatchEmbedding(ClientGraph graph, ImagePreprocessor preprocessor, int? width, int? height) =>
        (_graph, _preprocessor, _width, _height) = (graph, preprocessor, width, height);

    /// <summary>Turns an image into rows.</summary>
    /// <param name="image">Any size.</param>
    /// <returns>What is sent and its shape in float32: rows <c>[1, seq, hidden]</c>, or a feature map
    /// <c>[1, features, height, width]</c>.</returns>
    /// <exception cref="InvalidDataException">Preprocessing leaves another size than the model takes, or one that its
    /// graph cannot take.</exception>
    public (float[] Rows, IReadOnlyList<long> Shape) Embed(RgbImage image)
    {
        var (values, width, height) = _preprocessor.Apply(image);
        if (width != (_width ?? width) || height != (_height ?? height))
        {
            throw new InvalidDataException(
                $"the image is {width} × {height} after preprocessing, the model takes {_width} × {_height}");
        }

        return EmbedPixels(values, [1, RgbImage.Channels, height, width]);
    }

    /// <summary>The same from pixel values.</summary>
    /// <exception cref="InvalidDataException">The graph cannot take them.</exception>
    internal (float[] Rows, IReadOnlyList<long> Shape) EmbedPixels(float[] values, long[] shape)
    {
        try
        {
            return _graph.Run(_graph.Manifest.Inputs[0].Name, values, shape, _graph.Manifest.Outputs[0].Name);
        }
        catch (OnnxRuntimeException fault)
        {
            throw new InvalidDataException(
                $"the model's graph cannot take an image of {shape[^1]} × {shape[^2]}", fault);
        }
    }

    /// <summary>Why a graph is not one that takes images; null where it is. Its names do not matter.</summary>
    internal static string? Fault(ClientGraphManifest manifest) =>
        manifest is { Inputs: [{ Shape.Count: 4 } image], Outputs: [{ Shape.Count: > 2 } rows] }
        && AreFloats(image.Dtype) && AreFloats(rows.Dtype)
        && (Length(image.Shape[1]) ?? (Length(image.Shape[3]) == RgbImage.Channels ? 0 : RgbImage.Channels))
            == RgbImage.Channels
            ? null
            : $"{manifest.File} does not turn an image [batch, {RgbImage.Channels}, height, width] into rows; it takes "
                + $"{Names(manifest.Inputs)} and gives {Names(manifest.Outputs)}";

    /// <exception cref="BundleException">The graph is not one that takes images.</exception>
    internal static PatchEmbedding Open(string folder, ClientGraphManifest manifest)
    {
        if (Fault(manifest) is { } fault)
        {
            throw new BundleException(Path.Combine(folder, fault));
        }

        var shape = manifest.Inputs[0].Shape;
        var (height, width) = (Length(shape[2]), Length(shape[3]));
        var graph = ClientGraph.Load(folder, manifest);
        try
        {
            return new PatchEmbedding(
                graph,
                height is { } rows && width is { } columns
                    ? ImagePreprocessor.FromFolder(folder, columns, rows)
                    : ImagePreprocessor.FromFolder(folder),
                width,
                height);
        }
        catch (InvalidDataException unread)
        {
            graph.Dispose();
            throw new BundleException(unread.Message, unread);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _graph.Dispose();

    private static bool AreFloats(string dtype) =>
        TensorDtypes.TryParseWire(dtype, out var parsed) && parsed.IsWireFloat();

    private static string Names(IReadOnlyList<ClientTensorManifest> ports) =>
        string.Join(", ", ports.Select(port => $"'{port.Name}' ({port.Dtype} of {port.Shape.Count} axes)"));

    private static int? Length(JsonElement axis) =>
        axis.ValueKind == JsonValueKind.Number && axis.TryGetInt32(out var length) && length > 0 ? length : null;
}
