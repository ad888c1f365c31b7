using System.Buffers;
using System.Net.Http.Headers;
using System.Text.Json;
using Polly.Timeout;
using Stip.Client.Generation;
using Stip.Protocol;
using Stip.Protocol.Completions;
using Stip.Protocol.Errors;
using Stip.Protocol.Forward;
using Stip.Protocol.Models;
using Stip.Protocol.Sessions;

namespace Stip.Client.Transport;

/// <summary>The typed client of a Stip server.</summary>
/// <remarks>Safe for concurrent use. It owns its connections: dispose it last.</remarks>
public sealed class StipHttpClient : IDisposable
{
    private static readonly MediaTypeHeaderValue Safetensors = new(StipRoutes.SafetensorsMediaType);
    private static readonly MediaTypeHeaderValue Json = new("application/json");

    private static readonly Func<ValueTask> Nobody = () => ValueTask.CompletedTask;

    private readonly HttpClient _http;
    private readonly StipHttpClientOptions _options;
    private readonly CompletionStreams? _streams;

    /// <summary>Speaks through an HttpClient of the caller's making, which it then owns.</summary>
    /// <param name="http">Has its base address and its authorization.</param>
    /// <param name="options">Defaults where null; its retry settings are the HttpClient's own business here.</param>
    public StipHttpClient(HttpClient http, StipHttpClientOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(http);
        (_http, _options) = (http, options ?? new StipHttpClientOptions());
    }

    /// <summary>The address of a server, however it was written: with or without a trailing <c>/v1</c> or slash.
    /// </summary>
    /// <param name="endpoint">Absolute.</param>
    public static Uri Address(Uri endpoint)
    {
        ArgumentNullException.ThrowIfNull(endpoint);
        var path = endpoint.AbsolutePath.TrimEnd('/');
        var prefix = path.EndsWith("/v1", StringComparison.Ordinal) ? path[..^"/v1".Length] : path;
        return new UriBuilder(endpoint) { Path = prefix + "/", Query = "", Fragment = "" }.Uri;
    }

    /// <summary>Speaks to a server, with retries.</summary>
    /// <param name="endpoint">Its address, with or without a trailing <c>/v1</c>.</param>
    /// <param name="apiKey">A key with the scope <c>infer</c>.</param>
    /// <param name="options">Defaults where null.</param>
    public static StipHttpClient Connect(Uri endpoint, string apiKey, StipHttpClientOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(endpoint);
        ArgumentException.ThrowIfNullOrEmpty(apiKey);
        options ??= new StipHttpClientOptions();
        var http = StipConnection.Open(endpoint, apiKey, options);
        return new StipHttpClient(
            http, options, options.Streams ? new CompletionStreams(http.BaseAddress!, apiKey, options) : null);
    }

    private StipHttpClient(HttpClient http, StipHttpClientOptions options, CompletionStreams? streams)
        : this(http, options) => _streams = streams;

    /// <summary>The clock of the figures.</summary>
    internal TimeProvider Time => _options.Time;

    /// <summary>Sessions of finished answers, of all models that are asked through this client.</summary>
    internal KeptSessions Kept { get; } = new();

    /// <summary>What the server says of a model.</summary>
    /// <exception cref="StipException">Refused (<c>model_not_found</c>, <c>invalid_api_key</c>, …) or not
    /// reached.</exception>
    public async Task<ModelObject> GetModelAsync(string model, CancellationToken cancellationToken = default) =>
        await GetAsync<ModelObject>($"{StipRoutes.Models}/{Uri.EscapeDataString(model)}", cancellationToken);

    /// <summary>The models that the key may see.</summary>
    /// <exception cref="StipException">Refused or not reached.</exception>
    public async Task<IReadOnlyList<ModelObject>> ListModelsAsync(CancellationToken cancellationToken = default) =>
        (await GetAsync<ListObject<ModelObject>>(StipRoutes.Models, cancellationToken)).Data;

    /// <summary>Runs one step: appends rows to a session's cache and brings logits back.</summary>
    /// <exception cref="StipException">Refused (<c>session_lost</c>, <c>shape_mismatch</c>, …) or not
    /// reached.</exception>
    public Task<CompletionExchange> CompleteAsync(
        CompletionRequest request, CancellationToken cancellationToken = default) =>
        CompleteAsync(request, Nobody, cancellationToken);

    /// <summary>The same.</summary>
    /// <param name="request">The step.</param>
    /// <param name="onNoRoom">As <see cref="StipConnection.OnNoRoom"/>; null where room is not waited for, since the
    /// caller may make some.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    internal async Task<CompletionExchange> CompleteAsync(
        CompletionRequest request, Func<ValueTask>? onNoRoom, CancellationToken cancellationToken)
    {
        if (request?.SessionId is not null && _streams is not null && _options.Encoding == WireEncoding.Safetensors
            && await _streams.TryAsync(request, cancellationToken) is { } streamed)
        {
            return streamed;
        }

        var body = Write(request!);
        var message = new HttpRequestMessage(HttpMethod.Post, Relative(StipRoutes.Completions)) { Content = body };
        var mediaType = _options.Encoding == WireEncoding.Safetensors ? Safetensors : Json;
        message.Content.Headers.ContentType = mediaType;
        message.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue(mediaType.MediaType!));
        Set(message.Options, onNoRoom);

        var start = Time.GetTimestamp();
        using var response = await SendAsync(message, cancellationToken);
        var answer = await response.Content.ReadAsByteArrayAsync(cancellationToken);
        var figures = new ExchangeFigures(
            body.Bytes, answer.Length, Time.GetElapsedTime(start), ServerTiming.Read(response.Headers));
        return new CompletionExchange(Parse(answer), figures);
    }

    /// <summary>Runs one pass of a graph without a cache.</summary>
    /// <exception cref="StipException">Refused (<c>shape_mismatch</c>, <c>model_not_found</c>, …) or not
    /// reached.</exception>
    public async Task<ForwardExchange> ForwardAsync(
        ForwardRequest request, CancellationToken cancellationToken = default)
    {
        var body = JsonSerializer.SerializeToUtf8Bytes(request, StipJson.Wire);
        var message = new HttpRequestMessage(HttpMethod.Post, Relative(StipRoutes.Forward))
        {
            Content = new ReadOnlyMemoryContent(body),
        };
        message.Content.Headers.ContentType = Json;

        var start = Time.GetTimestamp();
        using var response = await SendAsync(message, cancellationToken);
        var answer = await response.Content.ReadAsByteArrayAsync(cancellationToken);
        var figures = new ExchangeFigures(
            body.Length, answer.Length, Time.GetElapsedTime(start), ServerTiming.Read(response.Headers));
        return new ForwardExchange(Read<ForwardResponse>(answer), figures);
    }

    /// <summary>Opens a session that begins as another one: the server copies its cache.</summary>
    /// <param name="sessionId">The other one.</param>
    /// <param name="position">Tokens that both share.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="StipException">Refused (<c>session_lost</c>, <c>server_overloaded</c>, …) or not
    /// reached.</exception>
    public async Task<SessionObject> ForkSessionAsync(
        string sessionId, int position, CancellationToken cancellationToken = default) =>
        (await ForkSessionAsync(sessionId, position, waits: true, Nobody, cancellationToken)).Session;

    /// <summary>The same.</summary>
    /// <param name="sessionId">The other one.</param>
    /// <param name="position">Tokens that both share.</param>
    /// <param name="waits">Whether a refusal that passes is waited for; not where the caller may do without.</param>
    /// <param name="onNoRoom">As of steps.</param>
    /// <param name="cancellationToken">Ends the wait; what the server has made is deleted.</param>
    internal async Task<(SessionObject Session, ExchangeFigures Figures)> ForkSessionAsync(
        string sessionId,
        int position,
        bool waits,
        Func<ValueTask>? onNoRoom,
        CancellationToken cancellationToken)
    {
        var address = Relative($"{StipRoutes.Sessions}/{Uri.EscapeDataString(sessionId)}/fork");
        var body = JsonSerializer.SerializeToUtf8Bytes(new SessionForkRequest(position), StipJson.Wire);
        var message = new HttpRequestMessage(HttpMethod.Post, address) { Content = new ByteArrayContent(body) };
        message.Content.Headers.ContentType = Json;
        message.Options.Set(ForkAnswers.Waits, waits);
        Set(message.Options, onNoRoom);
        var start = Time.GetTimestamp();
        using var response = await SendAsync(message, cancellationToken);
        var answer = await response.Content.ReadAsByteArrayAsync(cancellationToken);
        var figures = new ExchangeFigures(
            body.Length, answer.Length, Time.GetElapsedTime(start), ServerTiming.Read(response.Headers));
        if (Read<SessionObject>(answer) is not { Id.Length: > 0 } made)
        {
            throw NotOurs(null);
        }

        if (made.Position != position)
        {
            await DeleteSessionAsync(made.Id, cancellationToken);
            throw NotOurs(null);
        }

        return (made, figures);
    }

    /// <summary>Releases a session; its cache is zeroed. A session that is gone already is no fault.</summary>
    /// <exception cref="StipException">Refused or not reached.</exception>
    public async Task DeleteSessionAsync(string sessionId, CancellationToken cancellationToken = default)
    {
        var address = Relative($"{StipRoutes.Sessions}/{Uri.EscapeDataString(sessionId)}");
        try
        {
            using var response = await SendAsync(new HttpRequestMessage(HttpMethod.Delete, address), cancellationToken);
        }
        catch (StipException gone) when (gone.Code is StipErrorCode.SessionLost or StipErrorCode.NotFound)
        {
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _streams?.Dispose();
        _http.Dispose();
    }

    private static void Set(HttpRequestOptions options, Func<ValueTask>? onNoRoom)
    {
        options.Set(StipConnection.HearsOfNoRoom, onNoRoom is null);
        if (onNoRoom is not null)
        {
            options.Set(StipConnection.OnNoRoom, onNoRoom);
        }
    }

    private static Uri Relative(string route) => new(route.TrimStart('/'), UriKind.Relative);

    private Task<T> GetAsync<T>(string route, CancellationToken cancellationToken) =>
        ReadAsync<T>(new HttpRequestMessage(HttpMethod.Get, Relative(route)), cancellationToken);

    private async Task<T> ReadAsync<T>(HttpRequestMessage message, CancellationToken cancellationToken)
    {
        using var response = await SendAsync(message, cancellationToken);
        return Read<T>(await response.Content.ReadAsByteArrayAsync(cancellationToken));
    }

    private T Read<T>(byte[] body)
    {
        try
        {
            return JsonSerializer.Deserialize<T>(body, StipJson.Wire) ?? throw NotOurs(null);
        }
        catch (JsonException fault)
        {
            throw NotOurs(fault);
        }
    }

    private async Task<HttpResponseMessage> SendAsync(HttpRequestMessage message, CancellationToken cancellationToken)
    {
        try
        {
            using (message)
            {
                (message.Version, message.VersionPolicy) = (_options.HttpVersion, _options.HttpVersionPolicy);
                var response = await _http.SendAsync(message, cancellationToken);
                if (response.IsSuccessStatusCode)
                {
                    return response;
                }

                using (response)
                {
                    throw await Refusal.ReadAsync(response, Time, cancellationToken);
                }
            }
        }
        catch (Exception fault) when (fault is HttpRequestException or IOException or TimeoutRejectedException)
        {
            throw new StipException(
                $"{_http.BaseAddress} cannot be reached: {fault.Message}".ReplaceLineEndings(" "), null, fault);
        }
    }

    private StepContent Write(CompletionRequest request)
    {
        if (_options.Encoding == WireEncoding.Json)
        {
            return new StepContent(JsonSerializer.SerializeToUtf8Bytes(request, StipJson.Wire), default, default);
        }

        var head = new ArrayBufferWriter<byte>(512);
        CompletionRequestCodec.WriteHead(head, request);
        return new StepContent(
            head.WrittenMemory, request.PromptEmbeds.Data, request.EncoderInputsEmbeds?.Data ?? default);
    }

    private CompletionResponse Parse(byte[] body)
    {
        try
        {
            return _options.Encoding == WireEncoding.Safetensors
                ? CompletionResponseCodec.Read(body)
                : JsonSerializer.Deserialize<CompletionResponse>(body, StipJson.Wire) ?? throw NotOurs(null);
        }
        catch (Exception fault) when (fault is JsonException or InvalidDataException)
        {
            throw NotOurs(fault);
        }
    }

    private StipException NotOurs(Exception? fault) =>
        new($"{_http.BaseAddress} answered something that is not stip/1", null, fault);
}
