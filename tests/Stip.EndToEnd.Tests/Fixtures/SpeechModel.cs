using System.Text.Json.Nodes;
using Stip.TestKit;
using Stip.TestKit.Processes;

namespace Stip.EndToEnd.Tests.Fixtures;

/// <summary>A small encoder of sounds and a decoder with drawn weights: its plain folder and a package that a server
/// has.</summary>
internal sealed class SpeechModel : IDisposable
{
    /// <summary>The decoder's first token.</summary>
    public const int Start = 5;

    /// <summary>The token that ends an answer.</summary>
    public const int End = 1;

    private const string Tokenizer = "tokenizer.json";
    private readonly TemporaryFolder _folder = new();

    private SpeechModel()
    {
    }

    /// <summary>What <c>export</c> wrote.</summary>
    public string Plain => _folder.At("plain");

    /// <summary>What <c>protect</c> wrote.</summary>
    public string Package => _folder.At("package");

    /// <param name="server">Gets the package.</param>
    /// <param name="file">Of recipes.</param>
    /// <param name="recipe">One of them.</param>
    /// <param name="name">On the server, which other tests push to at the same time.</param>
    /// <param name="generation">What generation_config.json says beside the first and the last token.</param>
    /// <param name="preprocessor">preprocessor_config.json; null for none.</param>
    public static async Task<SpeechModel> PushAsync(
        ApiProcess server, string file, string recipe, string name, string generation = "{}",
        string? preprocessor = null)
    {
        var model = new SpeechModel();
        var source = Directory.CreateDirectory(model._folder.At("source")).FullName;
        var known = JsonNode.Parse(await File.ReadAllBytesAsync(
            RepositoryRoot.At("tests", "data", "architectures", file)))!.AsArray()
            .First(entry => (string)entry!["name"]! == recipe)!;
        var settings = known["config"]!.DeepClone().AsObject();
        (settings["decoder_start_token_id"], settings["eos_token_id"]) = (Start, End);

        // A head that is the table says the last token again and again.
        settings["tie_word_embeddings"] = false;
        var tensors = known["tensors"]!.DeepClone().AsObject();
        tensors["proj_out.weight"] = JsonNode.Parse(
            $"[2, 0, {settings["vocab_size"]}, {settings["d_model"] ?? settings["hidden_size"]}]");
        DrawnWeights.WriteCheckpoint(source, settings, tensors);
        File.Copy(RepositoryRoot.At("tests", "data", "sequences", Tokenizer), Path.Combine(source, Tokenizer));
        var said = JsonNode.Parse(generation)!.AsObject();
        (said["decoder_start_token_id"], said["eos_token_id"]) = (Start, End);
        File.WriteAllText(Path.Combine(source, "generation_config.json"), said.ToJsonString());
        if (preprocessor is not null)
        {
            File.WriteAllText(Path.Combine(source, "preprocessor_config.json"), preprocessor);
        }

        await ModelPackages.RunAsync("export", "--checkpoint", source, "--output", model.Plain);
        await ModelPackages.RunAsync(
            "protect", "--model", model.Plain, "--output", model.Package, "--name", name, "--verify", "none");
        await server.PushAsync(model.Package);
        return model;
    }

    public void Dispose() => _folder.Dispose();
}
