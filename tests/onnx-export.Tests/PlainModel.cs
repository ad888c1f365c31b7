using System.Numerics.Tensors;
using Stip.Onnx.Execution;
using Stip.Onnx.Packages;

namespace Stip.Export.Tests;

/// <summary>An exported folder that can be asked: tables before the graph, tokens after it.</summary>
internal sealed class PlainModel : IDisposable
{
    private readonly EmbeddingTables _tables;

    public PlainModel(string folder, int maxLength)
    {
        Manifest = ExportFolder.ReadManifest(folder);
        _tables = EmbeddingTables.Open(folder, Manifest.Embedding);
        Runner = new DecoderRunner(Path.Combine(folder, "model.onnx"), maxLength);
    }

    public ExportManifest Manifest { get; }

    public DecoderRunner Runner { get; }

    /// <summary>Appends tokens and returns logits, of the last row or of all.</summary>
    public float[] Append(ReadOnlySpan<long> ids, bool allRows = false) =>
        Runner.Append(_tables.Embed(ids, Runner.CachedTokens), allRows).ToArray();

    /// <summary>Continues with the likeliest token each time.</summary>
    public long[] Greedy(ReadOnlySpan<long> prompt, int count)
    {
        var generated = new long[count];
        var logits = Append(prompt);
        for (var i = 0; i < count; i++)
        {
            generated[i] = TensorPrimitives.IndexOfMax(logits);
            if (i + 1 < count)
            {
                logits = Append([generated[i]]);
            }
        }

        return generated;
    }

    public void Dispose()
    {
        Runner.Dispose();
        _tables.Dispose();
    }
}
