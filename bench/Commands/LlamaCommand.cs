using System.CommandLine;
using Stip.Bench.Llama;
using Stip.Bench.Models;
using Stip.Bench.Reports;
using Stip.Bench.Serving;
using Stip.TestKit;
using Stip.TestKit.Gguf;

namespace Stip.Bench.Commands;

/// <summary><c>llama</c>: against llama.cpp.</summary>
internal static class LlamaCommand
{
    public static Command Create()
    {
        var natives = new Option<string>("--natives")
        {
            Required = true,
            Description = "Folder with the libraries of llama.cpp, e.g. bins/linux-x64 of the npm package "
                + "@node-llama-cpp/linux-x64.",
        };
        var pairs = BenchOptions.Number("--pairs", 5, "Interleaved pairs.");
        var tokens = BenchOptions.Number("--tokens", 16, "Tokens of a run.");
        var accuracy = BenchOptions.Number(
            "--accuracy", AccuracyLevel.Rounded,
            "Of 4-bit products: 4 rounds activations as llama.cpp does, 0 is exact.");
        var type = new Option<string>("--type")
        {
            Description = "Type of the file's matrices. llama.cpp packs Q4_0 again for wide vector units, Q4_1 not.",
            DefaultValueFactory = _ => "Q4_0",
        };
        type.AcceptOnlyFromAmong("Q4_0", "Q4_1");
        var users = new Option<int[]>("--users")
        {
            Description = "Sequences at once.",
            AllowMultipleArgumentsPerToken = true,
            DefaultValueFactory = _ => [1, 4, 16],
        };
        var (work, output) = (BenchOptions.Work(), BenchOptions.Output());
        var command = new Command(
            "llama", "Private Stip through HTTP against unprotected llama.cpp, the same 4-bit file.")
        {
            natives, type, users, pairs, tokens, accuracy, work, output,
        };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var models = new ModelFolder(parsed.GetValue(work));
            var level = parsed.GetValue(accuracy);
            var matrices = parsed.GetValue(type)!;
            var name = $"random-smollm2-135m-{matrices.ToLowerInvariant()}";
            var file = models.At($"{name}.gguf");
            var made = await MakeAsync(models, file, matrices, $"{name}-accuracy-{level}", level);
            var llama = new LlamaNatives(Path.GetFullPath(parsed.GetRequiredValue(natives)));
            await using var server = await BenchServer.StartAsync();
            var served = await server.HostAsync(made);
            var page = new ResultPage($"Private Stip against unprotected llama.cpp, {name}");
            var table = page.Add(ComparisonTable.Create(
                $"MatMulNBits accuracy level {level}; llama.cpp: {llama.SystemInfo}"));
            await foreach (var result in LlamaComparisons.RunAsync(
                served, llama, file, parsed.GetValue(users)!, parsed.GetValue(pairs), parsed.GetValue(tokens),
                cancellationToken))
            {
                table.AddComparison(result);
                page.Save(parsed.GetValue(output));
            }

            page.Print();
        });
        return command;
    }

    private static Task<MadeModel> MakeAsync(
        ModelFolder models, string file, string type, string name, int level)
    {
        if (!File.Exists(file))
        {
            RandomLlama.SmolLm135.Write(file, GgufType.Named(type), seed: 1);
        }

        return models.MakeAsync(name, async exported =>
        {
            await ModelPackages.RunAsync("export", "--checkpoint", file, "--output", exported);
            AccuracyLevel.Set(Path.Combine(exported, "model.onnx"), level);
        });
    }
}
