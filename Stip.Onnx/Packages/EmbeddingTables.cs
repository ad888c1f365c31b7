using System.Numerics.Tensors;
using Stip.Keys.Bundles;
using Stip.Protocol.Tensors;

namespace Stip.Onnx.Packages;

/// <summary>The client's part of an exported folder or a bundle: table rows, added up in float32.</summary>
public sealed class EmbeddingTables : IDisposable
{
    private readonly SafetensorsFile _file;
    private readonly SafetensorsEntry _tokens;
    private readonly SafetensorsEntry? _positions;
    private readonly SafetensorsEntry? _types;
    private readonly SafetensorsEntry[] _boxes;
    private readonly float _scale;

    private EmbeddingTables(SafetensorsFile file, EmbeddingManifest manifest)
    {
        _file = file;
        _tokens = Entry(EmbeddingManifest.Token);
        _positions = manifest.Tensors.Contains(EmbeddingManifest.Position) ? Entry(EmbeddingManifest.Position) : null;
        _types = manifest.Tensors.Contains(EmbeddingManifest.TokenType) ? Entry(EmbeddingManifest.TokenType) : null;
        _boxes = manifest.Tensors.Contains(EmbeddingManifest.Boxes[0])
            ? [.. EmbeddingManifest.Boxes.Select(Entry)]
            : [];
        _scale = (float)manifest.Scale;
        Names = manifest.Names;
    }

    /// <summary>The plain model's own names of ids, types and positions; null where it has the usual ones.</summary>
    public IReadOnlyDictionary<string, string>? Names { get; }

    /// <summary>Width of a row.</summary>
    public int HiddenSize => (int)_tokens.Shape[1];

    /// <summary>Rows of the token table.</summary>
    public int VocabSize => (int)_tokens.Shape[0];

    /// <summary>True where rows of positions are added.</summary>
    public bool HasPositions => _positions is not null;

    /// <summary>Rows of the table of token types, 0 where there is none.</summary>
    public int TokenTypeCount => (int)(_types?.Shape[0] ?? 0);

    /// <summary>Places along an edge of a page that boxes have rows for, 0 where there are no such tables.</summary>
    public int BoxPlaceCount => (int)_boxes.Select(table => table.Shape[0]).DefaultIfEmpty(0).Min();

    /// <summary>Opens <c>embedding.safetensors</c> of a folder, memory-mapped.</summary>
    /// <exception cref="InvalidDataException">The file is not what the manifest says.</exception>
    public static EmbeddingTables Open(string folder, EmbeddingManifest manifest)
    {
        ArgumentNullException.ThrowIfNull(manifest);
        var file = SafetensorsFile.Open(Path.Combine(folder, BundleManifest.EmbeddingFileName));
        try
        {
            return new EmbeddingTables(file, manifest);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Embeds tokens that stand at consecutive positions.</summary>
    /// <param name="tokenIds">Ids, 0..vocab-1.</param>
    /// <param name="firstPosition">Position of the first.</param>
    /// <param name="typeIds">Token types, one for each id; type 0 for all where left out.</param>
    /// <param name="boxes">Left, upper, right and lower edge of each token's box; zeros for all where left out.</param>
    /// <returns>Rows <c>[n, hidden]</c> in float32.</returns>
    /// <exception cref="RefusedException">An id, a position or a box has no row.</exception>
    public float[] Embed(
        ReadOnlySpan<long> tokenIds,
        int firstPosition,
        ReadOnlySpan<long> typeIds = default,
        ReadOnlySpan<long> boxes = default)
    {
        var rows = new float[tokenIds.Length * HiddenSize]; // [n, hidden]
        var added = new float[HiddenSize]; // [hidden]
        for (var i = 0; i < tokenIds.Length; i++)
        {
            var row = rows.AsSpan(i * HiddenSize, HiddenSize);
            Read(_tokens, "token id", tokenIds[i], row);
            TensorPrimitives.Multiply(row, _scale, row);
            if (_positions is not null)
            {
                Read(_positions, "position", firstPosition + i, added);
                TensorPrimitives.Add(row, added, row);
            }

            if (_types is not null)
            {
                Read(_types, "token type", typeIds.IsEmpty ? 0 : typeIds[i], added);
                TensorPrimitives.Add(row, added, row);
            }

            if (_boxes.Length > 0)
            {
                AddBox(boxes.IsEmpty ? [0, 0, 0, 0] : boxes.Slice(4 * i, 4), row, added);
            }
        }

        return rows;
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    // A box that ends before it begins is as one without an extent.
    private void AddBox(ReadOnlySpan<long> box, Span<float> row, Span<float> added)
    {
        var farthest = BoxPlaceCount - 1;
        ReadOnlySpan<long> places =
        [
            .. box, Math.Clamp(box[3] - box[1], 0, farthest), Math.Clamp(box[2] - box[0], 0, farthest),
        ];
        for (var i = 0; i < places.Length; i++)
        {
            Read(_boxes[i], "edge of a box", places[i], added);
            TensorPrimitives.Add(row, added, row);
        }
    }

    private SafetensorsEntry Entry(string name) =>
        _file.Header.Entries.TryGetValue(name, out var entry) && entry.Shape.Count == 2 && entry.Dtype.IsWireFloat()
            ? entry
            : throw new InvalidDataException($"{BundleManifest.EmbeddingFileName} has no table '{name}'");

    private void Read(SafetensorsEntry table, string what, long index, Span<float> row)
    {
        if (index < 0 || index >= table.Shape[0])
        {
            throw new RefusedException($"{what} {index} is outside 0..{table.Shape[0] - 1}");
        }

        var rowBytes = HiddenSize * table.Dtype.ByteSize();
        TensorConversion.ToFloat32(table.Dtype, _file.Bytes(table, index * rowBytes, rowBytes), row);
    }
}
