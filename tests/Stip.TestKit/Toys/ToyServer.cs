using System.Buffers;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Stip.Protocol;
using Stip.Protocol.Completions;
using Stip.Protocol.Errors;
using Stip.Protocol.Models;
using Stip.Protocol.Packages;
using Stip.Protocol.Sessions;

namespace Stip.TestKit.Toys;

/// <summary>The server's side of the contract over a <see cref="ToyModel"/>, behind an HttpClient instead of a
/// network, with
/// faults on demand.</summary>
public sealed class ToyServer(ToyModel model, int maxTopK = 16) : HttpMessageHandler
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, List<int>> _sessions = [];
    private readonly Queue<Func<HttpResponseMessage>> _faults = new();
    private readonly Queue<Func<HttpResponseMessage>> _forkFaults = new();
    private int _opened;

    /// <summary>Rows of each step that was answered.</summary>
    public List<int> StepRows { get; } = [];

    /// <summary>Bodies of the steps that came, answered or not.</summary>
    public List<CompletionRequest> Steps { get; } = [];

    /// <summary>Sessions that were opened as copies of others.</summary>
    public int Forks { get; private set; }

    /// <summary>More sessions at once are refused, as a full server does.</summary>
    public int MostSessions { get; set; } = int.MaxValue;

    /// <summary>Names under which it has the model; the sessions of all are counted together.</summary>
    public string[] Names { get; set; } = ["toy"];

    /// <summary>Longest session, where it is shorter than the model's context.</summary>
    public int? MaxLength { get; set; }

    /// <summary>Called when a fork was made and is not yet answered, with the request's token.</summary>
    public Func<CancellationToken, Task>? OnForkMade { get; set; }

    /// <summary>Sessions that are held now.</summary>
    public int SessionCount => _sessions.Count;

    /// <summary>What the model says of itself; may be spoiled.</summary>
    public string Fingerprint { get; set; } = ToyBundle.Fingerprint;

    /// <summary>More rows in one step are too large, as a proxy says it: without a reason.</summary>
    public int MostRows { get; set; } = int.MaxValue;

    /// <summary>More rows of full logits in one answer are refused, as the server says it.</summary>
    public int MostAnswerRows { get; set; } = int.MaxValue;

    /// <summary>What caches keep, where they do not keep everything.</summary>
    public BoundedCache? Bound { get; set; }

    /// <summary>Called with the number of steps answered so far, before each step.</summary>
    public Action<int>? BeforeStep { get; set; }

    /// <summary>Called while a step is answered, e.g. to move a clock.</summary>
    public Action? DuringStep { get; set; }

    /// <summary>The next step fails like this.</summary>
    public void FailNext(Func<HttpResponseMessage> fault) => _faults.Enqueue(fault);

    /// <summary>The next fork is refused.</summary>
    public void RefuseNextFork(HttpStatusCode status, StipErrorCode code) =>
        FailNextFork(() => Refused(status, code, "as told"));

    /// <summary>The next fork fails like this, and is not made.</summary>
    public void FailNextFork(Func<HttpResponseMessage> fault) => _forkFaults.Enqueue(fault);

    /// <summary>The next step is refused.</summary>
    public void RefuseNext(HttpStatusCode status, StipErrorCode code) =>
        FailNext(() => Refused(status, code, "as told"));

    /// <summary>A restart: every cache is gone.</summary>
    public void LoseSessions() => _sessions.Clear();

    /// <inheritdoc/>
    protected override async Task<HttpResponseMessage> SendAsync(
        HttpRequestMessage request, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var path = request.RequestUri!.AbsolutePath;
        if (request.Method == HttpMethod.Post && path == StipRoutes.Completions)
        {
            var body = await request.Content!.ReadAsByteArrayAsync(cancellationToken);
            lock (_lock)
            {
                return Step(request, body);
            }
        }

        var other = request.Content is { } content ? await content.ReadAsByteArrayAsync(cancellationToken) : [];
        HttpResponseMessage answer;
        lock (_lock)
        {
            answer = Other(request, path, other);
        }

        if (OnForkMade is { } made && path.EndsWith("/fork", StringComparison.Ordinal) && answer.IsSuccessStatusCode)
        {
            await made(cancellationToken);
        }

        return answer;
    }

    private HttpResponseMessage Other(HttpRequestMessage request, string path, byte[] body)
    {
        if (request.Method == HttpMethod.Post && path.EndsWith("/fork", StringComparison.Ordinal))
        {
            return Fork(path.Split('/')[^2], body);
        }

        if (request.Method == HttpMethod.Get && Names.Any(name => path == $"{StipRoutes.Models}/{name}"))
        {
            return new HttpResponseMessage { Content = JsonContent.Create(Describe(), options: StipJson.Wire) };
        }

        return request.Method == HttpMethod.Delete && _sessions.Remove(path.Split('/')[^1])
            ? new HttpResponseMessage(HttpStatusCode.NoContent)
            : Refused(HttpStatusCode.NotFound, StipErrorCode.ModelNotFound, $"there is no {path}");
    }

    /// <summary>A refusal as a server says it.</summary>
    public static HttpResponseMessage Refused(
        HttpStatusCode status, StipErrorCode code, string message, string? param = null)
    {
        var error = new ErrorBody(message, "invalid_request_error", param, code.Name());
        return new(status) { Content = JsonContent.Create(new { error }, options: StipJson.Wire) };
    }

    private HttpResponseMessage Fork(string id, byte[] body)
    {
        if (_forkFaults.TryDequeue(out var fault))
        {
            return fault();
        }

        if (_sessions.Count >= MostSessions)
        {
            return Refused(
                HttpStatusCode.ServiceUnavailable, StipErrorCode.ServerOverloaded, "no slot is free",
                CompletionFields.NoRoom);
        }

        if (!_sessions.TryGetValue(id, out var tokens))
        {
            return Refused(HttpStatusCode.Gone, StipErrorCode.SessionLost, "there is no such session");
        }

        var shared = JsonSerializer.Deserialize<SessionForkRequest>(body, StipJson.Wire)!.Position ?? tokens.Count;
        var fork = $"sess_{++_opened}";
        _sessions[fork] = [.. tokens.Take(shared)];
        Forks++;
        var session = new SessionObject(fork, SessionObject.ObjectName, "toy", 0, 0, shared, 256);
        return new HttpResponseMessage { Content = JsonContent.Create(session, options: StipJson.Wire) };
    }

    private HttpResponseMessage Step(HttpRequestMessage message, byte[] body)
    {
        var isBinary = message.Content!.Headers.ContentType!.MediaType == StipRoutes.SafetensorsMediaType;
        var request = isBinary
            ? CompletionRequestCodec.Read(body)
            : JsonSerializer.Deserialize<CompletionRequest>(body, StipJson.Wire)!;
        Steps.Add(request);
        BeforeStep?.Invoke(StepRows.Count);
        DuringStep?.Invoke();
        if (_faults.TryDequeue(out var fault))
        {
            return fault();
        }

        if (request.PromptEmbeds.Shape[0] > MostRows)
        {
            return new HttpResponseMessage(HttpStatusCode.RequestEntityTooLarge);
        }

        if (request.Logits?.Rows == LogitsRequest.All && request.PromptEmbeds.Shape[0] > MostAnswerRows)
        {
            return Refused(
                HttpStatusCode.RequestEntityTooLarge, StipErrorCode.PayloadTooLarge, "too many rows", "logits.rows");
        }

        if (request.SessionId is null && RefusalOfNew(request) is { } refusal)
        {
            return refusal;
        }

        var id = request.SessionId ?? $"sess_{++_opened}";
        if (request.SessionId is null)
        {
            _sessions[id] = [];
        }

        if (!_sessions.TryGetValue(id, out var tokens))
        {
            return Refused(HttpStatusCode.Gone, StipErrorCode.SessionLost, "there is no such session");
        }

        if (request.Position > tokens.Count)
        {
            return Refused(HttpStatusCode.BadRequest, StipErrorCode.PositionAhead, "position is ahead");
        }

        if (Bound?.CanRewind(tokens.Count, request.Position ?? 0) == false)
        {
            _sessions.Remove(id);
            return Refused(HttpStatusCode.Gone, StipErrorCode.SessionLost, "these tokens are gone");
        }

        return Answer(Run(request, id, tokens), isBinary);
    }

    private HttpResponseMessage? RefusalOfNew(CompletionRequest request)
    {
        if (request.MaxLength > MaxLength || request.PromptEmbeds.Shape[0] > MaxLength)
        {
            return Refused(
                HttpStatusCode.BadRequest, StipErrorCode.ContextLengthExceeded, "that is too long", "max_length");
        }

        return _sessions.Count < MostSessions ? null : Refused(
            HttpStatusCode.TooManyRequests, StipErrorCode.RateLimitExceeded, "this key holds its sessions",
            CompletionFields.NoRoom);
    }

    private CompletionResponse Run(CompletionRequest request, string id, List<int> tokens)
    {
        var start = request.Position ?? 0;
        tokens.RemoveRange(start, tokens.Count - start);
        var rowBytes = model.HiddenSize * sizeof(float);
        var choices = new List<CompletionChoice>();
        for (var row = 0; row < request.PromptEmbeds.Shape[0]; row++)
        {
            tokens.Add(ToyModel.Token(request.PromptEmbeds.Data.Span[(row * rowBytes)..]));
            if (request.Logits?.Rows == LogitsRequest.All || row == request.PromptEmbeds.Shape[0] - 1)
            {
                var logits = model.Permuted(model.Logits(tokens));
                choices.Add(new(choices.Count, Payload(logits, request.Logits), null));
            }
        }

        StepRows.Add((int)request.PromptEmbeds.Shape[0]);
        return new("id", CompletionResponse.ObjectName, 0, "toy", id, tokens.Count, choices, new(1, 0, 1))
        {
            Fingerprint = Fingerprint,
            KeyEpoch = 1,
        };
    }

    private static LogitsPayload Payload(float[] logits, LogitsRequest? want)
    {
        if (want?.TopK is not { } k)
        {
            return new("float32", Shape: [logits.Length], Data: ToyModel.Bytes(logits));
        }

        var order = Enumerable.Range(0, logits.Length).OrderByDescending(i => logits[i]).Take(k).ToArray();
        return new(
            "float32",
            order,
            [.. order.Select(i => logits[i])],
            Math.Log(logits.Sum(logit => Math.Exp(logit / want.Temperature))));
    }

    private static HttpResponseMessage Answer(CompletionResponse response, bool isBinary)
    {
        var output = new ArrayBufferWriter<byte>();
        if (isBinary)
        {
            CompletionResponseCodec.Write(output, response);
        }

        var answer = new HttpResponseMessage
        {
            Content = isBinary
                ? new ByteArrayContent(output.WrittenSpan.ToArray())
                : JsonContent.Create(response, options: StipJson.Wire),
        };
        answer.Headers.Add("Server-Timing", "queue;dur=0.1, total;dur=1.5");
        return answer;
    }

    private ModelObject Describe() => new(
        "toy", ModelObject.ObjectName, 0, "tests",
        new ModelStipInfo(
            "stip/1", "instance-1", 1, "permutation", "full", Fingerprint, model.HiddenSize, model.VocabSize, 256,
            "float32", maxTopK, new Dictionary<string, GraphManifest> { ["decoder"] = new("m", [], []) })
        {
            MaxLength = MaxLength,
            BoundedCaches = Bound is { } bound ? [bound] : null,
        });
}
