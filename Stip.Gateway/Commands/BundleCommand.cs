using System.CommandLine;
using System.Globalization;
using Spectre.Console;
using Stip.Client.Bundles;
using Stip.Gateway.Terminal;

namespace Stip.Gateway.Commands;

/// <summary><c>bundle</c>: what a bundle is, and sealing it.</summary>
internal static class BundleCommand
{
    public static Command Create() => new("bundle", "Looks into a bundle, seals it and opens it.")
    {
        CreateInspect(),
        SealCommands.CreateSeal(),
        SealCommands.CreateUnseal(),
        SealCommands.CreateRekey(),
    };

    private static Command CreateInspect()
    {
        var path = new Argument<string?>("BUNDLE")
        {
            Arity = ArgumentArity.ZeroOrOne,
            Description = "Folder client/ of protect, or a sealed file.",
        };
        var option = new Option<string?>("--bundle") { Description = "The same." };
        var command = new Command("inspect", "Checks a bundle and says what it belongs to; no key is shown.")
        {
            path, option,
        };
        command.SetAction(parsed =>
        {
            var folder = parsed.GetValue(path) ?? parsed.GetValue(option)
                ?? throw new RefusedException("the bundle is missing: give its folder");
            if (File.Exists(folder) && Path.GetExtension(folder) != ".json")
            {
                SealCommands.Show(folder);
                return;
            }

            using var bundle = Bundle.Open(folder, allowUnprotected: true);
            Show(bundle);
        });
        return command;
    }

    private static void Show(Bundle bundle)
    {
        var manifest = bundle.Manifest;
        var grid = new Grid().AddColumn().AddColumn();
        Add("model", $"{manifest.Model} ({manifest.Kind})");
        Add("mode", manifest.Mode == "none" ? "none: hides nothing" : manifest.Mode);
        Add("instance", $"{manifest.Instance}, key epoch {manifest.KeyEpoch}");
        Add("fingerprint", manifest.Fingerprint);
        Add("sizes", string.Create(
            CultureInfo.InvariantCulture,
            $"hidden {manifest.HiddenSize}, vocabulary {manifest.VocabSize}, context {manifest.ContextLength}"));
        var makers = manifest.Embedding.Tensors.Count > 0
            ? manifest.Embedding.Tensors
            : manifest.ClientGraphs?.Values.Select(graph => graph.File) ?? [];
        Add("rows", $"{manifest.WireDtype}, from {string.Join(" + ", makers)}");
        Add("text", $"tokenizer {YesNo(bundle.Tokenizer)}, chat template {YesNo(bundle.Template)}");
        if (manifest.Sequence is { } sequence)
        {
            Add("source", string.Create(
                CultureInfo.InvariantCulture,
                $"{sequence.SourceLength} tokens, answers begin with token {sequence.DecoderStartTokenId}"));
        }

        if (manifest.WholeSequence is not null)
        {
            Add("cache", "none: each token is a pass over all tokens so far");
        }

        AnsiConsole.Write(grid);

        void Add(string name, string value) => grid.AddRow(new Text(name), new Text(value));
        static string YesNo(object? part) => part is null ? "no" : "yes";
    }
}
