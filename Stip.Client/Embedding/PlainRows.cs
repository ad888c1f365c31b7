using System.Runtime.InteropServices;
using Stip.Client.Bundles;
using Stip.Client.Speculation;
using Stip.Protocol.Tensors;

namespace Stip.Client.Embedding;

/// <summary>The true rows of a model, from a folder of <c>export</c>: to show a user how the rows that are sent differ
/// from them. Nothing else needs them, and they belong on no machine but the model's developer's and its user's.
/// </summary>
/// <remarks>Safe for concurrent use. Dispose it after its last use.</remarks>
public sealed class PlainRows : IDisposable
{
    private readonly SafetensorsFile _file;
    private readonly EmbeddingTables _tables;

    private PlainRows(SafetensorsFile file, EmbeddingTables tables) => (_file, _tables) = (file, tables);

    /// <summary>Opens the tables from which a bundle was made.</summary>
    /// <param name="folder">Holds export.json and embedding.safetensors.</param>
    /// <param name="bundle">Its rows are the same in another order.</param>
    /// <exception cref="BundleException">Not such a folder, or that of another model; one line.</exception>
    public static PlainRows Open(string folder, Bundle bundle)
    {
        ArgumentNullException.ThrowIfNull(bundle);
        var read = DraftFolder.Read(folder);
        var file = read.OpenTables();
        try
        {
            var rows = new PlainRows(
                file, EmbeddingTables.Over(file, read.Manifest with { WireDtype = bundle.Manifest.WireDtype }));
            return rows.IsOf(bundle)
                ? rows
                : throw new BundleException(
                    $"{folder}: its rows are not those of model '{bundle.Manifest.Model}' in another order");
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>The true row of a token that was sent.</summary>
    /// <param name="tokenId">The token.</param>
    /// <param name="position">Its place in the sequence, from 0.</param>
    /// <param name="sent">The row that was sent, as bytes of the wire's type.</param>
    /// <returns><c>[hidden_size]</c> in the wire's type; null where the row that was sent is not the token's (that of
    /// an image is not).</returns>
    public byte[]? Find(int tokenId, int position, ReadOnlySpan<byte> sent)
    {
        var row = new byte[_tables.RowBytes]; // [hidden]
        _tables.WriteRows([tokenId], position, row);
        return sent.Length == row.Length && Sorted(row).SequenceEqual(Sorted(sent)) ? row : null;
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    private bool IsOf(Bundle bundle)
    {
        var sent = new byte[bundle.Embedding.RowBytes]; // [hidden]
        bundle.Embedding.WriteRows([0], 0, sent);
        return _tables.VocabSize == bundle.Embedding.VocabSize && Find(0, 0, sent) is not null;
    }

    private float[] Sorted(ReadOnlySpan<byte> row)
    {
        var wide = new float[_tables.HiddenSize]; // [hidden]
        TensorConversion.Convert(_tables.WireDtype, row, TensorDtype.Float32, MemoryMarshal.AsBytes(wide.AsSpan()));
        Array.Sort(wide);
        return wide;
    }
}
