using Stip.Onnx;
using Stip.Onnx.Packages;
using Stip.Onnx.Protection;

namespace Stip.Export.Checkpoints;

/// <summary>What a sentence-transformers folder says of texts to whoever has a graph of it that another exporter
/// wrote.</summary>
internal sealed record SentenceNeighbours(TextVectors Texts, bool LowersTexts)
{
    private const string DenseLayers = $"{SentenceModules.FileName} has Dense layers after the pooling, which rows of "
        + "this graph are before (a graph with an output 'sentence_embedding' has them)";

    /// <summary>Looks where the tokenizer is, else beside the graph, else above a folder <c>onnx</c>: nobody writes
    /// these files into it.</summary>
    /// <param name="tokenizer">Null for none but the graph's folder.</param>
    /// <param name="model">The folder of the graph.</param>
    /// <returns>Null where no folder says anything, or where the model is a folder of <c>export</c>.</returns>
    public static SentenceNeighbours? Find(string? tokenizer, string model) => ExportFolder.Exists(model) ? null
        : new[] { tokenizer, model, HubFolder.Above(model) }.OfType<string>().Select(Read)
            .FirstOrDefault(found => found is not null);

    /// <summary>What was chosen counts before what is said.</summary>
    public static TextVectors? Complete(TextVectors? chosen, SentenceNeighbours? said) => chosen is null ? said?.Texts
        : said is null ? chosen
        : said.Texts with
        {
            Pooling = chosen.Pooling ?? said.Texts.Pooling,
            Normalizes = chosen.Normalizes || said.Texts.Normalizes,
            IsChosen = true,
        };

    private static SentenceNeighbours? Read(string folder)
    {
        try
        {
            return SentenceModules.Find(folder) is not { Embeds: true } modules ? null
                : new SentenceNeighbours(
                    new TextVectors(modules.Layers.Count > 0 ? null : modules.Pooling, modules.Normalizes)
                    {
                        Prompt = modules.Prompt,
                        Prompts = modules.Prompts,
                        MaxTokens = modules.MaxTokens,
                        Unfollowed = modules.Layers.Count > 0 ? DenseLayers : null,
                        LeftOut = modules.Layers.Count > 0 ? DenseLayers : null,
                    },
                    modules.LowersTexts);
        }
        catch (Exception e) when (e is RefusedException or IOException)
        {
            return new SentenceNeighbours(new TextVectors(null, Normalizes: false) { Unfollowed = e.Message }, false);
        }
    }
}
