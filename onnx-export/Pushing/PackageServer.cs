using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Polly;
using Polly.Retry;
using Stip.Onnx;
using Stip.Protocol;
using Stip.Protocol.Models;
using Stip.Protocol.Packages;
using Stip.Protocol.Uploads;

namespace Stip.Export.Pushing;

/// <summary>The routes of a server through which packages come in.</summary>
internal sealed class PackageServer
{
    private const string PartField = "data";
    private const string ChecksumMismatch = "checksum_mismatch";

    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(1);
    private readonly HttpClient _http;
    private readonly ResiliencePipeline<HttpResponseMessage> _retries;
    private readonly TimeSpan _firstDelay;
    private bool _hasAnswered;

    /// <param name="http">Client with the server's base address; it carries the key.</param>
    /// <param name="firstDelay">Pause before the first repetition; each further one is twice as long.</param>
    public PackageServer(HttpClient http, TimeSpan firstDelay)
    {
        _http = http;
        _firstDelay = firstDelay;
        _retries = new ResiliencePipelineBuilder<HttpResponseMessage>()
            .AddRetry(new RetryStrategyOptions<HttpResponseMessage>
            {
                MaxRetryAttempts = 5,
                Delay = firstDelay,
                BackoffType = DelayBackoffType.Exponential,
                ShouldHandle = attempt => ValueTask.FromResult(IsWorthRepeating(attempt.Outcome)),
                DelayGenerator = attempt => ValueTask.FromResult(Asked(attempt.Outcome.Result)),
            })
            .Build();
    }

    /// <summary>The pause that an answer asks for, at most a minute: a proxy may say any. Null where it asks for none.
    /// </summary>
    internal static TimeSpan? Asked(HttpResponseMessage? answer) =>
        answer?.Headers.RetryAfter?.Delta is { } asked && asked > LongestPause
            ? LongestPause
            : answer?.Headers.RetryAfter?.Delta;

    /// <summary>Announces a file.</summary>
    public async Task<UploadObject> CreateUploadAsync(PackageFile file, CancellationToken cancellation) =>
        await SendAsync<UploadObject>(
            HttpMethod.Post,
            StipRoutes.Uploads,
            () => JsonContent.Create(
                new UploadCreateRequest(file.Path, file.Bytes, UploadCreateRequest.StipPackage, file.Sha256),
                options: StipJson.Wire),
            cancellation);

    /// <summary>The state of an upload, null where the server does not know it any more.</summary>
    public async Task<UploadObject?> FindUploadAsync(string id, CancellationToken cancellation)
    {
        using var response = await SendAsync(HttpMethod.Get, $"{StipRoutes.Uploads}/{id}", () => null, cancellation);
        return response.StatusCode == HttpStatusCode.NotFound
            ? null
            : await ReadAsync<UploadObject>(response, cancellation);
    }

    /// <summary>Sends the part of a file that begins at <paramref name="offset"/>; it replaces what is there from
    /// then on.</summary>
    /// <param name="id">The upload.</param>
    /// <param name="offset">Where the part begins.</param>
    /// <param name="bytes">The part.</param>
    /// <param name="attempt">How often it was sent before: each pause is twice as long, unless the server says how long
    /// it is to be.</param>
    /// <param name="cancellation">Stops.</param>
    /// <exception cref="HttpRequestException">The connection broke, or the server is overloaded.</exception>
    public async Task SendPartAsync(
        string id, long offset, ReadOnlyMemory<byte> bytes, int attempt, CancellationToken cancellation)
    {
        var part = new ReadOnlyMemoryContent(bytes);
        part.Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
        using var form = new MultipartFormDataContent { { part, PartField, PartField } };
        using var response = await _http.PostAsync(
            Relative($"{StipRoutes.Uploads}/{id}/parts?offset={offset}"), form, cancellation);
        if (IsTransient(response.StatusCode))
        {
            await Task.Delay(Asked(response) ?? (_firstDelay * (1 << attempt)), cancellation);
            throw new HttpRequestException($"the server answered HTTP {(int)response.StatusCode}");
        }

        _ = await ReadAsync<UploadPartObject>(response, cancellation);
    }

    /// <summary>Says that every part is there.</summary>
    /// <returns>Null, or the refusal where the server has other bytes than were announced: the upload is of no use any
    /// more, and is cancelled.</returns>
    public async Task<RefusedException?> CompleteUploadAsync(string id, CancellationToken cancellation)
    {
        using var response = await SendAsync(
            HttpMethod.Post,
            $"{StipRoutes.Uploads}/{id}/complete",
            () => JsonContent.Create(new UploadCompleteRequest(), options: StipJson.Wire),
            cancellation);
        if (response.IsSuccessStatusCode || await ServerRefusal.CodeAsync(response, cancellation) != ChecksumMismatch)
        {
            _ = await ReadAsync<UploadObject>(response, cancellation);
            return null;
        }

        var refusal = await ServerRefusal.ReadAsync(response, cancellation);
        await CancelUploadAsync(id, cancellation);
        return refusal;
    }

    /// <summary>Gives an upload up, if the server still knows it.</summary>
    public async Task CancelUploadAsync(string id, CancellationToken cancellation)
    {
        using var cancelled = await SendAsync(
            HttpMethod.Post, $"{StipRoutes.Uploads}/{id}/cancel", () => null, cancellation);
    }

    /// <summary>A model that is registered, null where there is none of that name, or it is not shown.</summary>
    public async Task<ModelObject?> FindModelAsync(string id, CancellationToken cancellation)
    {
        using var response = await SendAsync(
            HttpMethod.Get, $"{StipRoutes.Models}/{Uri.EscapeDataString(id)}", () => null, cancellation);
        return response.IsSuccessStatusCode ? await ReadAsync<ModelObject>(response, cancellation) : null;
    }

    /// <summary>Registers the package that the uploads make up, and waits until the server has accepted it.</summary>
    public async Task<ModelObject> RegisterAsync(IReadOnlyList<string> uploadIds, CancellationToken cancellation) =>
        await SendAsync<ModelObject>(
            HttpMethod.Post,
            StipRoutes.Models,
            () => JsonContent.Create(new ModelRegisterRequest(uploadIds), options: StipJson.Wire),
            cancellation);

    // A server may live below a path of its host.
    private static string Relative(string route) => route.TrimStart('/');

    private static bool IsTransient(HttpStatusCode status) =>
        status is HttpStatusCode.RequestTimeout or HttpStatusCode.TooManyRequests
            or >= HttpStatusCode.InternalServerError;

    private static async Task<T> ReadAsync<T>(HttpResponseMessage response, CancellationToken cancellation)
    {
        if (!response.IsSuccessStatusCode)
        {
            throw await ServerRefusal.ReadAsync(response, cancellation);
        }

        T? answer;
        try
        {
            answer = await response.Content.ReadFromJsonAsync<T>(StipJson.Wire, cancellation);
        }
        catch (Exception e) when (e is JsonException or NotSupportedException or InvalidOperationException)
        {
            // Pages of a proxy or of another program, of a type or a character set that is no JSON's.
            throw new RefusedException(
                $"{response.RequestMessage?.RequestUri} answered no JSON; is it a Stip server?", e);
        }

        return answer is null or UploadObject { Id: null or "" } or ModelObject { Id: null or "" }
            ? throw new RefusedException(
                $"{response.RequestMessage?.RequestUri} answered nothing; is it a Stip server?")
            : answer;
    }

    // A server that never answered is more likely misnamed than busy: say so at once.
    private bool IsWorthRepeating(Outcome<HttpResponseMessage> outcome) => _hasAnswered
        && (outcome.Exception is HttpRequestException
            || (outcome.Result is { } response && IsTransient(response.StatusCode)));

    private async Task<T> SendAsync<T>(
        HttpMethod method, string path, Func<HttpContent?> content, CancellationToken cancellation)
    {
        using var response = await SendAsync(method, path, content, cancellation);
        return await ReadAsync<T>(response, cancellation);
    }

    private async Task<HttpResponseMessage> SendAsync(
        HttpMethod method, string path, Func<HttpContent?> content, CancellationToken cancellation)
    {
        try
        {
            var response = await _retries.ExecuteAsync(
                async token =>
                {
                    using var request = new HttpRequestMessage(method, Relative(path)) { Content = content() };
                    return await _http.SendAsync(request, token);
                },
                cancellation);
            _hasAnswered = true;
            return response;
        }
        catch (HttpRequestException e)
        {
            throw new RefusedException($"{_http.BaseAddress} cannot be reached: {e.Message}", e);
        }
    }
}
