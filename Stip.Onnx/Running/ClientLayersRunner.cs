using Stip.Onnx.Execution;
using Stip.Onnx.Protection.Cut;

namespace Stip.Onnx.Running;

/// <summary>The first layers of a decoder where they are the client's: rows of tokens in, rows for the server out, with
/// a cache of its own. Plain rather than fast: it stands in for the client where models are compared.</summary>
internal sealed class ClientLayersRunner : IDisposable
{
    private const string Past = "past_key_values";
    private const string Present = "present";
    private readonly GraphRunner _graph;
    private readonly Dictionary<string, HostTensor> _past;

    /// <param name="path">The client's graph.</param>
    /// <param name="maxLength">Positions of the cache.</param>
    public ClientLayersRunner(string path, int maxLength)
    {
        _graph = new GraphRunner(path);
        _past = _graph.Inputs.Where(input => input.Name.StartsWith("past", StringComparison.Ordinal)).ToDictionary(
            input => input.Name,
            input => HostTensor.FromFloats(
                new float[input.Shape[1] * maxLength * input.Shape[3]], 1, input.Shape[1], maxLength, input.Shape[3]),
            StringComparer.Ordinal);
    }

    /// <summary>Layers of the client.</summary>
    public int Layers => _past.Count / 2;

    /// <summary>Appends rows <c>[n, hidden]</c> after so many cached positions.</summary>
    /// <returns>Rows for the server <c>[n, hidden]</c>.</returns>
    public float[] Append(float[] rows, int hiddenSize, int cachedTokens)
    {
        var results = _graph.Run(Inputs(rows, hiddenSize, cachedTokens, _past));
        foreach (var name in _past.Keys.ToArray())
        {
            _past[name] = results[PresentOf(name)];
        }

        return results[DecoderPorts.Embeds].ToFloats();
    }

    /// <summary>The cache in graph order: <c>present.{i}.key|value</c> <c>[1, kv_heads, tokens,
    /// head_dim]</c>.</summary>
    public IEnumerable<(string Name, HostTensor Tensor)> ReadCache(int tokens) => _graph.Outputs
        .Where(output => output.Name != DecoderPorts.Embeds)
        .Select(output => (output.Name, First(_past[PastOf(output.Name)], tokens)));

    public void Dispose() => _graph.Dispose();

    private static Dictionary<string, HostTensor> Inputs(
        float[] rows, int hiddenSize, int cachedTokens, Dictionary<string, HostTensor> past)
    {
        var count = rows.Length / hiddenSize;
        var total = cachedTokens + count;
        return new Dictionary<string, HostTensor>(past, StringComparer.Ordinal)
        {
            [ClientLayers.Rows] = HostTensor.FromFloats(rows, 1, count, hiddenSize),
            [DecoderPorts.Lengths] = HostTensor.FromIntegers([total - 1], 1),
            [DecoderPorts.TotalLength] = HostTensor.FromIntegers([total]),
            [DecoderPorts.Positions] = HostTensor.FromIntegers(
                [.. Enumerable.Range(cachedTokens, count).Select(position => (long)position)], 1, count),
        };
    }

    // Rows of the buffer that are filled.
    private static HostTensor First(HostTensor buffer, int tokens)
    {
        var (heads, rows) = ((int)buffer.Shape[1], (int)buffer.Shape[2]);
        var rowBytes = buffer.Bytes.Length / heads / rows;
        var bytes = new byte[heads * tokens * rowBytes];
        for (var head = 0; head < heads; head++)
        {
            buffer.Bytes.AsSpan(head * rows * rowBytes, tokens * rowBytes)
                .CopyTo(bytes.AsSpan(head * tokens * rowBytes));
        }

        return new HostTensor(buffer.Dtype, [1, heads, tokens, buffer.Shape[3]], bytes);
    }

    private static string PresentOf(string past) => past.Replace(Past, Present, StringComparison.Ordinal);

    private static string PastOf(string present) => present.Replace(Present, Past, StringComparison.Ordinal);
}
