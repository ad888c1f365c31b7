using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Stip.Client;
using Stip.Client.Bundles;
using Stip.Client.Generation;
using Stip.Client.Transport;
using Stip.Protocol;
using Stip.Protocol.Completions;
using Stip.Protocol.Errors;
using Stip.Protocol.Forward;
using Stip.Protocol.Models;
using Stip.Protocol.Packages;
using Stip.Protocol.Sessions;
using Stip.Protocol.Tensors;
using Stip.TestKit.Toys;

namespace Stip.Fuzz.Targets;

/// <summary>Whatever a server answers, to whatever it is asked: the client's own way to it, up to plain logits.
/// </summary>
internal static class AnswerTargets
{
    private static readonly ToyModel Toy = new(vocabSize: 8);

    public static FuzzTarget Step(string scratch) => Session(
        scratch, "answer-json", JsonSerializer.SerializeToUtf8Bytes(Answer(Logits()), StipJson.Wire),
        JsonSerializer.SerializeToUtf8Bytes(
            Answer(new LogitsPayload("float32", [3, 1], [2f, 1f], 2.5)), StipJson.Wire));

    public static FuzzTarget Model(string scratch)
    {
        var bundle = Open(scratch);
        return new FuzzTarget("model-json", [JsonSerializer.SerializeToUtf8Bytes(Described(), StipJson.Wire)], input =>
        {
            using var client = Client(_ => Json(input));
            var model = new StipModel(bundle, client);
            _ = model.CheckAsync().AsTask().GetAwaiter().GetResult();
        }, typeof(StipException));
    }

    public static FuzzTarget Fork() => new(
        "fork-answer-json",
        [JsonSerializer.SerializeToUtf8Bytes(
            new SessionObject("sess_1", SessionObject.ObjectName, "toy", 1, 2, 3, 16), StipJson.Wire)],
        input =>
        {
            using var client = Client(_ => Json(input));
            _ = client.ForkSessionAsync("sess_0", 3).GetAwaiter().GetResult().Id;
        },
        typeof(StipException));

    public static FuzzTarget Pass() => new(
        "forward-answer-json",
        [JsonSerializer.SerializeToUtf8Bytes(
            new ForwardResponse("fwd_1", ForwardResponse.ObjectName, "m", new Dictionary<string, TensorPayload>
            {
                ["last_hidden_state"] = new("float16", [1, 2, 4], new byte[16]),
            }),
            StipJson.Wire)],
        input =>
        {
            using var client = Client(_ => Json(input));
            _ = client.ForwardAsync(new ForwardRequest("m", new Dictionary<string, TensorPayload>()))
                .GetAwaiter().GetResult().Response;
        },
        typeof(StipException));

    public static FuzzTarget Refusal()
    {
        var error = new ErrorBody("no\nsuch model", "invalid_request_error", "model", "model_not_found");
        return new FuzzTarget(
            "refusal-json", [JsonSerializer.SerializeToUtf8Bytes(new { error }, StipJson.Wire)],
            input =>
            {
                using var client = Client(_ =>
                {
                    var answer = Json(input);
                    answer.StatusCode = HttpStatusCode.BadRequest;
                    return answer;
                });
                try
                {
                    _ = client.GetModelAsync("m").GetAwaiter().GetResult();
                }
                catch (StipException refused) when (refused.Message.AsSpan().IndexOfAny('\r', '\n') >= 0)
                {
                    throw new InvalidOperationException("a refusal is more than one line");
                }
            },
            typeof(StipException));
    }

    public static FuzzTarget Timing() => new(
        "server-timing", [Encoding.UTF8.GetBytes("queue;dur=0.1, run;desc=\"x\";dur=3.5, total;dur=4")],
        input =>
        {
            using var client = Client(_ =>
            {
                var answer = Json(JsonSerializer.SerializeToUtf8Bytes(Answer(Logits()), StipJson.Wire));
                answer.Headers.TryAddWithoutValidation("Server-Timing", Encoding.Latin1.GetString(input));
                return answer;
            });
            var rows = new TensorPayload("float32", [1, 4], new byte[16]);
            var server = client.CompleteAsync(new CompletionRequest("toy", rows)).GetAwaiter().GetResult()
                .Figures.Server;
            if (server < TimeSpan.Zero)
            {
                throw new InvalidOperationException("a time below zero");
            }
        },
        typeof(StipException));

    private static FuzzTarget Session(string scratch, string name, params byte[][] seeds)
    {
        var bundle = Open(scratch);
        return new FuzzTarget(name, seeds, input =>
        {
            using var client = Client(request => request.Method == HttpMethod.Post
                ? Json(input)
                : new HttpResponseMessage { Content = JsonContent.Create(Described(), options: StipJson.Wire) });
            var session = new StipModel(bundle, client).OpenSession(16);
            var row = session.AppendAsync(new[] { 1 }, topK: null).GetAwaiter().GetResult();
            if (row.IsFull && row.Values.Length != Toy.VocabSize)
            {
                throw new InvalidOperationException("a row of another vocabulary");
            }

            _ = row.ArgMax();
        }, typeof(StipException));
    }

    private static Bundle Open(string scratch)
    {
        var folder = Path.Combine(scratch, "answered");
        ToyBundle.Write(folder, Toy);
        return Bundle.Open(folder);
    }

    private static LogitsPayload Logits() =>
        new("float32", Shape: [Toy.VocabSize], Data: new byte[Toy.VocabSize * sizeof(float)]);

    private static CompletionResponse Answer(LogitsPayload logits) => new(
        "cmpl_1", CompletionResponse.ObjectName, 1, "toy", "sess_1", 1, [new CompletionChoice(0, logits, null)],
        new CompletionUsage(1, 0, 1))
    {
        Fingerprint = ToyBundle.Fingerprint,
        KeyEpoch = 1,
    };

    private static ModelObject Described() => new(
        "toy", ModelObject.ObjectName, 0, "tests",
        new ModelStipInfo(
            "stip/1", "instance-1", 1, "permutation", "full", ToyBundle.Fingerprint, Toy.HiddenSize, Toy.VocabSize,
            256, "float32", 8, new Dictionary<string, GraphManifest> { ["decoder"] = new("m", [], []) }));

    private static HttpResponseMessage Json(byte[] body) => new()
    {
        Content = new ByteArrayContent(body)
        {
            Headers = { ContentType = new MediaTypeHeaderValue("application/json") },
        },
    };

    private static StipHttpClient Client(Func<HttpRequestMessage, HttpResponseMessage> answer) => new(
        new HttpClient(new Answering(answer)) { BaseAddress = new Uri("http://fuzz.test/") },
        new StipHttpClientOptions { Encoding = WireEncoding.Json });

    private sealed class Answering(Func<HttpRequestMessage, HttpResponseMessage> answer) : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(
            HttpRequestMessage request, CancellationToken cancellationToken) => Task.FromResult(answer(request));
    }
}
