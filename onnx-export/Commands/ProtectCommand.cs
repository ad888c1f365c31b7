using System.CommandLine;
using System.Globalization;
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
    public static Command Create()
    {
        var model = new Option<string>("--model") { Required = true, Description = "Folder of export, or an ONNX graph." };
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
            Description = "full (auto) runs both models and refuses a package that differs; none does not.",
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
        var command = new Command(
            "protect", "Permutes a model's weights with fresh keys and writes cloud, client and owner parts.")
        {
            model, output, name, mode, verify, quantize, tokenizer,
        };
        var later = LaterOptions();
        later.ForEach(command.Options.Add);
        command.SetAction((parsed, cancellation) =>
        {
            RefuseLater(later.Where(option => parsed.GetResult(option) is not null).Select(option => option.Name));
            RefuseLater(parsed.GetValue(mode) == "hardened" ? ["--mode hardened"] : []);
            RefuseLater(parsed.GetValue(verify) == "blocks" ? ["--verify blocks"] : []);
            var options = new ProtectionOptions(
                parsed.GetValue(name),
                parsed.GetValue(mode) == "none" ? ProtectionMode.None : ProtectionMode.Permutation,
                parsed.GetValue(verify) != "none",
                Environment.GetEnvironmentVariable(OwnerStore.PassphraseVariable))
            {
                Rounding = parsed.GetValue(quantize) switch
                {
                    null => WeightRounding.None,
                    "int4" => WeightRounding.Int4,
                    _ => WeightRounding.Int8,
                },
                Tokenizer = parsed.GetValue(tokenizer),
            };
            return RunAsync(parsed.GetRequiredValue(model), parsed.GetRequiredValue(output), options, cancellation);
        });
        return command;
    }

    private static List<Option> LaterOptions() =>
    [
        new Option<int>("--instances") { Description = "Not there yet.", Hidden = true },
        new Option<int>("--client-layers") { Description = "Not there yet.", Hidden = true },
    ];

    private static void RefuseLater(IEnumerable<string> options)
    {
        if (options.FirstOrDefault() is { } option)
        {
            throw new RefusedException($"'{option}' is not there yet");
        }
    }

    private static async Task<int> RunAsync(
        string model, string output, ProtectionOptions options, CancellationToken cancellation)
    {
        using var target = OutputFolder.Create(output);
        ProtectionResult? made = null;
        await ByteProgress.RunAsync("weights", WeightBytes(model), report => Task.Run(
            () => made = PackageProtector.Protect(model, target.WorkPath, options, done =>
            {
                cancellation.ThrowIfCancellationRequested();
                report(done);
            }),
            cancellation));
        cancellation.ThrowIfCancellationRequested();
        target.Complete();
        foreach (var warning in made!.Warnings)
        {
            await Console.Error.WriteLineAsync($"warning: {warning}");
        }

        Report("verified", made.Verification);
        Report("rounded, against the plain model:", made.Rounded);

        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"protected {made.Model} in {output} (instance {made.Instance}, about 2^{made.KeyBits:F0} keys)"));
        return 0;
    }

    private static void Report(string what, VerificationReport? report)
    {
        if (report is not null)
        {
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{what} {report.Samples} sequences: largest |Δlogit| {report.MaxAbsDiff:G3}, "
                + $"top-1 equal {report.Top1Agreement:P1}"));
        }
    }

    private static long WeightBytes(string model) =>
        (Directory.Exists(model) ? model : Path.GetDirectoryName(Path.GetFullPath(model))) is { } folder
        && Directory.Exists(folder)
            ? new DirectoryInfo(folder).EnumerateFiles("*.data").Sum(file => file.Length)
            : 0;
}
