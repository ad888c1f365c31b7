using System.CommandLine;
using System.Globalization;
using Stip.Export.Checkpoints;
using Stip.Export.Checkpoints.Tokenizers;
using Stip.Export.Terminal;
using Stip.Export.Writing;
using Stip.Keys.Owner;
using Stip.Onnx;
using Stip.Onnx.Protection;

namespace Stip.Export.Commands;

/// <summary>
/// <c>protect</c>: a plain model becomes a package of three folders, for the server, the users and the owner.
/// </summary>
internal static class ProtectCommand
{
    private const int MostInstances = 1000;
    private const int LeastPassphrase = 8;

    public static Command Create()
    {
        var model = new Option<string>("--model")
        {
            Required = true,
            Description = "Folder of export, or an ONNX graph.",
        };
        var output = new Option<string>("--output")
        {
            Required = true,
            Description = "Folder to make; absent or empty.",
        };
        var name = new Option<string?>("--name")
        {
            Description = "Id of the model on the server; its own name unless given.",
        };
        var mode = new Option<string>("--mode")
        {
            DefaultValueFactory = _ => "permutation",
            Description = "permutation; none makes a package that hides nothing, for comparison only.",
        };
        mode.AcceptOnlyFromAmong("permutation", "hardened", "none");
        var verify = new Option<string>("--verify")
        {
            DefaultValueFactory = _ => "auto",
            Description = "full runs both models and refuses a package that differs, blocks runs them layer by layer "
                + "in the memory of one, none does not; auto is full where both fit into memory, else blocks.",
        };
        verify.AcceptOnlyFromAmong("auto", "full", "blocks", "none");
        var quantize = new Option<string?>("--quantize")
        {
            Description = "int4 or int8: rounds the server's matrices, in blocks of 32, once they are permuted.",
        };
        quantize.AcceptOnlyFromAmong("int4", "int8");
        var tokenizer = new Option<string?>("--tokenizer")
        {
            Description = "Folder whose tokenizer files go to users, where they are not beside the model.",
        };
        var instances = new Option<int>("--instances")
        {
            DefaultValueFactory = _ => 1,
            Description = "How many packages with keys of their own to make, in OUTPUT/1, OUTPUT/2 and so on.",
        };
        var clientLayers = new Option<int>("--client-layers")
        {
            Description = "How many of a decoder's first layers stay with the client; none unless given.",
        };
        var hidesLogits = new Option<bool>("--hide-logits")
        {
            Description = "Not there yet: hides from the server how likely each permuted token is.",
        };
        var command = new Command(
            "protect", "Permutes a model's weights with fresh keys and writes cloud, client and owner parts.")
        {
            model, output, name, mode, verify, quantize, tokenizer, instances, clientLayers, hidesLogits,
        };
        command.SetAction((parsed, cancellation) =>
        {
            if (parsed.GetValue(mode) == "hardened")
            {
                throw new RefusedException("'--mode hardened' is not there yet");
            }

            if (parsed.GetValue(hidesLogits))
            {
                throw new RefusedException("'--hide-logits' is not there yet");
            }

            var passphrase = Environment.GetEnvironmentVariable(OwnerStore.PassphraseVariable);
            if (passphrase is { Length: > 0 and < LeastPassphrase })
            {
                throw new RefusedException($"{OwnerStore.PassphraseVariable} has {passphrase.Length} characters; "
                    + $"at least {LeastPassphrase} are needed");
            }

            var options = new ProtectionOptions(
                parsed.GetValue(name),
                parsed.GetValue(mode) == "none" ? ProtectionMode.None : ProtectionMode.Permutation,
                Enum.Parse<VerificationMode>(parsed.GetRequiredValue(verify), ignoreCase: true),
                passphrase)
            {
                Rounding = parsed.GetValue(quantize) switch
                {
                    null => WeightRounding.None,
                    "int4" => WeightRounding.Int4,
                    _ => WeightRounding.Int8,
                },
                Tokenizer = parsed.GetValue(tokenizer),
                ClientLayers = parsed.GetValue(clientLayers),
            };
            return RunAsync(
                parsed.GetRequiredValue(model),
                parsed.GetRequiredValue(output),
                options,
                parsed.GetValue(instances),
                cancellation);
        });
        return command;
    }

    private static async Task<int> RunAsync(
        string model, string output, ProtectionOptions options, int instances, CancellationToken cancellation)
    {
        if (instances is < 1 or > MostInstances)
        {
            throw new RefusedException($"{instances} instances are outside 1..{MostInstances}");
        }

        using var target = OutputFolder.Create(output);
        var made = new List<ProtectionResult>(instances);
        var bytes = WeightBytes(model);
        await ByteProgress.RunAsync("weights", bytes * instances, report => Task.Run(
            () =>
            {
                while (made.Count < instances)
                {
                    var (before, folder) = (made.Count * bytes, FolderOf(target, made.Count, instances));
                    made.Add(PackageProtector.Protect(model, folder, options, done =>
                    {
                        cancellation.ThrowIfCancellationRequested();
                        report(before + done);
                    }));
                    AddTokenizer(options.Tokenizer ?? FolderOf(model), Path.Combine(folder, "client"));
                }
            },
            cancellation));
        cancellation.ThrowIfCancellationRequested();
        target.Complete();
        foreach (var warning in made[0].Warnings)
        {
            await Console.Error.WriteLineAsync($"warning: {warning}");
        }

        foreach (var (package, index) in made.Select((package, index) => (package, index)))
        {
            Report("verified", package.Verification);
            Report("rounded, against the plain model:", package.Rounded);
            var place = instances == 1 ? output : Path.Combine(output, Name(index));
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"protected {package.Model} in {place} "
                + $"(instance {package.Instance}, about 2^{package.KeyBits:F0} keys)"));
        }

        return 0;
    }

    // The graph of another exporter may lie in a folder that has no tokenizer.json yet.
    private static void AddTokenizer(string from, string client)
    {
        var path = Path.Combine(client, CompletedFiles.TokenizerFile);
        var files = new CompletedFiles(new FolderFiles(from));
        if (!File.Exists(path) && files.Find(CompletedFiles.TokenizerFile) is { } made)
        {
            File.WriteAllBytes(path, made);
        }
    }

    private static string FolderOf(string model) =>
        Directory.Exists(model) ? model : Path.GetDirectoryName(Path.GetFullPath(model))!;

    // Packages of several instances are numbered from 1.
    private static string FolderOf(OutputFolder target, int index, int instances) => instances == 1
        ? target.WorkPath
        : Directory.CreateDirectory(Path.Combine(target.WorkPath, Name(index))).FullName;

    private static string Name(int index) => (index + 1).ToString(CultureInfo.InvariantCulture);

    private static void Report(string what, VerificationReport? report)
    {
        if (report is not null)
        {
            var how = report.Mode == VerificationMode.Blocks ? ", block by block" : "";
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{what} {report.Samples} sequences{how}: largest |Δlogit| {report.MaxAbsDiff:G3}, "
                + $"top-1 equal {report.Top1Agreement:P1}"));
        }
    }

    // Exporters keep weights in the graph's file or beside it, as model.data, model.onnx.data or model.onnx_data.
    private static long WeightBytes(string model)
    {
        var folder = new DirectoryInfo(FolderOf(model));
        return !folder.Exists ? 0 : folder.EnumerateFiles().Where(file => IsData(file.Name) || (Directory.Exists(model)
            ? file.Extension == ".onnx" : file.Name == Path.GetFileName(model))).Sum(file => file.Length);
    }

    private static bool IsData(string name) =>
        name.EndsWith(".data", StringComparison.Ordinal) || name.Contains(".onnx_data", StringComparison.Ordinal);
}
