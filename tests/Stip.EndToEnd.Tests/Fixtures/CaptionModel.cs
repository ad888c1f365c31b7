using System.Text.Json.Nodes;
using Stip.TestKit;
using Stip.TestKit.Processes;

namespace Stip.EndToEnd.Tests.Fixtures;

/// <summary>A small encoder of images and a decoder with drawn weights: its plain folder and a package that a server
/// has.</summary>
internal sealed class CaptionModel : IDisposable
{
    private const string Tokenizer = "tokenizer.json";
    private readonly TemporaryFolder _folder = new();

    private CaptionModel()
    {
    }

    /// <summary>What <c>export</c> wrote.</summary>
    public string Plain => _folder.At("plain");

    /// <summary>What <c>protect</c> wrote.</summary>
    public string Package => _folder.At("package");

    /// <param name="server">Gets the package.</param>
    /// <param name="recipe">A model of <c>captions.json</c>.</param>
    public static async Task<CaptionModel> PushAsync(ApiProcess server, string recipe)
    {
        var model = new CaptionModel();
        var source = Directory.CreateDirectory(model._folder.At("source")).FullName;
        var known = JsonNode.Parse(await File.ReadAllBytesAsync(
            RepositoryRoot.At("tests", "data", "architectures", "captions.json")))!.AsArray()
            .First(entry => (string)entry!["name"]! == recipe)!;
        var settings = known["config"]!.DeepClone().AsObject();
        if (settings["text_config"] is { } text)
        {
            (text["bos_token_id"], text["sep_token_id"], text["eos_token_id"]) = (5, 1, 2);
        }
        else
        {
            (settings["decoder_start_token_id"], settings["eos_token_id"]) = (5, 1);
        }

        var tensors = known["tensors"]!.DeepClone().AsObject();
        if (settings["decoder"] is { } decoder && ((string?)decoder["model_type"]) is "mbart" or "gpt2")
        {
            // A head that is the table says the last token again and again, whatever the image.
            decoder["tie_word_embeddings"] = false;
            var width = decoder["d_model"] ?? decoder["n_embd"];
            tensors["decoder.lm_head.weight"] = JsonNode.Parse($"[2, 0, {decoder["vocab_size"]}, {width}]");
        }

        DrawnWeights.WriteCheckpoint(source, settings, tensors);
        File.Copy(RepositoryRoot.At("tests", "data", "sequences", Tokenizer), Path.Combine(source, Tokenizer));
        File.WriteAllText(
            Path.Combine(source, "preprocessor_config.json"),
            """{"size":{"height":16,"width":16},"image_mean":[0.5,0.4,0.3],"image_std":0.25}""");
        await ModelPackages.RunAsync("export", "--checkpoint", source, "--output", model.Plain);
        await ModelPackages.RunAsync(
            "protect", "--model", model.Plain, "--output", model.Package, "--name", recipe, "--verify", "none");
        await server.PushAsync(model.Package);
        return model;
    }

    public void Dispose() => _folder.Dispose();
}
