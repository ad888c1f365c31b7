using System.Numerics.Tensors;
using Stip.Protocol.Tensors;
using Stip.TestKit;

namespace Stip.Export.Tests.Architectures;

/// <summary>Exported graphs against what transformers computed, over the trained and the random checkpoints.</summary>
public sealed class ReferenceTests(ExportedModels models)
{
    // The law allows 1e-3; float32 on the CPU stays far below it, and a wrong norm or scale does not.
    private const float LargestDifference = 1e-4f;
    private const float LargestFloat16Share = 2e-3f;
    private const float ClearMargin = 2e-3f;

    public static TheoryData<string> Names => [.. KnownCheckpoints.Folders];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Logits_OfEveryPosition_EqualTheReference(string name)
    {
        var folder = await models.FolderAsync(name);
        var cases = ReferenceCase.Load(KnownCheckpoints.Folder(name));
        foreach (var reference in cases.Where(reference => reference.Logits is not null))
        {
            using var model = new PlainModel(folder, reference.InputIds.Length);

            var logits = model.Append(reference.InputIds, allRows: true);

            var worst = Largest(logits, reference.Logits!);
            TestContext.Current.SendDiagnosticMessage($"{name}: largest difference {worst:G3}");
            Assert.InRange(worst, 0, LargestDifference);
            AssertSameTop(logits, reference.Logits!, model.Runner.VocabSize);
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Logits_InFloat16_StayNearTheReference(string name)
    {
        var reference = ReferenceCase.Load(KnownCheckpoints.Folder(name))[0];
        using var model = new PlainModel(
            await models.FolderAsync(name, TensorDtype.Float16), reference.InputIds.Length);

        var logits = model.Append(reference.InputIds, allRows: true);

        var scale = TensorPrimitives.MaxMagnitude<float>(reference.Logits);
        Assert.InRange(Largest(logits, reference.Logits!) / MathF.Abs(scale), 1e-7f, LargestFloat16Share);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task GreedyText_WithCache_EqualsTheReferenceOverItsWholeLength(string name)
    {
        var folder = await models.FolderAsync(name);
        foreach (var reference in ReferenceCase.Load(KnownCheckpoints.Folder(name)))
        {
            var count = reference.Generated.Length;
            using var model = new PlainModel(folder, reference.InputIds.Length + count);

            Assert.Equal(reference.Generated, model.Greedy(reference.InputIds, count));
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Cache_OnOrOff_GivesTheSameLogits(string name)
    {
        var folder = await models.FolderAsync(name);
        var reference = ReferenceCase.Load(KnownCheckpoints.Folder(name))[0];
        long[] ids = [.. reference.InputIds, .. reference.Generated[..16]];
        using var cached = new PlainModel(folder, ids.Length);
        using var whole = new PlainModel(folder, ids.Length);
        cached.Append(reference.InputIds);
        for (var length = reference.InputIds.Length + 1; length <= ids.Length; length++)
        {
            whole.Runner.Rewind(0);

            var difference = Largest(cached.Append([ids[length - 1]]), whole.Append(ids.AsSpan(0, length)));

            Assert.InRange(difference, 0, LargestDifference);
        }
    }

    internal static float Largest(ReadOnlySpan<float> actual, ReadOnlySpan<float> expected)
    {
        var differences = new float[expected.Length];
        TensorPrimitives.Subtract(actual, expected, differences);
        return TensorPrimitives.MaxMagnitude<float>(differences) is var worst && float.IsNaN(worst)
            ? float.PositiveInfinity
            : MathF.Abs(worst);
    }

    private static void AssertSameTop(float[] actual, float[] expected, int vocabSize)
    {
        for (var row = 0; row < expected.Length; row += vocabSize)
        {
            var sorted = expected.AsSpan(row, vocabSize).ToArray();
            Array.Sort(sorted);
            if (sorted[^1] - sorted[^2] > ClearMargin)
            {
                Assert.Equal(
                    TensorPrimitives.IndexOfMax(expected.AsSpan(row, vocabSize)),
                    TensorPrimitives.IndexOfMax(actual.AsSpan(row, vocabSize)));
            }
        }
    }
}
