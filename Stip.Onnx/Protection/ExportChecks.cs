using System.Globalization;
using Stip.Onnx.Execution;
using Stip.Onnx.Model;
using Stip.Onnx.Packages;

namespace Stip.Onnx.Protection;

/// <summary>Whether the parts of an exported folder fit each other.</summary>
internal static class ExportChecks
{
    private static readonly string[] Kinds =
        [ModelKinds.Decoder, ModelKinds.Encoder, ModelKinds.Image, ModelKinds.VisionLanguage];

    /// <exception cref="RefusedException">They do not.</exception>
    public static void RefuseMisfits(PlainModel model)
    {
        var (path, manifest) = (model.Folder, model.Manifest);
        if (!Kinds.Contains(manifest.Kind))
        {
            throw new RefusedException(
                $"'{path}': kind '{manifest.Kind}' must be one of {string.Join(", ", Kinds)}");
        }

        if (model.HasTables)
        {
            using var tables = EmbeddingTables.Open(path, manifest.Embedding);
            if (tables.VocabSize != manifest.VocabSize)
            {
                throw new RefusedException(
                    $"'{path}': the token table has {tables.VocabSize} rows, the vocabulary {manifest.VocabSize}");
            }

            if (tables.HiddenSize != manifest.HiddenSize)
            {
                throw new RefusedException(
                    $"'{path}': the token table is {tables.HiddenSize} wide, the hidden state {manifest.HiddenSize}");
            }
        }

        if (manifest.Graphs.Count == 0)
        {
            throw new RefusedException($"'{path}': {ExportManifest.FileName} names no graph");
        }

        foreach (var part in model.Parts.Where(part => part.Key == GraphRoles.Decoder))
        {
            RefuseOtherVocabulary(path, manifest, part.Graph);
        }
    }

    private static void RefuseOtherVocabulary(string path, ExportManifest manifest, GraphProto graph)
    {
        var logits = GraphSignature.Outputs(graph).FirstOrDefault(output => output.Name == DecoderPorts.Logits);
        if (logits is null || logits.Shape.Count == 0
            || logits.Shape[^1].ToString() != manifest.VocabSize.ToString(CultureInfo.InvariantCulture))
        {
            throw new RefusedException(
                $"'{path}': the graph's logits have width {logits?.Shape[^1].ToString() ?? "none"}, "
                + $"the vocabulary {manifest.VocabSize}");
        }
    }
}
