using System.CommandLine;
using Microsoft.ML.OnnxRuntime;
using Stip.Bench.Gpu;
using Stip.Bench.Models;
using Stip.Bench.Reports;
using Stip.Bench.Serving;

namespace Stip.Bench.Commands;

/// <summary><c>gpu</c>: a random 1.1B Llama, protected and served by CUDA.</summary>
internal static class GpuCommand
{
    private const string Cuda = "CUDAExecutionProvider";

    public static Command Create()
    {
        var scaled = new Option<bool>("--scaled")
        {
            Description = "A small model of the same shape on whatever provider there is: shows that the path works.",
        };
        var pairs = BenchOptions.Number("--pairs", 7, "Interleaved pairs.");
        var tokens = BenchOptions.Number("--tokens", 128, "Tokens of a run.");
        var (work, output) = (BenchOptions.Work(), BenchOptions.Output());
        var command = new Command(
            "gpu", "A random 1.1B Llama protected and served by CUDA (build with -p:StipGpu=true).")
        {
            scaled, pairs, tokens, work, output,
        };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var isScaled = parsed.GetValue(scaled);
            var page = new ResultPage("A random Llama on a GPU");
            var table = page.Add(ComparisonTable.Create());
            var equal = page.Add(new ResultTable("Batched = alone", "what", "outcome"));
            if (!isScaled && !HasCuda())
            {
                GpuComparisons.Names.ToList().ForEach(name => equal.Add(name, "not run: no CUDA device"));
            }
            else
            {
                using var models = new ModelFolder(parsed.GetValue(work));
                var made = await models.MakeAsync(isScaled ? "random-1.1b-scaled" : "random-1.1b");
                await using var server = await BenchServer.StartAsync();
                var served = await server.HostAsync(made);
                await foreach (var result in GpuComparisons.RunAsync(
                    served, parsed.GetValue(pairs), parsed.GetValue(tokens), HasCuda(), cancellationToken))
                {
                    table.AddComparison(result);
                    page.Save(parsed.GetValue(output));
                }

                equal.Add(GpuComparisons.Law, await GpuComparisons.BatchedAloneAsync(served, cancellationToken));
                equal.Add("provider of the server", Provider(server));
            }

            page.Save(parsed.GetValue(output));
            page.Print();
        });
        return command;
    }

    private static bool HasCuda()
    {
        if (!OrtEnv.Instance().GetAvailableProviders().Contains(Cuda))
        {
            return false;
        }

        try
        {
            using var options = SessionOptions.MakeSessionOptionWithCudaProvider(0);
            return true;
        }
        catch (OnnxRuntimeException)
        {
            return false;
        }
    }

    private static string Provider(BenchServer server) => server.Process.Output
        .Split('\n').FirstOrDefault(line => line.Contains("ONNX Runtime", StringComparison.Ordinal))
        is { } line ? line[line.IndexOf("ONNX Runtime", StringComparison.Ordinal)..].Trim() : "not said";
}
