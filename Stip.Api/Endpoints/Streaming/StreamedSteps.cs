using System.Net.WebSockets;
using Stip.Api.Endpoints.Completions;
using Stip.Api.Endpoints.Errors;
using Stip.Api.Engine;
using Stip.Api.Registry.ApiKeys;
using Stip.Protocol.Completions;
using Stip.Protocol.Errors;
using Stip.Protocol.Tensors;

namespace Stip.Api.Endpoints.Streaming;

/// <summary>Reads the steps of one connection: the header is judged before the rows are read.</summary>
internal sealed class StreamedSteps(WebSocket socket, StepDesk desk, ApiKeyRecord key) : IDisposable
{
    private const int PrefixBytes = 8;
    private const int MaxHeaderBytes = 16 << 10;
    private readonly FrameBuffer _frame = new();
    private readonly StickyFields _said = new();

    /// <summary>Waits for the next message; false where the other end closes.</summary>
    public ValueTask<bool> BeginAsync(CancellationToken cancellation) => _frame.NextAsync(socket, cancellation);

    /// <summary>Receives on while the step that was read runs: only so are the other end's answers to pings heard.
    /// </summary>
    public void ReadAhead(CancellationToken cancellation) => _frame.ReadAhead(socket, cancellation);

    /// <summary>The step that has begun to arrive; a refusal leaves the connection at its next message.</summary>
    /// <exception cref="InvalidDataException">Not a step at all: the connection cannot go on.</exception>
    public async ValueTask<Outcome<PreparedStep>> ReadAsync(CancellationToken cancellation)
    {
        var most = desk.MaxBodyBytes(key);
        await FillAsync(PrefixBytes, cancellation);
        var jsonBytes = SafetensorsHeader.ReadJsonLength(_frame.Bytes[..Math.Min(_frame.Length, PrefixBytes)], most);
        if (jsonBytes > MaxHeaderBytes)
        {
            throw new InvalidDataException($"a header of {jsonBytes} bytes is longer than {MaxHeaderBytes}");
        }

        await FillAsync(PrefixBytes + jsonBytes, cancellation);
        if (_frame.Length < PrefixBytes + jsonBytes)
        {
            throw new InvalidDataException($"the message ends inside its header of {jsonBytes} bytes");
        }

        var header = SafetensorsHeader.ParseWithin(_frame.Bytes.Slice(PrefixBytes, jsonBytes), most);
        var request = CompletionRequestCodec.Read(header, _said);
        // From here on it is the message of one model.
        most = desk.MaxBodyBytes(key, request.Model);
        if (!desk.Judge(key, request).Is(out var judged, out var refusal))
        {
            await SkipAsync(most, cancellation);
            return refusal;
        }

        if (!Room(header, judged).Is(out var arriving, out refusal))
        {
            await SkipAsync(most, cancellation);
            return refusal;
        }

        using (arriving)
        {
            var tensors = arriving.Tensors;
            tensors.Append(_frame.Bytes);
            while (!_frame.IsWhole && tensors.Length <= header.EndOffset)
            {
                await NextAsync(cancellation);
                tensors.Append(_frame.Bytes);
            }

            if (tensors.Length == header.EndOffset && _frame.IsWhole)
            {
                return arriving.Judge();
            }

            await SkipAsync(most, cancellation);
            return new Refusal(
                StipErrorCode.InvalidRequest,
                $"the message has {tensors.Length} bytes or more, its header says {header.EndOffset}");
        }
    }

    public void Dispose() => _frame.Dispose();

    // As over HTTP: there may be some for a shorter one, or later.
    private static Outcome<ArrivingStep> Room(
        SafetensorsHeader header, (DecoderHost Decoder, StepDeclaration Declaration) judged)
    {
        try
        {
            return new ArrivingStep(header, judged);
        }
        catch (InsufficientMemoryException e)
        {
            return ExpectedFaults.Of(e)!.Value.Refusal with { Model = judged.Decoder.Snapshot.Model };
        }
    }

    // The next piece of the message, in the place of the one before.
    private async ValueTask NextAsync(CancellationToken cancellation)
    {
        if (!await _frame.NextAsync(socket, cancellation))
        {
            throw new InvalidDataException("the connection closes inside a message");
        }
    }

    private async ValueTask FillAsync(int bytes, CancellationToken cancellation)
    {
        if (!await _frame.FillAsync(socket, bytes, cancellation))
        {
            throw new InvalidDataException("the connection closes inside a message");
        }
    }

    // What was refused by its header is not kept, and no more of it is read than any step may have.
    private async ValueTask SkipAsync(long most, CancellationToken cancellation)
    {
        var skipped = 0L;
        while (!_frame.IsWhole && skipped <= most)
        {
            skipped += _frame.Length;
            await NextAsync(cancellation);
        }

        if (skipped > most)
        {
            throw new InvalidDataException($"a message is larger than the {most} bytes that its model could use");
        }
    }
}
