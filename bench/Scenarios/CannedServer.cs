using System.Buffers;
using System.Diagnostics;
using System.Net.Http.Json;
using Stip.Protocol;
using Stip.Protocol.Completions;
using Stip.Protocol.Models;
using Stip.Protocol.Packages;
using Stip.TestKit.Toys;

namespace Stip.Bench.Scenarios;

/// <summary>A server that computes nothing: token n of the answer is token n of the vocabulary, so that every step asks
/// for another row of the table. It stands below HttpClient, and notes when it was entered and left: what lies
/// between is the client's.</summary>
internal sealed class CannedServer(int hiddenSize, int vocabSize, int contextLength) : HttpMessageHandler
{
    private const int MaxTopK = 64;
    private readonly List<(long Entered, long Left)> _steps = [];

    /// <summary>The latest request for a step.</summary>
    public byte[] LatestBody { get; private set; } = [];

    /// <summary>Milliseconds between leaving a step and entering the next.</summary>
    public double[] ClientMilliseconds() => [.. _steps.Zip(
        _steps.Skip(1), (one, next) => Stopwatch.GetElapsedTime(one.Left, next.Entered).TotalMilliseconds)];

    /// <summary>What a step is answered with.</summary>
    public CompletionResponse Answer(int position, int k, double temperature)
    {
        var indices = Enumerable.Range(0, k).Select(i => (position + i * 1999) % vocabSize).ToArray();
        var values = Enumerable.Range(0, k).Select(i => i == 0 ? 30f : -i).ToArray();
        var logits = new LogitsPayload("float32", indices, values, 30 / temperature + 1e-9);
        return new("id", CompletionResponse.ObjectName, 0, ClientBundle.Model, "sess_1", position,
            [new(0, logits, null)], new(1, 0, 1))
        {
            Fingerprint = ToyBundle.Fingerprint,
            KeyEpoch = 1,
        };
    }

    protected override async Task<HttpResponseMessage> SendAsync(
        HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var entered = Stopwatch.GetTimestamp();
        if (request.Method != HttpMethod.Post)
        {
            return new HttpResponseMessage { Content = JsonContent.Create(Describe(), options: StipJson.Wire) };
        }

        LatestBody = await request.Content!.ReadAsByteArrayAsync(cancellationToken);
        var step = CompletionRequestCodec.Read(LatestBody);
        var position = (step.Position ?? 0) + (int)step.PromptEmbeds.Shape[0];
        var output = new ArrayBufferWriter<byte>();
        CompletionResponseCodec.Write(output, Answer(
            position, Math.Min(step.Logits?.TopK ?? MaxTopK, MaxTopK), step.Logits?.Temperature ?? 1));
        var answer = new HttpResponseMessage { Content = new ByteArrayContent(output.WrittenSpan.ToArray()) };
        _steps.Add((entered, Stopwatch.GetTimestamp()));
        return answer;
    }

    private ModelObject Describe() => new(
        ClientBundle.Model, ModelObject.ObjectName, 0, "bench",
        new ModelStipInfo(
            "stip/1", "instance-1", 1, "permutation", "full", ToyBundle.Fingerprint, hiddenSize, vocabSize,
            contextLength, "float16", MaxTopK,
            new Dictionary<string, GraphManifest> { ["decoder"] = new("m", [], []) }));
}
