using System.Buffers;
using Microsoft.AspNetCore.Http.Features;
using Stip.Api.Engine;
using Stip.Api.Registry;
using Stip.Protocol;
using Stip.Protocol.Forward;
using Stip.Protocol.Tensors;

namespace Stip.Api.Endpoints;

/// <summary>Reads a pass from a body of either form; that it is one of them was judged before.</summary>
internal static class ForwardReader
{
    /// <param name="context">Of the request.</param>
    /// <param name="most">Longest body in bytes.</param>
    /// <param name="isWhole">True where no model is still to come.</param>
    public static async Task<Outcome<ForwardRequest>> ReadAsync(
        HttpContext context, long most, bool isWhole)
    {
        var request = context.Request;
        if (request.ContentLength > most)
        {
            return NotHere.TooLarge(isWhole, most);
        }

        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit)
        {
            limit.MaxRequestBodySize = most;
        }

        return MediaTypes.IsSafetensors(request.ContentType)
            ? await ReadSafetensorsAsync(context, most, isWhole)
            : await request.ReadFromJsonAsync<ForwardRequest>(StipJson.Wire, context.RequestAborted)
                ?? new ForwardRequest("", new Dictionary<string, TensorPayload>());
    }

    private static async Task<Outcome<ForwardRequest>> ReadSafetensorsAsync(
        HttpContext context, long most, bool isWhole)
    {
        var reader = context.Request.BodyReader;
        var result = await reader.ReadAsync(context.RequestAborted);
        while (!result.IsCompleted && result.Buffer.Length <= most)
        {
            reader.AdvanceTo(result.Buffer.Start, result.Buffer.End);
            result = await reader.ReadAsync(context.RequestAborted);
        }

        var fits = result.Buffer.Length <= most;
        var body = fits ? result.Buffer.ToArray() : [];
        reader.AdvanceTo(result.Buffer.End);
        return fits ? ForwardCodec.ReadRequest(body) : NotHere.TooLarge(isWhole, most);
    }
}
