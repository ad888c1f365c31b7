using Stip.Onnx.Model;
using Stip.Onnx.Packages;

namespace Stip.Onnx.Protection;

/// <summary>A folder of export, opened and checked: what is to be protected.</summary>
internal sealed class PlainModel : IDisposable
{
    public const string DecoderRole = "decoder";

    private PlainModel(string folder, ExportManifest manifest, ModelFile file, EmbeddingTables tables)
    {
        Folder = folder;
        Manifest = manifest;
        File = file;
        Tables = tables;
    }

    public string Folder { get; }

    public ExportManifest Manifest { get; }

    public ModelFile File { get; }

    public EmbeddingTables Tables { get; }

    /// <exception cref="RefusedException">The folder is not one of export, or its parts do not fit each
    /// other.</exception>
    public static PlainModel Open(string path)
    {
        RefuseWhatIsNoExport(path);
        var manifest = ExportFolder.ReadManifest(path);
        if (manifest.Kind != DecoderRole || !manifest.Graphs.TryGetValue(DecoderRole, out var graph))
        {
            throw new RefusedException(
                $"models of kind '{manifest.Kind}' cannot be protected yet; this version takes 'decoder'");
        }

        ModelFile? file = null;
        EmbeddingTables? tables = null;
        try
        {
            file = ModelFile.Load(Path.Combine(path, graph.File));
            tables = EmbeddingTables.Open(path, manifest.Embedding);
            RefuseMisfits(path, manifest, file, tables);
            return new PlainModel(path, manifest, file, tables);
        }
        catch
        {
            file?.Dispose();
            tables?.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        File.Dispose();
        Tables.Dispose();
    }

    private static void RefuseWhatIsNoExport(string path)
    {
        if (System.IO.File.Exists(path))
        {
            throw new RefusedException(
                $"'{path}' is a bare graph, which is not there yet; this version protects folders of export");
        }

        if (!Directory.Exists(path))
        {
            throw new RefusedException($"there is no folder '{path}'");
        }

        if (PackageFolder.IsPackage(path))
        {
            throw new RefusedException(
                $"'{path}' is a protected package already; give the plain folder that export wrote");
        }
    }

    private static void RefuseMisfits(string path, ExportManifest manifest, ModelFile file, EmbeddingTables tables)
    {
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

        var logits = GraphSignature.Outputs(file.Graph).FirstOrDefault(output => output.Name == LogitsName);
        if (logits is null || logits.Shape.Count == 0 || logits.Shape[^1].ToString() != manifest.VocabSize.ToString(
            System.Globalization.CultureInfo.InvariantCulture))
        {
            throw new RefusedException(
                $"'{path}': the graph's logits have width {logits?.Shape[^1].ToString() ?? "none"}, "
                + $"the vocabulary {manifest.VocabSize}");
        }
    }

    private const string LogitsName = Execution.DecoderPorts.Logits;
}
