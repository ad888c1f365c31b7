using System.Runtime.InteropServices;
using System.Text.Json;
using Stip.Client.Bundles;
using Stip.Client.Sealing;
using Stip.Keys.Bundles;
using Stip.Protocol.Completions;
using Stip.Protocol.Forward;
using Stip.Protocol.Packages;
using Stip.Protocol.Tensors;

namespace Stip.Client.Generation;

/// <summary>What one pass of a language model without a cache takes and gives: the rows, what else its graph asks for,
/// and logits in the plain order.</summary>
/// <param name="bundle">The owner's side.</param>
/// <param name="graph">The server's graph.</param>
internal sealed class WholePass(Bundle bundle, GraphManifest graph)
{
    private readonly WholeSequenceManifest _whole = bundle.Manifest.WholeSequence!;
    private readonly string _rows = graph.NameOf(GraphManifest.Embeds);

    /// <summary>Role of the graph.</summary>
    public string Role { get; } = BundleKinds.TextRole(bundle.Manifest);

    private bool GivesAll => _whole.Rows == WholeSequenceManifest.AllRows;

    private TensorManifest Port => graph.Inputs.FirstOrDefault(input => input.Name == _rows) is { Shape.Count: 3 } port
        ? port
        : throw Refused($"its graph takes no '{_rows}' of [batch, length, width]");

    /// <summary>Whether the server may be asked for some rows of logits: it chooses them of one text alone.</summary>
    public bool IsOfOneText => Texts == 1;

    /// <summary>The tokens whose rows go in: those of a graph of one length are filled up with the last one, behind the
    /// text, where none of its rows sees it.</summary>
    /// <param name="tokens">The text.</param>
    /// <exception cref="StipException">The graph takes no text of that length.</exception>
    public int[] FilledUp(ReadOnlySpan<int> tokens)
    {
        var all = new int[Length(tokens.Length)];
        all.AsSpan().Fill(tokens[^1]);
        tokens.CopyTo(all);
        return all;
    }

    /// <summary>Every input of the graph.</summary>
    /// <param name="rows">Those of <see cref="FilledUp"/>, as they go over the wire.</param>
    /// <param name="tokens">Tokens of the text.</param>
    /// <exception cref="StipException">The graph takes no text of that length, or an input of which the bundle says
    /// nothing.</exception>
    public Dictionary<string, TensorPayload> Inputs(byte[] rows, int tokens)
    {
        var (batch, length) = (Texts, Length(tokens));
        return graph.Inputs.ToDictionary(
            input => input.Name,
            input => input.Name == _rows
                ? new TensorPayload(
                    bundle.WireDtype.WireName(), [batch, length, bundle.Manifest.HiddenSize],
                    Repeat(rows, batch))
                : Filled(input, batch, length, tokens),
            StringComparer.Ordinal);
    }

    /// <summary>Logits in the plain order; null where the answer holds others than were asked for.</summary>
    /// <param name="response">Its outputs are every row, or those from the first wanted one on.</param>
    /// <param name="tokens">Tokens that were run.</param>
    /// <param name="first">The first wanted row.</param>
    public IReadOnlyList<LogitsRow>? Logits(ForwardResponse response, int tokens, int first)
    {
        var (batch, length) = (Texts, Length(tokens));
        var width = bundle.Permutation.VocabSize;
        if (response.Outputs?.TryGetValue(graph.NameOf(GraphManifest.Logits), out var output) != true
            || output?.Shape is not [.., var last] || last != width
            || !TensorDtypes.TryParseWire(output.Dtype, out var dtype) || !dtype.IsWireFloat())
        {
            return null;
        }

        var rowBytes = width * dtype.ByteSize();
        var given = output.Data.Length / rowBytes / batch;
        var wanted = tokens - first;
        var start = !GivesAll ? (given == 1 ? 0 : -1) : given == wanted ? 0 : given == length ? first : -1;
        if (start < 0 || output.Data.Length != (long)given * batch * rowBytes)
        {
            return null;
        }

        var found = new LogitsRow[GivesAll ? wanted : 1];
        for (var i = 0; i < found.Length; i++)
        {
            var payload = new LogitsPayload(
                output.Dtype, Data: output.Data.Slice((start + i) * rowBytes, rowBytes));
            if (LogitsUnsealing.TryUnseal(payload, bundle.Permutation) is not { } row)
            {
                return null;
            }

            found[i] = _whole.Gives is null ? row : LogitsRow.OfProbabilities(row);
        }

        return found;
    }

    private int Texts => Fixed(Port.Shape[0]) ?? 1;

    private int Length(int tokens)
    {
        var length = Fixed(Port.Shape[1]) ?? tokens;
        return length == tokens || (GivesAll && length > tokens) ? length : throw Refused(
            $"its graph takes texts of {length} tokens" + (GivesAll ? "" : " and gives the last row alone")
            + $", not of {tokens}");
    }

    private static byte[] Repeat(byte[] bytes, int times)
    {
        var all = new byte[bytes.Length * times];
        for (var i = 0; i < times; i++)
        {
            bytes.CopyTo(all, i * bytes.Length);
        }

        return all;
    }

    private TensorPayload Filled(TensorManifest input, int batch, int length, int tokens)
    {
        long[] shape = input.Shape.Count switch
        {
            1 => [length],
            2 => [batch, length],
            _ => throw Refused($"its graph takes '{input.Name}', which is no list of tokens"),
        };
        var numbers = _whole.Inputs?.GetValueOrDefault(input.Name) switch
        {
            WholeSequenceManifest.Ones => Enumerable.Range(0, length).Select(place => place < tokens ? 1 : 0),
            WholeSequenceManifest.Zeros => Enumerable.Repeat(0, length), // nothing before it sees what is behind
            WholeSequenceManifest.Positions => Enumerable.Range(0, length),
            _ => throw Refused($"its graph takes '{input.Name}', of which its bundle says nothing"),
        };
        return new TensorPayload(
            input.Dtype, shape, Repeat(Bytes([.. numbers], input), input.Shape.Count == 1 ? 1 : batch));
    }

    private byte[] Bytes(int[] numbers, TensorManifest input)
    {
        _ = TensorDtypes.TryParseWire(input.Dtype, out var dtype);
        if (dtype.IsWireFloat())
        {
            var bytes = new byte[numbers.Length * dtype.ByteSize()];
            TensorConversion.FromFloat32(Array.ConvertAll(numbers, number => (float)number), dtype, bytes);
            return bytes;
        }

        return dtype switch
        {
            TensorDtype.Int64 => MemoryMarshal.AsBytes<long>(Array.ConvertAll(numbers, n => (long)n)).ToArray(),
            TensorDtype.Int32 => MemoryMarshal.AsBytes<int>(numbers).ToArray(),
            TensorDtype.Bool => Array.ConvertAll(numbers, number => (byte)(number == 0 ? 0 : 1)),
            _ => throw Refused($"its graph takes '{input.Name}' as {input.Dtype}; integers and floats are filled"),
        };
    }

    private StipException Refused(string what) => new($"model '{bundle.Manifest.Model}': {what}", null);

    private static int? Fixed(JsonElement axis) =>
        axis.ValueKind == JsonValueKind.Number && axis.TryGetInt32(out var length) && length > 0 ? length : null;
}
