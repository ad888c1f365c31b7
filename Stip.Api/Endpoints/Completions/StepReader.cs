using System.Buffers;
using System.IO.Pipelines;
using System.Text.Json;
using Microsoft.AspNetCore.Http.Features;
using Stip.Api.Endpoints.Authentication;
using Stip.Api.Engine;
using Stip.Protocol;
using Stip.Protocol.Completions;
using Stip.Protocol.Errors;
using Stip.Protocol.Tensors;

namespace Stip.Api.Endpoints.Completions;

/// <summary>Reads a step from a body of either form; that it is one of them was judged before.</summary>
internal sealed class StepReader(StepDesk desk)
{
    private const int PrefixBytes = 8;
    private const int MaxHeaderBytes = 16 << 10;

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
        var reader = context.Request.BodyReader;
        var result = await reader.ReadAsync(context.RequestAborted);
        while (!result.IsCompleted)
        {
            if (result.Buffer.Length > most)
            {
                return desk.TooLarge(most);
            }

            reader.AdvanceTo(result.Buffer.Start, result.Buffer.End);
            result = await reader.ReadAsync(context.RequestAborted);
        }

        CompletionRequest? request;
        try
        {
            request = Parse(result.Buffer);
        }
        finally
        {
            reader.AdvanceTo(result.Buffer.End);
        }

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
        var jsonBytes = Read(
            reader, await reader.ReadAtLeastAsync(PrefixBytes, context.RequestAborted), b => JsonLength(b, totalBytes));
        if (jsonBytes > MaxHeaderBytes)
        {
            return new Refusal(
                StipErrorCode.InvalidRequest, $"a header of {jsonBytes} bytes is longer than {MaxHeaderBytes}");
        }

        var header = Read(
            reader, await reader.ReadAtLeastAsync(PrefixBytes + jsonBytes, context.RequestAborted),
            b => ParseHeader(b, jsonBytes, totalBytes));
        return desk.Judge(context.ApiKey(), CompletionRequestCodec.Read(header)).Is(out var judged, out var refusal)
            ? await ReadRowsAsync(reader, header, judged, context.RequestAborted)
            : refusal;
    }

    // Only now, with the declaration judged, are the rows read, and nothing of the body is kept but them.
    private static async Task<Outcome<PreparedStep>> ReadRowsAsync(
        PipeReader reader,
        SafetensorsHeader header,
        (DecoderHost Decoder, StepDeclaration Declaration) judged,
        CancellationToken cancellation)
    {
        var (declaration, dtype) = (judged.Declaration, judged.Declaration.Decoder.RowsDtype);
        using var rows = new ArrivingRows(declaration.Rows, dtype);
        using var source = declaration.Source is { } declared ? new ArrivingRows(declared, dtype) : null;
        var (at, end) = (0L, header.EndOffset);
        while (at < end)
        {
            var result = await reader.ReadAsync(cancellation);
            foreach (var segment in result.Buffer)
            {
                Fill(rows, header, CompletionFields.PromptEmbeds, at, segment.Span);
                Fill(source, header, CompletionFields.EncoderInputsEmbeds, at, segment.Span);
                at += segment.Length;
            }

            reader.AdvanceTo(result.Buffer.End);
            if (result.IsCompleted)
            {
                break;
            }
        }

        if (at < end)
        {
            return new Refusal(StipErrorCode.InvalidRequest, $"the body ends after {at} of {end} bytes");
        }

        return ValidStep.Judge(declaration, rows, source).Is(out var step, out var refusal)
            ? new PreparedStep(judged.Decoder, step)
            : refusal with { Model = judged.Decoder.Snapshot.Model };
    }

    // What of a piece of the body belongs to a tensor; the header says where each lies.
    private static void Fill(
        ArrivingRows? rows, SafetensorsHeader header, string name, long at, ReadOnlySpan<byte> piece)
    {
        if (rows is null || !header.Entries.TryGetValue(name, out var entry))
        {
            return;
        }

        var first = header.DataOffset + entry.Offset;
        var from = Math.Clamp(first - at, 0, piece.Length);
        var to = Math.Clamp(first + entry.ByteLength - at, from, piece.Length);
        rows.Append(piece[(int)from..(int)to]);
    }

    private static Outcome<PreparedStep> Prepare(
        (DecoderHost Decoder, StepDeclaration Declaration) judged,
        ReadOnlySpan<byte> rows,
        ReadOnlySpan<byte> source) =>
        ValidStep.Judge(judged.Declaration, rows, source).Is(out var step, out var refusal)
            ? new PreparedStep(judged.Decoder, step)
            : refusal with { Model = judged.Decoder.Snapshot.Model };

    // Looks at what is there and leaves it there; a reader must be let go of even where the bytes are refused.
    private static T Read<T>(PipeReader reader, ReadResult result, Func<ReadOnlySequence<byte>, T> look)
    {
        try
        {
            return look(result.Buffer);
        }
        finally
        {
            reader.AdvanceTo(result.Buffer.Start);
        }
    }

    private static CompletionRequest? Parse(in ReadOnlySequence<byte> body)
    {
        var json = new Utf8JsonReader(body, new JsonReaderOptions { MaxDepth = StipJson.Wire.MaxDepth });
        var request = JsonSerializer.Deserialize<CompletionRequest>(ref json, StipJson.Wire);
        // What stands behind the document is no JSON either.
        _ = json.Read();
        return request;
    }

    private static int JsonLength(in ReadOnlySequence<byte> start, long totalBytes)
    {
        Span<byte> prefix = stackalloc byte[PrefixBytes];
        var present = start.Slice(0, Math.Min(PrefixBytes, start.Length));
        present.CopyTo(prefix);
        return SafetensorsHeader.ReadJsonLength(prefix[..(int)present.Length], totalBytes);
    }

    private static SafetensorsHeader ParseHeader(in ReadOnlySequence<byte> body, int jsonBytes, long totalBytes)
    {
        if (body.Length < PrefixBytes + jsonBytes)
        {
            throw new InvalidDataException($"the body ends inside its header of {jsonBytes} bytes");
        }

        var json = body.Slice(PrefixBytes, jsonBytes);
        return SafetensorsHeader.Parse(json.IsSingleSegment ? json.FirstSpan : json.ToArray(), totalBytes);
    }
}
