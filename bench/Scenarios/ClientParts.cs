using System.Buffers;
using System.Diagnostics;
using MathNet.Numerics.Statistics;
using Stip.Client.Bundles;
using Stip.Client.Sampling;
using Stip.Client.Sealing;
using Stip.Client.Speculation;
using Stip.Client.Tokenization;
using Stip.Protocol.Completions;
using Stip.Protocol.Tensors;

namespace Stip.Bench.Scenarios;

/// <summary>The parts of the client's work on a token, each by itself over the same data.</summary>
internal sealed class ClientParts(Bundle bundle, CannedServer server, TextTokenizer tokenizer)
{
    private const int Times = 8_000;
    private const int AtOnce = 100;
    private const int Context = 8_000;
    private const int TopK = 64;

    // Behind all that the tokens before had.
    private const int NewRows = 20_000;

    /// <summary>Microseconds and allocated bytes of a token by part, medians of runs of 100.</summary>
    public IReadOnlyList<(string Part, double Microseconds, double Bytes)> Measure()
    {
        var tables = bundle.Embedding;
        var row = new byte[tables.RowBytes];
        int[] context = [.. Enumerable.Range(0, Context)];
        int[] copy = [.. context];
        var rows = new TensorPayload(tables.WireDtype.WireName(), [1, tables.HiddenSize], row);
        var (body, sent, received) = (new ArrayBufferWriter<byte>(), new StickyFields(), new StickyFields());
        var answer = Encoded(server.Answer(Context, TopK, 0.8));
        var response = CompletionResponseCodec.Read(answer);
        var plain = LogitsUnsealing.TryUnseal(response.Choices[0].Logits, bundle.Permutation)!;
        var sampler = new Sampler(
            new SamplingOptions { Temperature = 0.8f, TopP = 0.95f, Seed = 1 }, bundle.Manifest.VocabSize);
        var text = tokenizer.CreateStream();
        var words = tokenizer.Encode("A Fox one day spied a beautiful bunch of ripe grapes.", addSpecialTokens: false);
        return
        [
            Of("guess from 8,000 tokens before", _ => CopiedGuesses.Find(context)),
            Of("compare with the 8,000 tokens before", _ => context.AsSpan().CommonPrefixLength(copy)),
            Of("embed: a permuted row of the mapped table, first use", i => tables.WriteRows([i + NewRows], 0, row)),
            Of("embed: a row that was used before", i => tables.WriteRows([i + NewRows], 0, row)),
            Of("encode the message", i =>
            {
                body.ResetWrittenCount();
                CompletionRequestCodec.Write(
                    body, new CompletionRequest("m", rows, "s", i, new LogitsRequest(TopK)), sent);
            }),
            Of("decode the answer", _ => CompletionResponseCodec.Read(answer, received)),
            Of("un-permute", _ => LogitsUnsealing.TryUnseal(response.Choices[0].Logits, bundle.Permutation)),
            Of("sample", i => sampler.TrySample(plain, context, i)),
            Of("detokenise", i => text.Append(words[i % words.Length])),
        ];
    }

    private static byte[] Encoded(CompletionResponse response)
    {
        var output = new ArrayBufferWriter<byte>();
        CompletionResponseCodec.Write(output, response);
        return output.WrittenSpan.ToArray();
    }

    private static (string Part, double Microseconds, double Bytes) Of(string part, Action<int> work)
    {
        var (times, before) = (new List<double>(), GC.GetAllocatedBytesForCurrentThread());
        for (var start = 0; start < Times; start += AtOnce)
        {
            var began = Stopwatch.GetTimestamp();
            for (var i = start; i < start + AtOnce; i++)
            {
                work(i);
            }

            times.Add(Stopwatch.GetElapsedTime(began).TotalMicroseconds / AtOnce);
        }

        var bytes = (GC.GetAllocatedBytesForCurrentThread() - before) / (double)Times;
        return (part, times.Median(), bytes);
    }
}
