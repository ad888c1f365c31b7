using System.CommandLine;
using MathNet.Numerics.Statistics;
using Stip.Bench.Measuring;
using Stip.Bench.Reports;
using Stip.Client.Bundles;
using Stip.Client.Generation;
using Stip.Client.Sampling;
using Stip.Client.Tokenization;
using Stip.Client.Transport;
using Stip.TestKit;

namespace Stip.Bench.Scenarios;

/// <summary><c>client</c>: what a token costs the data owner's machine beyond the network, and what the table of a
/// large model costs it in memory.</summary>
internal static class ClientCosts
{
    // Until then much of the client runs as it was first compiled.
    private const int WarmUp = 8_000;
    private const int TokensBetweenLooks = 500;
    private const int ContextLength = 16_384;
    private static readonly int[] Prompt = [0]; // and then 1, 2, …: nothing is said twice, so nothing is guessed

    public static Command CreateCommand()
    {
        var hidden = new Option<int>("--hidden") { DefaultValueFactory = _ => 8192, Description = "Width of a row." };
        var vocab = new Option<int>("--vocab") { DefaultValueFactory = _ => 128_256, Description = "Tokens." };
        var tokens = new Option<int>("--tokens")
        {
            DefaultValueFactory = _ => 15_000,
            Description = $"Distinct tokens to generate, {WarmUp + 1}..{ContextLength - 1}.",
        };
        var command = new Command("client", "Client time of a token with top-k answers, and memory, per process.")
        {
            hidden, vocab, tokens,
        };
        command.SetAction((parsed, cancellation) => RunAsync(
            parsed.GetValue(hidden), parsed.GetValue(vocab), parsed.GetValue(tokens), cancellation));
        return command;
    }

    private static async Task RunAsync(int hidden, int vocab, int tokens, CancellationToken cancellationToken)
    {
        using var folder = new TemporaryFolder();
        ClientBundle.Write(folder.Path, hidden, vocab, ContextLength);
        var server = new CannedServer(hidden, vocab, ContextLength);
        using var bundle = Bundle.Open(folder.Path);
        using var stip = new StipHttpClient(new HttpClient(server) { BaseAddress = new Uri("http://canned.test") });
        var model = new StipModel(bundle, stip);
        await model.CheckAsync(cancellationToken);
        var idle = ProcessMemory.Now();
        var options = new GenerationOptions
        {
            MaxNewTokens = tokens,
            IgnoreEndOfSequence = true,
            Sampling = new SamplingOptions { Temperature = 0.8f, TopP = 0.95f, Seed = 1 },
        };
        var allocatedBefore = GC.GetTotalAllocatedBytes();
        var (seen, most) = (new HashSet<int>(), idle);
        await foreach (var token in model.GenerateAsync(Prompt, options, cancellationToken))
        {
            seen.Add(token.Id);
            if (seen.Count % TokensBetweenLooks == 0
                && ProcessMemory.Now() is var now
                && now.AnonymousMib > most.AnonymousMib)
            {
                most = now;
            }
        }

        var client = server.ClientMilliseconds();
        var allocated = GC.GetTotalAllocatedBytes() - allocatedBefore;
        var bare = await BareClient.RunAsync(server, tokens, cancellationToken);
        Report(hidden, vocab, seen.Count, (client, bare), (idle, most));
        Console.WriteLine($"allocated bytes a token, the server in this process included: {allocated / tokens}");
        ReportWindows(client);
        var tokenizer = TextTokenizer.FromFolder(KnownCheckpoints.Folder("stories"));
        foreach (var (part, microseconds, bytes) in new ClientParts(bundle, server, tokenizer).Measure())
        {
            Console.WriteLine($"{part}: {microseconds:0.00} µs, {bytes:0} bytes");
        }
    }

    // How soon the client is as fast as it gets.
    private static void ReportWindows(double[] client)
    {
        int[] ends = [50, 200, 1_000, 4_000, WarmUp, client.Length];
        foreach (var (start, end) in ends.Prepend(0).Zip(ends))
        {
            Console.WriteLine($"tokens {start + 1} to {end}: median {client[start..end].Median():0.0000} ms, "
                + $"mean {client[start..end].Mean():0.0000} ms");
        }
    }

    private static void Report(
        int hidden,
        int vocab,
        int distinct,
        (double[] Client, double[] Bare) times,
        (ProcessMemory Idle, ProcessMemory Most) memory)
    {
        var (last, (idle, most)) = (ProcessMemory.Now(), memory);
        double[] warm = [.. times.Client.Skip(WarmUp)];
        var (median, mean, late) = (warm.Median(), warm.Mean(), warm.Quantile(0.99));
        var bare = times.Bare.Skip(WarmUp).Median();
        Console.WriteLine($"""
            {Machine.Describe()}
            hidden {hidden}, vocabulary {vocab}, float16 rows, top-k answers, {distinct} distinct tokens
            client ms a token: median {median:0.0000}, mean {mean:0.0000}, 99 % {late:0.0000}
            of the median: {bare:0.0000} is HttpClient with requests of the same bytes, {median - bare:0.0000} is ours
            anonymous MiB: idle {idle.AnonymousMib:0.0}, most {most.AnonymousMib:0.0}, end {last.AnonymousMib:0.0}
            mapped MiB: idle {idle.MappedMib:0.0}, end {last.MappedMib:0.0}
            """);
    }
}
