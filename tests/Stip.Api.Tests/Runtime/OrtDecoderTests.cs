using Microsoft.ML.OnnxRuntime;
using Stip.Api.Engine;
using Stip.Api.Engine.Caches;
using Stip.Api.Runtime;
using Stip.Api.Tests.Hosting;
using Stip.Api.Tests.Models;
using Stip.Protocol.Packages;
using Stip.Protocol.Tensors;
using Stip.TestKit;

namespace Stip.Api.Tests.Runtime;

public class OrtDecoderTests
{
    private const int Slots = 4;
    private const int StepCount = 6; // more than are run before a recording

    /// <summary>Recorded steps always get the capacity as total length. On the CPU nothing is recorded, but the
    /// numbers that go in are those of a device, and so must be the logits.</summary>
    [Fact]
    public void Run_StepsThatCouldBeRecorded_GiveTheLogitsOfThoseThatCannotBitForBit()
    {
        using var folder = new TemporaryFolder();
        _ = new TinyDecoder().WriteTo(folder.Path);
        var snapshot = new DecoderSnapshot(
            "tiny", Path.Combine(folder.Path, "model.onnx"), TinyDecoder.HiddenSize, TinyDecoder.VocabSize,
            TinyDecoder.ContextLength, TinyDecoder.MaxTopK, TensorDtype.Float32, TensorDtype.Float32,
            TensorDtype.Float32, new CacheManifest(CacheLayouts.Shared, 2, 1, 16));

        Assert.Equal(Logits(snapshot, new CudaGraphs(0)), Logits(snapshot, new CudaGraphs(8)));
    }

    [Fact]
    public void TryRecord_MoreThanAllowed_GivesNoFurtherNumbers()
    {
        var graphs = new CudaGraphs(2);

        using var first = graphs.TryRecord();
        using var second = graphs.TryRecord();

        Assert.NotNull(first);
        Assert.NotNull(second);
        Assert.Null(graphs.TryRecord());
        Assert.False(new CudaGraphs(0).Enabled);
    }

    private static byte[] Logits(DecoderSnapshot snapshot, CudaGraphs graphs)
    {
        using var decoder = new OrtDecoder(
            new InferenceSession(snapshot.GraphPath), snapshot, isOnDevice: false, graphs);
        using var arena = decoder.AllocateArena(Slots, snapshot.ContextLength);
        int[] lengths = [3, 1, 5, 2];
        var row = snapshot.VocabSize * sizeof(float);
        for (var slot = 0; slot < Slots; slot++)
        {
            var prompt = Steps.Rows(slot, 0, lengths[slot]).Data.Span;
            decoder.Run(new SlotRange(arena, slot, 1), [0], prompt, [lengths[slot] - 1], new byte[row]);
        }

        using var answers = new MemoryStream();
        var logits = new byte[Slots * row];
        for (var step = 0; step < StepCount; step++)
        {
            var rows = Steps.Rows(9, step * Slots, Slots).Data.Span;
            decoder.Run(new SlotRange(arena, 0, Slots), lengths, rows, [0, 1, 2, 3], logits);
            answers.Write(logits);
            lengths = [.. lengths.Select(length => length + 1)];
        }

        return answers.ToArray();
    }
}
