using System.Text.Json.Nodes;
using Stip.TestKit;
using Stip.TestKit.Processes;

namespace Stip.EndToEnd.Tests.Fixtures;

/// <summary>A small encoder and decoder with drawn weights: its plain folder and a package that a server has.</summary>
public sealed class SequenceModel : IDisposable
{
    private const string Tokenizer = "tokenizer.json";
    private readonly TemporaryFolder _folder = new();

    private SequenceModel()
    {
    }

    /// <summary>What <c>export</c> wrote.</summary>
    public string Plain => _folder.At("plain");

    /// <summary>What <c>protect</c> wrote.</summary>
    public string Package => _folder.At("package");

    /// <param name="server">Gets the package.</param>
    /// <param name="recipe">A model of <c>sequences.json</c>, whose words are pieces of a small tokenizer.</param>
    /// <param name="name">On the server.</param>
    /// <param name="mode">Of protection.</param>
    public static async Task<SequenceModel> PushAsync(
        ApiProcess server, string recipe, string name, string mode = "permutation")
    {
        var model = new SequenceModel();
        var source = Directory.CreateDirectory(model._folder.At("source")).FullName;
        var known = JsonNode.Parse(await File.ReadAllBytesAsync(
            RepositoryRoot.At("tests", "data", "architectures", "sequences.json")))!.AsArray()
            .First(entry => (string)entry!["name"]! == recipe)!;
        var settings = known["config"]!.DeepClone().AsObject();
        (settings["decoder_start_token_id"], settings["eos_token_id"]) = (0, 1);

        // A head that is the table says the last token again and again.
        var tensors = known["tensors"]!.DeepClone().AsObject();
        tensors["lm_head.weight"] = JsonNode.Parse($"[2, 0, {settings["vocab_size"]}, {settings["d_model"]}]");
        DrawnWeights.WriteCheckpoint(source, settings, tensors);
        File.Copy(RepositoryRoot.At("tests", "data", "sequences", Tokenizer), Path.Combine(source, Tokenizer));
        await ModelPackages.RunAsync("export", "--checkpoint", source, "--output", model.Plain);
        await ModelPackages.RunAsync(
            "protect", "--model", model.Plain, "--output", model.Package, "--name", name, "--mode", mode,
            "--verify", "none");
        await server.PushAsync(model.Package);
        return model;
    }

    /// <summary>Copies the client's folder, one file of it changed.</summary>
    /// <returns>The copy's path.</returns>
    public string CopyClient(TemporaryFolder folder, string changed, Action<JsonNode> change)
    {
        foreach (var file in Directory.GetFiles(Path.Combine(Package, "client")))
        {
            File.Copy(file, folder.At(Path.GetFileName(file)));
        }

        var content = JsonNode.Parse(File.ReadAllBytes(folder.At(changed)))!;
        change(content);
        File.WriteAllText(folder.At(changed), content.ToJsonString());
        return folder.Path;
    }

    public void Dispose() => _folder.Dispose();
}
