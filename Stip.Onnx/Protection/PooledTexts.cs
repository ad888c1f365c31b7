using Stip.Onnx.Execution;
using Stip.Onnx.Packages;

namespace Stip.Onnx.Protection;

/// <summary>Puts into a manifest how the rows of a graph of another exporter become the vector of a text.</summary>
internal static class PooledTexts
{
    /// <exception cref="RefusedException">A pooling was chosen for a model without rows to pool.</exception>
    public static void Judge(PlainModel plain, TextVectors? texts)
    {
        if (texts is { IsChosen: true } && !ArePooled(plain))
        {
            throw new RefusedException("--pooling and --normalize are for graphs of other exporters that give rows of "
                + "texts; this model is none, or gives the vector of a text itself");
        }
    }

    /// <summary>The manifest with it; a graph that gives vectors itself keeps them, cut and prompted as is said.
    /// </summary>
    public static ExportManifest ApplyTo(ExportManifest manifest, PlainModel plain, TextVectors? texts)
    {
        if (texts is null || plain.Sources.Count == 0 || !IsOfTexts(manifest))
        {
            return manifest;
        }

        var arePooled = ArePooled(plain);
        return manifest with
        {
            Pooling = arePooled ? texts.Pooling : manifest.Pooling,
            Normalize = texts.Normalizes ? true : manifest.Normalize,
            Prompt = texts.Prompt,
            Prompts = texts.Prompts,
            ContextLength = Math.Min(manifest.ContextLength, texts.MaxTokens ?? int.MaxValue),
        };
    }

    /// <summary>What a developer should know where nothing says how texts are pooled, or more than that is done; null
    /// where all is said, or where there is nothing to pool.</summary>
    public static string? Warning(PlainModel plain, TextVectors? texts) =>
        !ArePooled(plain) ? null
        : texts?.Pooling is not null ? texts.LeftOut is { } left ? $"{left}: embed gives what is before them" : null
        : (texts?.Unfollowed ?? "nothing beside the graph says how its rows become the vector of a text (modules.json "
            + "of sentence-transformers does, there or in --tokenizer)")
            + ": embed takes their mean; say --pooling mean, cls, max or lasttoken, with --normalize for vectors of "
            + "length 1";

    private static bool ArePooled(PlainModel plain) => plain.Sources.Count > 0 && IsOfTexts(plain.Manifest)
        && plain.Manifest.Graphs.Values.Any(graph => graph.Outputs.Any(
                output => output.Name == graph.NameOf(EncoderPorts.Hidden))
            && graph.Outputs.All(output => output.Name != graph.NameOf(EncoderPorts.TextEmbeds)));

    private static bool IsOfTexts(ExportManifest manifest) =>
        manifest.Kind == ModelKinds.Encoder && manifest.VocabSize > 0;
}
