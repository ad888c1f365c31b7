using System.Text.Json;
using Stip.Api.Endpoints.Authentication;
using Stip.Api.Engine;
using Stip.Protocol;
using Stip.Protocol.Sessions;

namespace Stip.Api.Endpoints;

/// <summary>A session that was opened, as its caller hears of it. One whose name cannot be told is released: nobody
/// could use it.</summary>
internal sealed class OpenedSession(DecoderHost decoder, SessionObject session) : IResult
{
    public async Task ExecuteAsync(HttpContext httpContext)
    {
        try
        {
            var body = JsonSerializer.SerializeToUtf8Bytes(session, StipJson.Wire);
            httpContext.Response.ContentType = MediaTypes.JsonInUtf8;
            httpContext.Response.ContentLength = body.Length;
            var output = httpContext.Response.BodyWriter;
            await AnswerPieces.WriteAsync(output, body, httpContext.RequestAborted);
            await AnswerPieces.FlushAsync(output, httpContext.RequestAborted);
        }
        catch
        {
            await decoder.ReleaseAsync(httpContext.ApiKey().Id, session.Id, CancellationToken.None);
            throw;
        }
    }
}
