using Microsoft.ML.OnnxRuntime;
using Stip.Onnx.Execution;
using Stip.Onnx.Packages;
using Stip.Onnx.Protection.Blocks;
using Stip.Onnx.Running;

namespace Stip.Onnx.Protection;

/// <summary>
/// Runs the plain and the protected model on the same random tokens and compares them under the protocol's law.
/// </summary>
public static class PackageVerifier
{
    /// <summary>Sequences that <c>protect</c> runs through both graphs.</summary>
    public const int DefaultSamples = 4;

    private const int MostPromptTokens = 24;
    private const int DecodedTokens = 3;

    // A longer prompt would take longer than all samples.
    private const int LargestWindow = 256;
    private const int MostSamples = 100_000;

    // A prompt and a single token, each of several sequences.
    private const int BatchPasses = 2;

    // A fixed seed: the tokens are no secret, and a failure can be seen again.
    private const int Seed = 20260;

    /// <summary>Compares logits of a prefill and of single steps, caches, and every weight.</summary>
    /// <param name="exportFolder">The plain model.</param>
    /// <param name="packageFolder">The package, all three parts.</param>
    /// <param name="samples">Random sequences, 1..100,000.</param>
    /// <param name="passphrase">Opens encrypted owner keys.</param>
    /// <param name="progress">Called with the share of the runs that is done, 0..1.</param>
    /// <param name="mode">As a whole or block by block; by the size of the model unless given.</param>
    /// <exception cref="RefusedException">A folder is not what it should be, or this machine cannot run the
    /// graphs.</exception>
    public static VerificationReport Verify(
        string exportFolder,
        string packageFolder,
        int samples,
        string? passphrase = null,
        Action<double>? progress = null,
        VerificationMode mode = VerificationMode.Auto)
    {
        if (samples is < 1 or > MostSamples)
        {
            throw new RefusedException($"{samples} samples are outside 1..{MostSamples}");
        }

        using var moved = ProtectedModel.Open(packageFolder, passphrase);
        using var plain = PlainModel.Open(exportFolder, moved.ClientLayers);
        if (plain.Sources.Count > 0 && moved.Tables is not null && plain.Parts.All(part => !part.IsClient))
        {
            throw new RefusedException(
                $"'{exportFolder}' is a graph alone, and the package was made with the client's tables; give the "
                + "folder that it was made of");
        }

        return Verify(plain, new PlainAnswers(keepsAll: false), moved, samples, progress, mode);
    }

    /// <summary>The same for one of several packages of a model that is open.</summary>
    internal static VerificationReport Verify(
        PlainModel plain,
        PlainAnswers answers,
        ProtectedModel moved,
        int samples,
        Action<double>? progress,
        VerificationMode mode)
    {
        var (mine, other) = (plain.Manifest, moved.Package);
        // Packages of foreign pictures were made without either before their ports were told.
        var isPicture = plain.Sources.Count > 0 && mine.Kind == ModelKinds.Image;
        if ((other.VocabSize != mine.VocabSize && !(isPicture && other.VocabSize == 0))
            || (other.HiddenSize != mine.HiddenSize && !isPicture))
        {
            throw new RefusedException(
                $"the package has {other.VocabSize} tokens of width {other.HiddenSize}, the plain model "
                + $"{mine.VocabSize} of width {mine.HiddenSize}: they are not the same model");
        }

        var (chosen, reason) = VerificationChoice.Of(plain, mode);
        var comparison = new OutputComparison(plain)
        {
            // Blocks are run in float32 where a CPU cannot do otherwise.
            IsWidened = chosen == VerificationMode.Blocks,
            IsRounded = other.Quantization is not null,
            Places = plain.Parts.Where(part => !part.IsClient).SelectMany(part => moved.PlanOf(part.Key).Outputs.Values)
                .Where(output => output.IsIndex).Select(output => output.Name).ToHashSet(StringComparer.Ordinal),
        };
        BlockComparison? blocks = null;
        try
        {
            if (chosen == VerificationMode.Blocks)
            {
                blocks = BlockComparison.Run(plain, moved, samples, comparison, progress);
                samples = blocks.Samples;
            }
            else
            {
                samples = RunWhole(plain, answers, moved, samples, comparison, progress);
            }
        }
        catch (OnnxRuntimeException e)
        {
            throw new RefusedException($"this machine cannot run the graphs: {e.Message.ReplaceLineEndings(" ")}", e);
        }

        var misplaced = WeightCheck.FirstMisplaced(plain, moved) is { } weight
            ? $"weight '{weight}' is not where the keys say"
            : ClientFileCheck.Fault(plain, moved);
        var report = comparison.Report(samples, misplaced) with
        {
            Mode = chosen,
            ModeReason = reason,
            Warning = ClientFileCheck.Warning(plain, moved),
        };
        if (report.Passed)
        {
            return report;
        }

        blocks = blocks?.Fault is null ? BlockComparison.FindFault(plain, moved) : blocks;
        return report with { Fault = blocks.Fault, FaultNode = blocks.FaultNode };
    }

    // How many samples were run.
    private static int RunWhole(
        PlainModel plain,
        PlainAnswers answers,
        ProtectedModel moved,
        int samples,
        OutputComparison comparison,
        Action<double>? progress)
    {
        answers.Begin();
        if (plain.Sources.Count > 0)
        {
            samples = plain.Sources.Select((source, index) => ForeignComparison.Run(
                source, answers, moved, samples, comparison, ShareOfWork.Of(progress, index, plain.Sources.Count)))
                .ToArray().Min();
        }
        else
        {
            using var left = new ExportedSide(plain.Folder);
            Compare(plain, left, answers, moved, samples, comparison, progress);
        }

        answers.End();
        return samples;
    }

    private static void Compare(
        PlainModel plain,
        ExportedSide left,
        PlainAnswers answers,
        ProtectedModel right,
        int samples,
        OutputComparison comparison,
        Action<double>? progress)
    {
        // What a decoder's own steps do not reach: encoders, images, and the rows that images give.
        var reachesBeyond = !(left.HasSharedCache && left.Kind == ModelKinds.Decoder);
        if (left.HasSharedCache)
        {
            var steps = ShareOfWork.Of(progress, 0, reachesBeyond ? 2 : 1);
            RunSteps(plain, left, answers, right, samples, comparison, steps);
            RunBeyondWindow(plain, left, answers, right, comparison);
            RunBatches(plain, answers, right, comparison);
            steps?.Invoke(1);
        }

        var others = left.HasSharedCache ? ShareOfWork.Of(progress, 1, 2) : progress;
        var random = new Random(Seed);
        var inputs = new SampleInputs(plain.Manifest, left.Tables, random);
        for (var sample = 0; sample < samples && reachesBeyond; sample++)
        {
            var given = inputs.Next();
            if (left.Kind == ModelKinds.VisionLanguage)
            {
                comparison.AddAll(
                    answers.Of(() => ImageTextRun.Features(left, given)), ImageTextRun.Features(right, given));
            }
            else
            {
                comparison.AddAll(answers.Of(() => WholeModel.Run(left, given)), WholeModel.Run(right, given));
            }

            others?.Invoke((sample + 1.0) / samples);
        }
    }

    private static void RunSteps(
        PlainModel plain,
        ExportedSide plainSide,
        PlainAnswers answers,
        ProtectedModel moved,
        int samples,
        OutputComparison comparison,
        Action<double>? progress)
    {
        var longest = Math.Min(MostPromptTokens + DecodedTokens, plain.Manifest.ContextLength);
        using var steps = new StepComparison(
            plainSide, answers, moved, comparison, side => new DecoderSequence(side, longest));
        var random = new Random(Seed);
        for (var sample = 0; sample < samples; sample++)
        {
            steps.Rewind();
            Step(random.Next(1, Math.Max(2, longest - DecodedTokens + 1)));
            for (var step = 0; step < DecodedTokens && steps.CachedTokens < longest; step++)
            {
                Step(1);
            }

            steps.CompareCaches();

            // Beyond a window and in batches come after these.
            progress?.Invoke((sample + 1.0) / (samples + 1));
        }

        void Step(int tokens) => steps.Append(Ids(random, tokens, plain.Manifest.VocabSize));
    }

    // Bounded caches let tokens go with every token of this sequence that follows a window.
    private static void RunBeyondWindow(
        PlainModel plain,
        ExportedSide plainSide,
        PlainAnswers answers,
        ProtectedModel moved,
        OutputComparison comparison)
    {
        var window = answers.Of(() => BoundedCaches.Read(plainSide.GraphOf(plainSide.MainRole)).Values
            .DefaultIfEmpty(int.MaxValue).Min());
        if (window > LargestWindow)
        {
            return;
        }

        var longest = window + DecodedTokens + 2;
        using var steps = new StepComparison(
            plainSide, answers, moved, comparison, side => new DecoderSequence(side, longest, spare: 0));
        var random = new Random(Seed);
        foreach (var tokens in Enumerable.Repeat(1, DecodedTokens).Prepend(window + 1))
        {
            steps.Append(Ids(random, tokens, plain.Manifest.VocabSize));
        }
    }

    // Steps of one sequence do not show what a server does that has several clients at once.
    private static void RunBatches(
        PlainModel plain, PlainAnswers answers, ProtectedModel moved, OutputComparison comparison)
    {
        var part = plain.Parts.First(part => !part.IsClient && part.Role == moved.MainRole);
        using var passes = new PartPasses(plain, moved, part);
        using var left = answers.Runs ? new GraphRunner(part.Model, plain.FolderOf(part)) : null;
        using var right = new GraphRunner(moved.PathOf(part));
        foreach (var pass in passes.Make(BatchPasses))
        {
            var expected = answers.Of(() => WrittenRows.Only(pass.Plain, left!.Run(pass.Plain)));
            var given = WrittenRows.Only(pass.Moved, right.Run(pass.Moved));
            comparison.AddAll(
                [.. expected.Select(output => (output.Key, output.Value))],
                [.. given.Select(output => (output.Key, moved.Restore(part.Role, output.Key, output.Value)))]);
        }
    }

    private static long[] Ids(Random random, int tokens, int vocabSize)
    {
        var ids = new long[tokens];
        for (var i = 0; i < tokens; i++)
        {
            ids[i] = random.Next(vocabSize);
        }

        return ids;
    }
}
