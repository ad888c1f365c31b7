using System.Text.Json;
using Stip.Export.Architectures;
using Stip.Export.Checkpoints;
using Stip.Export.Terminal;
using Stip.Keys.Bundles;
using Stip.Onnx.Packages;
using Stip.Protocol;
using Stip.Protocol.Packages;
using Stip.Protocol.Tensors;

namespace Stip.Export.Writing;

/// <summary>Writes what <c>export</c> leaves: graph, client's tables, manifest, and the small files of the
/// source.</summary>
internal static class ExportedFolder
{
    private const string GraphFile = "model.onnx";

    public static async Task WriteAsync(
        Checkpoint checkpoint, TensorDtype dtype, string folder, CancellationToken cancellation)
    {
        var architecture = SupportedArchitectures.Of(checkpoint.Config);
        var model = architecture.Build(checkpoint, dtype);
        TokenizerVocabulary.RefuseBeyond(checkpoint.Files, model.VocabSize);
        var graph = model.Graph.Graph;
        await ByteProgress.RunAsync("weights", graph.WeightBytes, report =>
        {
            return Task.Run(
                () => graph.Save(Path.Combine(folder, GraphFile), done =>
                {
                    cancellation.ThrowIfCancellationRequested();
                    report(done);
                }),
                cancellation);
        });
        WriteTables(model, Path.Combine(folder, BundleManifest.EmbeddingFileName));
        SourceFiles.Copy(checkpoint.Files, folder);
        var manifest = Describe(checkpoint, architecture, model, dtype);
        await using var stream = File.Create(Path.Combine(folder, ExportManifest.FileName));
        await JsonSerializer.SerializeAsync(stream, manifest, StipJson.File, cancellation);
    }

    private static void WriteTables(ExportedModel model, string path)
    {
        using var stream = File.Create(path);
        SafetensorsWriter.Write(stream, [.. model.Tables.Select(table =>
            new SafetensorsWriter.Source(table.Key, table.Value.Dtype, table.Value.Shape, table.Value.CopyTo))]);
    }

    private static ExportManifest Describe(
        Checkpoint checkpoint, IArchitecture architecture, ExportedModel model, TensorDtype dtype)
    {
        // Sums of table rows need float32; a row of one table travels as it is stored.
        var wire = model.Tables.Count > 1 ? TensorDtype.Float32 : model.Tables[EmbeddingManifest.Token].Dtype;
        var tokens = SpecialTokens.Read(checkpoint);
        return new ExportManifest(
            ExportManifest.CurrentFormat,
            checkpoint.Name,
            "decoder",
            architecture.Name,
            model.HiddenSize,
            model.VocabSize,
            model.ContextLength,
            dtype.WireName(),
            wire.WireName(),
            model.IsTied,
            tokens.Bos,
            tokens.Eos,
            new EmbeddingManifest([.. model.Tables.Keys]),
            new Dictionary<string, GraphManifest> { ["decoder"] = model.Graph.Describe(GraphFile) });
    }
}
