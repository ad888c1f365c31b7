using System.Numerics.Tensors;
using Stip.EndToEnd.Kit;
using Stip.TestKit;

namespace Stip.EndToEnd.Tests.Generation;

/// <summary>The protected path through HTTP against logits and texts that transformers computed.</summary>
public sealed class ReferenceTests(SharedServer server, ITestOutputHelper output)
{
    private const float Tolerance = 1e-3f;
    private const float ClearMargin = 2e-3f;

    public static TheoryData<string> Checkpoints() => [.. KnownCheckpoints.Folders];

    [Theory]
    [MemberData(nameof(Checkpoints))]
    public async Task ScoreAsync_EveryCheckpoint_GivesTheReferenceLogits(string checkpoint)
    {
        using var open = await server.OpenAsync(checkpoint);
        var largest = 0f;
        foreach (var reference in References(checkpoint).Where(reference => reference.Logits is not null))
        {
            await using var session = open.Model.OpenSession();
            var rows = await session.ScoreAsync(Ids(reference.InputIds), TestContext.Current.CancellationToken);
            var vocabSize = open.Model.Bundle.Permutation.VocabSize;
            for (var i = 0; i < rows.Count; i++)
            {
                var expected = reference.Logits.AsSpan(i * vocabSize, vocabSize);
                var difference = new float[vocabSize]; // [vocab]
                TensorPrimitives.Subtract(rows[i].Values.Span, expected, difference);
                largest = Math.Max(largest, Math.Abs(TensorPrimitives.MaxMagnitude<float>(difference)));
                if (Margin(expected) > ClearMargin)
                {
                    Assert.Equal(TensorPrimitives.IndexOfMax(expected), rows[i].ArgMax());
                }
            }
        }

        output.WriteLine($"{checkpoint}: largest |Δlogit| through HTTP {largest:0.0E+0}");
        Assert.InRange(largest, 0, Tolerance);
    }

    [Theory]
    [MemberData(nameof(Checkpoints))]
    public async Task GenerateAsync_EveryCheckpoint_GivesTheReferenceTokens(string checkpoint)
    {
        using var open = await server.OpenAsync(checkpoint);
        foreach (var reference in References(checkpoint))
        {
            var prompt = Ids(reference.InputIds);
            int[] expected = Ids(reference.Generated);

            var ids = await open.GreedyAsync(prompt, expected.Length, TestContext.Current.CancellationToken);

            var equal = ids.AsSpan().CommonPrefixLength(expected);
            if (equal < expected.Length)
            {
                // Two tokens that the reference itself cannot tell apart may change places.
                var margin = await MarginAfterAsync(open, [.. prompt, .. expected[..equal]]);
                Assert.True(margin <= ClearMargin, $"{checkpoint}: token {equal} differs at a margin of {margin}");
            }
        }
    }

    private static IReadOnlyList<ReferenceCase> References(string checkpoint) =>
        ReferenceCase.Load(KnownCheckpoints.Folder(checkpoint));

    private static int[] Ids(long[] ids) => [.. ids.Select(id => (int)id)];

    private static async Task<float> MarginAfterAsync(OpenModel open, int[] tokens)
    {
        await using var session = open.Model.OpenSession();
        var logits = await session.AppendAsync(tokens, cancellationToken: TestContext.Current.CancellationToken);
        return Margin(logits.Values.Span);
    }

    private static float Margin(ReadOnlySpan<float> logits)
    {
        var sorted = logits.ToArray();
        Array.Sort(sorted);
        return sorted[^1] - sorted[^2];
    }
}
