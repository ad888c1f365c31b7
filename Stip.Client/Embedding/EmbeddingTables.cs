using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using Stip.Client.Bundles;
using Stip.Keys.Bundles;
using Stip.Protocol.Tensors;

namespace Stip.Client.Embedding;

/// <summary>
/// The client's part of the model: a permuted row for every token id, with a position row added where the model learns
/// positions. A row copy where there is one table and no scale; otherwise sums in float32.
/// </summary>
/// <remarks>Safe for concurrent use until the bundle is disposed.</remarks>
public sealed class EmbeddingTables
{
    private readonly EmbeddingTable _tokens;
    private readonly EmbeddingTable? _positions;
    private readonly EmbeddingTable? _types;
    private readonly float[]? _box; // [hidden]: what a box of zeros adds to every token
    private readonly float _scale;
    private readonly bool _isCopy;

    private EmbeddingTables(
        EmbeddingTable tokens,
        EmbeddingTable? positions,
        EmbeddingTable? types,
        IReadOnlyList<EmbeddingTable> boxes,
        BundleManifest manifest)
    {
        (_tokens, _positions, _types, _scale) = (tokens, positions, types, (float)manifest.Embedding.Scale);
        _ = TensorDtypes.TryParseWire(manifest.WireDtype, out var dtype);
        (WireDtype, HiddenSize, RowBytes) = (dtype, manifest.HiddenSize, manifest.HiddenSize * dtype.ByteSize());
        _box = boxes.Count > 0 ? new float[HiddenSize] : null;
        foreach (var table in boxes)
        {
            table.AddTo(0, _box, new float[HiddenSize]);
        }

        _isCopy = positions is null && types is null && _box is null && _scale == 1 && tokens.Dtype == dtype;
    }

    /// <summary>Width of a row, in elements.</summary>
    public int HiddenSize { get; }

    /// <summary>Type of the elements that are sent.</summary>
    public TensorDtype WireDtype { get; }

    /// <summary>Bytes of a row that is sent.</summary>
    public int RowBytes { get; }

    /// <summary>Token ids are below this.</summary>
    public int VocabSize => _tokens.Rows;

    /// <summary>Rows for tokens that follow each other.</summary>
    /// <param name="tokenIds"><c>[n]</c>, each below <see cref="VocabSize"/>.</param>
    /// <param name="firstPosition">Place of the first of them in the sequence, from 0.</param>
    /// <param name="rows">Receives <c>[n, hidden_size]</c> in <see cref="WireDtype"/>, little-endian.</param>
    /// <exception cref="ArgumentOutOfRangeException">An id is not in the vocabulary, or a position beyond the table
    /// of positions.</exception>
    /// <exception cref="ArgumentException"><paramref name="rows"/> has not n times <see cref="RowBytes"/>.</exception>
    public void WriteRows(ReadOnlySpan<int> tokenIds, int firstPosition, Span<byte> rows) =>
        WriteRows(tokenIds, [], firstPosition, rows);

    /// <summary>As the other, with the segment of each token (<c>token_type_ids</c>); all of the first where there are
    /// none.</summary>
    /// <exception cref="BundleException">The model has no such segment.</exception>
    internal void WriteRows(
        ReadOnlySpan<int> tokenIds, ReadOnlySpan<int> types, int firstPosition, Span<byte> rows)
    {
        if (rows.Length != (long)tokenIds.Length * RowBytes)
        {
            throw new ArgumentException($"{tokenIds.Length} rows take {RowBytes} bytes each", nameof(rows));
        }

        CheckRange(tokenIds, firstPosition);
        if (_isCopy)
        {
            for (var i = 0; i < tokenIds.Length; i++)
            {
                _tokens.Row(tokenIds[i]).CopyTo(rows.Slice(i * RowBytes, RowBytes));
            }
        }
        else
        {
            WriteSums(tokenIds, types, firstPosition, rows);
        }
    }

    internal static EmbeddingTables Over(SafetensorsFile file, BundleManifest manifest)
    {
        return new(
            Table(EmbeddingManifest.Token, manifest.VocabSize)!,
            Table(EmbeddingManifest.Position, manifest.ContextLength),
            Table(EmbeddingManifest.TokenType, 1),
            manifest.Embedding.Tensors.Contains(EmbeddingManifest.Boxes[0])
                ? [.. EmbeddingManifest.Boxes.Select(name => Table(name, 1)
                    ?? throw new BundleException($"{BundleManifest.EmbeddingFileName}: '{name}' is missing"))]
                : [],
            manifest);

        EmbeddingTable? Table(string name, int leastRows)
        {
            if (!manifest.Embedding.Tensors.Contains(name))
            {
                return null;
            }

            return file.Header.Entries.TryGetValue(name, out var entry) && entry.Dtype.IsWireFloat()
                && entry.Shape is [var rows, var width] && width == manifest.HiddenSize && rows >= leastRows
                ? new EmbeddingTable(file, entry)
                : throw new BundleException(
                    $"{BundleManifest.EmbeddingFileName}: '{name}' is missing or not a float table " +
                    $"[{leastRows} or more, {manifest.HiddenSize}]");
        }
    }

    private void CheckRange(ReadOnlySpan<int> tokenIds, int firstPosition)
    {
        foreach (var id in tokenIds)
        {
            if ((uint)id >= (uint)VocabSize)
            {
                // The id itself is the user's secret.
                throw new ArgumentOutOfRangeException(nameof(tokenIds), $"a token id is outside 0..{VocabSize - 1}");
            }
        }

        if (_positions is { } table && (firstPosition < 0 || firstPosition + tokenIds.Length > table.Rows))
        {
            throw new ArgumentOutOfRangeException(
                nameof(firstPosition),
                $"positions {firstPosition}..{firstPosition + tokenIds.Length - 1} are outside 0..{table.Rows - 1}");
        }
    }

    private void WriteSums(ReadOnlySpan<int> tokenIds, ReadOnlySpan<int> types, int firstPosition, Span<byte> rows)
    {
        if (_types is { } segments && types.ContainsAnyExceptInRange(0, segments.Rows - 1))
        {
            var wrong = types[types.IndexOfAnyExceptInRange(0, segments.Rows - 1)];
            throw new BundleException(
                $"the tokenizer gives tokens the segment {wrong}; the model's table '{EmbeddingManifest.TokenType}' "
                + $"has 0..{segments.Rows - 1}");
        }

        var sum = new float[HiddenSize]; // [hidden]
        var scratch = new float[HiddenSize]; // [hidden]
        for (var i = 0; i < tokenIds.Length; i++)
        {
            _tokens.Widen(tokenIds[i], sum);
            if (_scale != 1)
            {
                TensorPrimitives.Multiply(sum, _scale, sum);
            }

            _positions?.AddTo(firstPosition + i, sum, scratch);
            _types?.AddTo(types.IsEmpty ? 0 : types[i], sum, scratch);
            if (_box is not null)
            {
                TensorPrimitives.Add(sum, _box, sum);
            }

            var row = rows.Slice(i * RowBytes, RowBytes);
            if (WireDtype == TensorDtype.Float32)
            {
                MemoryMarshal.AsBytes<float>(sum).CopyTo(row);
            }
            else
            {
                TensorConversion.FromFloat32(sum, WireDtype, row);
            }
        }
    }
}
