using Microsoft.ML.OnnxRuntime;

namespace Stip.Onnx.Execution;

/// <summary>
/// Runs one sequence through a decoder graph on the CPU: prefill, decode and rewind over one cache buffer that is
/// past and
/// present at once. The loop around it is as bare as ONNX Runtime allows. Not safe for concurrent use.
/// </summary>
public sealed class DecoderRunner : IDisposable
{
    private readonly InferenceSession _session;
    private readonly KeyValueCache _cache;
    private readonly RunOptions _runOptions = new();
    private readonly DecoderStep _oneRow;
    private DecoderStep? _manyRows;

    /// <summary>Loads a decoder graph.</summary>
    /// <param name="path">The ONNX file; its external data lies beside it.</param>
    /// <param name="maxLength">Positions of the cache buffer: the longest sequence.</param>
    /// <param name="threads">Threads of one operator; 0 leaves the choice to ONNX Runtime.</param>
    /// <param name="spare">Tokens that caches bounded by a window keep beside it; null for all.</param>
    /// <exception cref="OnnxRuntimeException">The graph cannot be loaded.</exception>
    public DecoderRunner(string path, int maxLength, int threads = 0, int? spare = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(maxLength);
        MaxLength = maxLength;
        _session = ExactSession.Load(path, threads);
        _cache = new KeyValueCache(_session, BoundedCaches.Read(path), maxLength, spare);
        _oneRow = new DecoderStep(_session, _cache, rows: 1, allRows: false);
        HiddenSize = _session.InputMetadata[DecoderPorts.Embeds].Dimensions[2];
        VocabSize = _session.OutputMetadata[DecoderPorts.Logits].Dimensions[1];
    }

    /// <summary>Positions of the cache buffer.</summary>
    public int MaxLength { get; }

    /// <summary>Width of a row.</summary>
    public int HiddenSize { get; }

    /// <summary>Width of a row of logits.</summary>
    public int VocabSize { get; }

    /// <summary>Positions that the cache holds.</summary>
    public int CachedTokens { get; private set; }

    /// <summary>Appends rows to the sequence.</summary>
    /// <param name="embeddings">Rows <c>[n, hidden]</c>, one or more.</param>
    /// <param name="allRows">True for logits of every row, false for those of the last one.</param>
    /// <returns>Logits <c>[n or 1, vocab]</c>, good until the next step.</returns>
    /// <exception cref="ArgumentException">No whole row, or more rows than the buffer has room for.</exception>
    public ReadOnlySpan<float> Append(ReadOnlySpan<float> embeddings, bool allRows = false)
    {
        var (rows, rest) = Math.DivRem(embeddings.Length, HiddenSize);
        if (rest != 0 || rows < 1 || CachedTokens + rows > MaxLength)
        {
            throw new ArgumentException(
                $"{embeddings.Length} values are not 1..{MaxLength - CachedTokens} rows of {HiddenSize}",
                nameof(embeddings));
        }

        var logits = StepOf(rows, allRows).Run(_session, _runOptions, embeddings, CachedTokens);
        CachedTokens += rows;
        return logits;
    }

    /// <summary>Forgets everything after the first <paramref name="tokens"/> positions.</summary>
    /// <exception cref="InvalidOperationException">A bounded cache no longer has what these need.</exception>
    public void Rewind(int tokens)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(tokens);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(tokens, CachedTokens);
        if (!_cache.CanRewind(CachedTokens, tokens))
        {
            throw new InvalidOperationException(
                $"a cache bounded by a window no longer has what {tokens} of {CachedTokens} tokens need");
        }

        CachedTokens = tokens;
    }

    /// <summary>Copies the cache: <c>present.{i}.key|value</c> <c>[1, kv_heads, tokens, head_dim]</c>, in graph order;
    /// of a bounded cache the newest tokens that it keeps.</summary>
    public IEnumerable<(string Name, HostTensor Tensor)> ReadCache() => _cache.Read(CachedTokens);

    /// <inheritdoc/>
    public void Dispose()
    {
        _manyRows?.Dispose();
        _oneRow.Dispose();
        _cache.Dispose();
        _runOptions.Dispose();
        _session.Dispose();
    }

    private DecoderStep StepOf(int rows, bool allRows)
    {
        if (rows == 1)
        {
            return _oneRow;
        }

        _manyRows?.Dispose();
        return _manyRows = new DecoderStep(_session, _cache, rows, allRows);
    }
}
