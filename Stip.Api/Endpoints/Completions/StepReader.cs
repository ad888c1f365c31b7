using Microsoft.AspNetCore.Http.Features;
using Stip.Api.Endpoints.Authentication;
using Stip.Api.Engine;
using Stip.Protocol.Completions;
using Stip.Protocol.Errors;

namespace Stip.Api.Endpoints.Completions;

/// <summary>Reads a step from a body of either form; that it is one of them was judged before.</summary>
internal sealed class StepReader(StepDesk desk)
{
    public async Task<Outcome<PreparedStep>> ReadAsync(HttpContext context)
    {
        var most = desk.MaxBodyBytes(context.ApiKey());
        if (context.Request.ContentLength > most)
        {
            return desk.TooLarge(most);
        }

        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit)
        {
            limit.MaxRequestBodySize = most;
        }

        return MediaTypes.IsSafetensors(context.Request.ContentType)
            ? await ReadSafetensorsAsync(context)
            : await ReadJsonAsync(context, most);
    }

    private async Task<Outcome<PreparedStep>> ReadJsonAsync(HttpContext context, long most)
    {
        using var body = await JsonBody<CompletionRequest>.ReadAsync(context.Request, most, context.RequestAborted);
        if (body is null)
        {
            return desk.TooLarge(most);
        }

        var request = body.Value;
        return desk.Judge(context.ApiKey(), request).Is(out var judged, out var refusal)
            ? Prepare(judged, request!.PromptEmbeds.Data.Span, (request.EncoderInputsEmbeds?.Data ?? default).Span)
            : refusal;
    }

    private async Task<Outcome<PreparedStep>> ReadSafetensorsAsync(HttpContext context)
    {
        if (context.Request.ContentLength is not { } totalBytes)
        {
            return new Refusal(
                StipErrorCode.InvalidRequest, "a safetensors body needs Content-Length", "Content-Length");
        }

        var reader = context.Request.BodyReader;
        var header = await SafetensorsHead.ReadAsync(reader, totalBytes, context.RequestAborted);
        if (!desk.Judge(context.ApiKey(), CompletionRequestCodec.Read(header)).Is(out var judged, out var refusal))
        {
            return refusal;
        }

        // Only now, with the declaration judged, are the rows read.
        using var arriving = new ArrivingStep(header, judged);
        await arriving.Tensors.ReadAsync(reader, context.RequestAborted);
        return arriving.Judge();
    }

    private static Outcome<PreparedStep> Prepare(
        (DecoderHost Decoder, StepDeclaration Declaration) judged,
        ReadOnlySpan<byte> rows,
        ReadOnlySpan<byte> source) =>
        ValidStep.Judge(judged.Declaration, rows, source).Is(out var step, out var refusal)
            ? new PreparedStep(judged.Decoder, step)
            : refusal with { Model = judged.Decoder.Snapshot.Model };
}
