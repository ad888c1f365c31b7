using Microsoft.AspNetCore.Http.Features;
using Stip.Api.Engine;
using Stip.Api.Registry;
using Stip.Protocol.Forward;
using Stip.Protocol.Tensors;

namespace Stip.Api.Endpoints;

/// <summary>Reads a pass from a body of either form; that it is one of them was judged before.</summary>
internal sealed class ForwardReader(PassDesk desk)
{
    /// <param name="context">Of the request.</param>
    /// <param name="most">Longest body in bytes.</param>
    /// <param name="isWhole">True where no model is still to come.</param>
    public async Task<Outcome<PreparedPass>> ReadAsync(HttpContext context, long most, bool isWhole)
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
            : await ReadJsonAsync(context, most, isWhole);
    }

    private async Task<Outcome<PreparedPass>> ReadJsonAsync(HttpContext context, long most, bool isWhole)
    {
        using var body = await JsonBody<ForwardRequest>.ReadAsync(context.Request, most, context.RequestAborted);
        if (body is null)
        {
            return NotHere.TooLarge(isWhole, most);
        }

        var request = body.Value ?? new ForwardRequest("", new Dictionary<string, TensorPayload>());
        return desk.Judge(context, request).Is(out var judged, out var refusal)
            ? Prepare(judged, ValidInputs.Judge(judged.Declared, request.Inputs))
            : refusal;
    }

    // The header is judged, then the inputs go from the connection to where the graph's copy is made of.
    private async Task<Outcome<PreparedPass>> ReadSafetensorsAsync(HttpContext context, long most, bool isWhole)
    {
        var reader = context.Request.BodyReader;
        var header = await SafetensorsHead.ReadAsync(reader, context.Request.ContentLength, context.RequestAborted);
        if (header.EndOffset > most)
        {
            return NotHere.TooLarge(isWhole, most);
        }

        if (!desk.Judge(context, ForwardCodec.ReadRequest(header)).Is(out var judged, out var refusal))
        {
            return refusal;
        }

        var arriving = ArrivingRows.ForAll(
            [.. judged.Declared.Inputs.Select(input => (input.Numbers, input.GraphDtype))]);
        using var tensors = new ArrivingTensors(
            header, [.. judged.Declared.Inputs.Zip(arriving, (input, rows) => (input.Name, rows))]);
        await tensors.ReadAsync(reader, context.RequestAborted);
        return Prepare(judged, ValidInputs.Judge(judged.Declared, arriving));
    }

    private static Outcome<PreparedPass> Prepare(JudgedPass judged, Outcome<ValidInputs> outcome) =>
        outcome.Is(out var inputs, out var refusal) ? new PreparedPass(judged, inputs) : refusal;
}
