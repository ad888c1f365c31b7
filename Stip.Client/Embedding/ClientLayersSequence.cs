using Microsoft.ML.OnnxRuntime;

namespace Stip.Client.Embedding;

/// <summary>
/// The keys and values that the client's layers keep of one sequence, past and present at once. Positions are written
/// where the caller says, so that rewinding and replaying are the caller's business alone. The buffers grow with the
/// sequence.
/// </summary>
internal sealed class ClientLayersSequence(ClientLayers layers, int maxLength) : IDisposable
{
    /// <summary>Input of token rows <c>[1, n, hidden]</c>.</summary>
    public const string Rows = "token_rows";

    /// <summary>Output of rows for the server <c>[1, n, hidden]</c>.</summary>
    public const string Output = "inputs_embeds";

    private const int FirstCapacity = 256;
    private const string Past = "past_key_values";
    private const string Positions = "position_ids";
    private static readonly string[] Lengths = ["seqlens_k", "total_sequence_length"];

    private readonly RunOptions _options = new();
    private readonly string[] _past = [.. layers.Session.InputMetadata.Keys
        .Where(name => name.StartsWith(Past, StringComparison.Ordinal)).Order(StringComparer.Ordinal)];

    private List<OrtValue> _cache = []; // each [1, kv_heads, capacity, head_dim]
    private int _capacity;

    /// <summary>Runs rows that stand after so many others, which were run before.</summary>
    /// <param name="rows"><c>[n, hidden]</c> in the graph's own type; receives the rows for the server.</param>
    /// <param name="count">n.</param>
    /// <param name="firstPosition">Place of the first of them.</param>
    public void Run(byte[] rows, int count, int firstPosition)
    {
        var length = firstPosition + count;
        MakeRoom(length, firstPosition);
        var metadata = layers.Session.InputMetadata[Rows];
        long[] shape = [1, count, metadata.Dimensions[2]];
        using var given = OrtValue.CreateAllocatedTensorValue(
            OrtAllocator.DefaultInstance, metadata.ElementDataType, shape);
        rows.CopyTo(given.GetTensorMutableRawData());
        using var last = OrtValue.CreateTensorValueFromMemory(new[] { length - 1 }, [1]);
        using var total = OrtValue.CreateTensorValueFromMemory(new[] { length }, []);
        using var places = OrtValue.CreateTensorValueFromMemory(
            Enumerable.Range(firstPosition, count).Select(place => (long)place).ToArray(), [1, count]);
        using var sent = OrtValue.CreateAllocatedTensorValue(
            OrtAllocator.DefaultInstance, metadata.ElementDataType, shape);
        var hasPositions = layers.Session.InputMetadata.ContainsKey(Positions);
        layers.Session.Run(
            _options,
            [Rows, .. Lengths, .. hasPositions ? [Positions] : Array.Empty<string>(), .. _past],
            [given, last, total, .. hasPositions ? [places] : Array.Empty<OrtValue>(), .. _cache],
            [Output, .. _past.Select(name => name.Replace(Past, "present", StringComparison.Ordinal))],
            [sent, .. _cache]);
        sent.GetTensorMutableRawData().CopyTo(rows);
    }

    /// <summary>A sequence that begins as this one.</summary>
    /// <param name="tokens">How many tokens both share, which were run.</param>
    public ClientLayersSequence Fork(int tokens)
    {
        var fork = new ClientLayersSequence(layers, maxLength);
        if (tokens > 0)
        {
            fork._capacity = _capacity;
            fork._cache = [.. _past.Select(fork.Allocate)];
            foreach (var (from, to) in _cache.Zip(fork._cache))
            {
                Copy(from, to, _capacity, tokens);
            }
        }

        return fork;
    }

    public void Dispose()
    {
        _cache.ForEach(value => value.Dispose());
        _options.Dispose();
    }

    private void MakeRoom(int length, int kept)
    {
        if (length <= _capacity)
        {
            return;
        }

        var (old, rowsBefore) = (_cache, _capacity);
        _capacity = Math.Min(maxLength, Math.Max(length, Math.Max(FirstCapacity, 2 * _capacity)));
        _cache = [.. _past.Select(Allocate)];
        foreach (var (from, to) in old.Zip(_cache))
        {
            Copy(from, to, rowsBefore, kept);
            from.Dispose();
        }
    }

    private OrtValue Allocate(string name)
    {
        var metadata = layers.Session.InputMetadata[name];
        return OrtValue.CreateAllocatedTensorValue(
            OrtAllocator.DefaultInstance,
            metadata.ElementDataType,
            [1, metadata.Dimensions[1], _capacity, metadata.Dimensions[3]]);
    }

    // Every head has its rows together.
    private static void Copy(OrtValue from, OrtValue to, int rowsBefore, int kept)
    {
        var heads = (int)from.GetTensorTypeAndShape().Shape[1];
        var source = from.GetTensorMutableRawData();
        var target = to.GetTensorMutableRawData();
        var rowBytes = source.Length / heads / rowsBefore;
        for (var head = 0; head < heads; head++)
        {
            source.Slice(head * rowsBefore * rowBytes, kept * rowBytes)
                .CopyTo(target[(target.Length / heads * head)..]);
        }
    }
}
