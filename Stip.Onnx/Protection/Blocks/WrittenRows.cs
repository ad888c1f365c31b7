using Stip.Onnx.Execution;

namespace Stip.Onnx.Protection.Blocks;

/// <summary>Rows of caches that a pass has written. The runtime leaves the others of a batch, and those of a window
/// that is not full yet, as it found the memory.</summary>
internal static class WrittenRows
{
    private const string Present = "present.";

    /// <summary>Sets rows that no token has written to zero.</summary>
    /// <param name="inputs">What the graph was given.</param>
    /// <param name="results">What it gave; caches among it <c>[batch, kv_heads, rows, head_dim]</c> are changed in
    /// place.</param>
    public static IReadOnlyDictionary<string, HostTensor> Only(
        IReadOnlyDictionary<string, HostTensor> inputs, IReadOnlyDictionary<string, HostTensor> results)
    {
        if (inputs.TryGetValue(DecoderPorts.Lengths, out var lengths))
        {
            var last = lengths.ToIntegers();
            foreach (var cache in results.Where(result => result.Key.StartsWith(Present, StringComparison.Ordinal)
                && result.Value.Shape is [var batch, _, _, _] && batch == last.Length))
            {
                Clear(cache.Value, last);
            }
        }

        return results;
    }

    private static void Clear(HostTensor cache, long[] last)
    {
        var (heads, rows) = ((int)cache.Shape[1], (int)cache.Shape[2]);
        var rowBytes = cache.Bytes.Length / last.Length / heads / rows;
        for (var head = 0; head < last.Length * heads; head++)
        {
            var written = (int)Math.Min(last[head / heads] + 1, rows);
            cache.Bytes.AsSpan(((head * rows) + written) * rowBytes, (rows - written) * rowBytes).Clear();
        }
    }
}
