using System.Text.Json;
using Microsoft.ML.OnnxRuntime;
using Stip.Client.Bundles;
using Stip.Client.Sound;
using Stip.Keys.Bundles;
using Stip.Protocol.Tensors;

namespace Stip.Client.Embedding;

/// <summary>Sounds to permuted rows: a spectrogram or the samples, then the client's own graph.</summary>
/// <remarks>Safe for concurrent use until the bundle is disposed.</remarks>
public sealed class SoundEmbedding : IDisposable
{
    private const int SpectrogramRank = 3;
    private const int SamplesRank = 2;
    private const int RowsRank = 3;

    private readonly ClientGraph _graph;
    private readonly SoundPreprocessor _preprocessor;

    private SoundEmbedding(ClientGraph graph, SoundPreprocessor preprocessor) =>
        (_graph, _preprocessor) = (graph, preprocessor);

    /// <summary>Samples a second that it takes.</summary>
    public int SampleRate => _preprocessor.SampleRate;

    /// <summary>Most samples of one source; longer sounds are cut.</summary>
    public int WindowSamples => _preprocessor.WindowSamples;

    /// <summary>True where every sound is filled up with silence to the length of a window (Whisper); false where
    /// rows are as many as the sound is long (Moonshine).</summary>
    public bool IsFilledUp => _preprocessor.IsFilledUp;

    /// <summary>Turns a sound into rows.</summary>
    /// <param name="samples">1 to <see cref="WindowSamples"/> of <see cref="SampleRate"/>.</param>
    /// <returns>What is sent, in float32, and its shape <c>[1, rows, hidden]</c>.</returns>
    /// <exception cref="InvalidDataException">The graph cannot take the sound.</exception>
    public (float[] Rows, IReadOnlyList<long> Shape) Embed(ReadOnlyMemory<float> samples)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(samples.Length, 1, nameof(samples));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(samples.Length, WindowSamples, nameof(samples));
        var (values, shape) = _preprocessor.Apply(samples.Span);
        try
        {
            return _graph.Run(_graph.Manifest.Inputs[0].Name, values, shape, _graph.Manifest.Outputs[0].Name);
        }
        catch (OnnxRuntimeException fault)
        {
            throw new InvalidDataException(
                $"the model's graph cannot take a sound of {(double)samples.Length / SampleRate:F2} seconds", fault);
        }
    }

    /// <summary>True where a graph takes numbers that are no picture's.</summary>
    internal static bool IsMeant(ClientGraphManifest manifest) =>
        manifest.Inputs is [{ Shape.Count: SpectrogramRank or SamplesRank } sound] && AreFloats(sound.Dtype);

    /// <summary>Why a graph is not one that takes sounds; null where it is. Its names do not matter.</summary>
    internal static string? Fault(ClientGraphManifest manifest) =>
        !IsMeant(manifest)
            ? $"{manifest.File} takes no sound"
            : manifest.Outputs is [{ Shape.Count: RowsRank } rows] && AreFloats(rows.Dtype)
                && Length(rows.Shape[^1]) is not null
                ? null
                : $"{manifest.File} does not turn a sound into rows: protect the model again";

    /// <exception cref="BundleException">The graph is not one that takes sounds, or the settings cannot be
    /// used.</exception>
    internal static SoundEmbedding Open(string folder, ClientGraphManifest manifest)
    {
        if (Fault(manifest) is { } fault)
        {
            throw new BundleException(Path.Combine(folder, fault));
        }

        var shape = manifest.Inputs[0].Shape;
        var isSpectrogram = shape.Count == SpectrogramRank;
        try
        {
            var preprocessor = isSpectrogram
                ? SoundPreprocessor.FromFolder(folder, isSpectrogram, Length(shape[1]), Length(shape[2]))
                : SoundPreprocessor.FromFolder(folder, isSpectrogram);
            return new SoundEmbedding(ClientGraph.Load(folder, manifest), preprocessor);
        }
        catch (InvalidDataException unread)
        {
            throw new BundleException(unread.Message, unread);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _graph.Dispose();

    private static bool AreFloats(string dtype) =>
        TensorDtypes.TryParseWire(dtype, out var parsed) && parsed.IsWireFloat();

    private static int? Length(JsonElement axis) =>
        axis.ValueKind == JsonValueKind.Number && axis.TryGetInt32(out var length) && length > 0 ? length : null;
}
