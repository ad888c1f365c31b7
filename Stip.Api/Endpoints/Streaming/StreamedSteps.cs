using System.Net.WebSockets;
using Stip.Api.Endpoints.Completions;
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
    public ValueTask<bool> BeginAsync(CancellationToken cancellation) => _frame.BeginAsync(socket, cancellation);

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
        if (header.EndOffset >= int.MaxValue)
        {
            throw new InvalidDataException(
                $"a message of {header.EndOffset} bytes is longer than {int.MaxValue - 1}");
        }

        if (!desk.Judge(key, request).Is(out var judged, out var refusal))
        {
            await SkipAsync(most, cancellation);
            return refusal;
        }

        var end = (int)header.EndOffset;
        await FillAsync(end + 1, cancellation);
        if (_frame.Length != end)
        {
            await SkipAsync(most, cancellation);
            return new Refusal(
                StipErrorCode.InvalidRequest, $"the message has {_frame.Length} bytes or more, its header says {end}");
        }

        var (rows, source) = (
            Data(header, CompletionFields.PromptEmbeds), Data(header, CompletionFields.EncoderInputsEmbeds));
        return ValidStep.Judge(judged.Declaration, _frame.Bytes[rows], _frame.Bytes[source])
            .Is(out var step, out refusal)
            ? new PreparedStep(judged.Decoder, step)
            : refusal with { Model = judged.Decoder.Snapshot.Model };
    }

    public void Dispose() => _frame.Dispose();

    private static Range Data(SafetensorsHeader header, string name)
    {
        if (!header.Entries.TryGetValue(name, out var entry))
        {
            return 0..0;
        }

        var start = (int)(header.DataOffset + entry.Offset);
        return start..(start + (int)entry.ByteLength);
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
            if (!await _frame.BeginAsync(socket, cancellation))
            {
                throw new InvalidDataException("the connection closes inside a message");
            }
        }

        if (skipped > most)
        {
            throw new InvalidDataException($"a message is larger than the {most} bytes that its model could use");
        }
    }
}
