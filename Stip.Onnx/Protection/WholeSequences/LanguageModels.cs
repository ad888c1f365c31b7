using Microsoft.ML.OnnxRuntime;
using Stip.Keys.Bundles;
using Stip.Onnx.Execution;
using Stip.Protocol.Tensors;
using Inputs = System.Collections.Generic.IReadOnlyDictionary<string, Stip.Onnx.Execution.HostTensor>;

namespace Stip.Onnx.Protection.WholeSequences;

/// <summary>Tells language models without a cache from encoders that score words too (masked language models), by
/// running them: what a model says of a token must not change with the tokens behind it.</summary>
internal static class LanguageModels
{
    // Sums of other rows in another order; of half precision; and of what is rounded to 8 bits by the largest number of
    // all rows.
    private const float Tolerance = 1e-4f;
    private const float HalfTolerance = 1e-2f;
    private const float RoundedTolerance = 5e-2f;

    /// <summary>Looks at a model before it is protected.</summary>
    /// <param name="plain">The plain model.</param>
    /// <param name="mode">How it may be run; never <see cref="VerificationMode.Auto"/>.</param>
    public static WholeSequenceFinding Find(PlainModel plain, VerificationMode mode)
    {
        if (WholeSequenceCandidate.Of(plain) is not { } candidate)
        {
            return WholeSequenceFinding.None;
        }

        if (mode == VerificationMode.None)
        {
            return new WholeSequenceFinding(null, "whether this is a language model without a cache is told by running "
                + "it, which --verify none leaves out: the package is an encoder's, which chat and complete refuse");
        }

        var told = WholeSequenceInputs.Told(candidate);
        var pairs = Judged(plain, candidate, mode, told);
        if (pairs.Count == 0)
        {
            return new WholeSequenceFinding(null, "whether this is a language model without a cache could not be told "
                + "(no text of two tokens and more could be run): the package is an encoder's, which chat and "
                + "complete refuse");
        }

        if (RowsOf(plain, candidate, pairs) is not { } whole)
        {
            return WholeSequenceFinding.None;
        }

        string[] refusals =
        [
            .. WholeSequenceInputs.AreRows(candidate)
                ? Array.Empty<string>()
                : ["its graph does not take one tensor of rows [batch, length, width]"],
            .. WholeSequenceInputs.Untold(candidate, told).Take(1)
                .Select(name => $"nothing tells what input '{name}' of its graph is"),
            .. whole.Rows == WholeSequenceManifest.LastRow && candidate.Source.FixedLength is { } length
                ? [$"it takes texts of {length} tokens and gives the row of the last one alone"]
                : Array.Empty<string>(),
        ];
        return refusals is [var refusal, ..]
            ? new WholeSequenceFinding(null, "a language model without a cache that clients cannot ask, for "
                + $"{refusal}: the package is an encoder's, which chat and complete refuse")
            : new WholeSequenceFinding(
                whole with { Inputs = told.Count > 0 ? told : null },
                "the graph has no cache: each token that is generated costs a pass over the whole text (a graph with "
                + "past_key_values costs one row)");
    }

    private static List<EndPair> Judged(
        PlainModel plain,
        WholeSequenceCandidate candidate,
        VerificationMode mode,
        IReadOnlyDictionary<string, string> told)
    {
        var pairs = new ChangedEnds(candidate, told).Make().ToList();
        var answers = Answers(
            plain, candidate, mode, [.. pairs.SelectMany(pair => new Inputs[] { pair.Text, pair.Changed })]);
        return pairs.Select((pair, i) => (pair.Lengths, One: answers[2 * i], Other: answers[(2 * i) + 1]))
            .Where(pair => pair.One is not null && pair.Other is not null)
            .Select(pair => new EndPair(pair.One!, pair.Other!, pair.Lengths, candidate.Width)).ToList();
    }

    // Null where it is none.
    private static WholeSequenceManifest? RowsOf(
        PlainModel plain, WholeSequenceCandidate candidate, List<EndPair> judged)
    {
        var tolerance = RoundedActivations.AreIn(candidate.Part.Model) ? RoundedTolerance
            : plain.Manifest.Dtype == TensorDtype.Float32.WireName() ? Tolerance : HalfTolerance;
        var rows = judged.TrueForAll(pair => pair.HasAllRows) ? WholeSequenceManifest.AllRows
            : judged.TrueForAll(pair => pair.HasLastRow) ? WholeSequenceManifest.LastRow
            : null;
        var isLanguageModel = rows == WholeSequenceManifest.AllRows
            ? judged.TrueForAll(pair => pair.Keeps(tolerance)) && judged.Exists(pair => pair.Changes(tolerance))
            : rows is not null && LastRowTaken.Is(candidate.Part.Graph, candidate.Logits);
        return !isLanguageModel ? null : new WholeSequenceManifest(rows!)
        {
            Gives = judged.TrueForAll(pair => pair.HasProbabilities) ? WholeSequenceManifest.Probabilities : null,
        };
    }

    private static IReadOnlyList<HostTensor?> Answers(
        PlainModel plain, WholeSequenceCandidate candidate, VerificationMode mode, Inputs[] texts)
    {
        try
        {
            return PlainPasses.Run(plain, candidate, mode, texts);
        }
        catch (OnnxRuntimeException)
        {
            // The comparison says why this machine cannot run the graph.
            return new HostTensor?[texts.Length];
        }
    }
}
