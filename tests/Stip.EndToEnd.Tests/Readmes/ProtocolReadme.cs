using System.Buffers;
using System.Net.Http.Headers;
using Stip.Protocol;
using Stip.Protocol.Completions;
using Stip.Protocol.Tensors;

namespace Stip.EndToEnd.Tests.Readmes;

/// <summary>The example of the package's README, word for word.</summary>
internal static class ProtocolReadme
{
    public static async Task<CompletionResponse> RunAsync(HttpClient http, TensorPayload rows)
    {
        var body = new ArrayBufferWriter<byte>();
        CompletionRequestCodec.Write(
            body, new CompletionRequest("stories", rows, Logits: new LogitsRequest(TopK: 8)));
        using var content = new ReadOnlyMemoryContent(body.WrittenMemory);
        content.Headers.ContentType = new MediaTypeHeaderValue(StipRoutes.SafetensorsMediaType);
        using var request = new HttpRequestMessage(HttpMethod.Post, StipRoutes.Completions) { Content = content };
        request.Headers.Accept.ParseAdd(StipRoutes.SafetensorsMediaType);
        using var response = await http.SendAsync(request);
        var answer = CompletionResponseCodec.Read(await response.Content.ReadAsByteArrayAsync());
        return answer; // answer.SessionId, answer.Position, answer.Choices[0].Logits.Indices, .Values, .Logsumexp
    }
}
