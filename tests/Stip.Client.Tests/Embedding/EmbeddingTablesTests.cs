using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using Stip.Client.Bundles;
using Stip.Keys.Bundles;
using Stip.Protocol.Tensors;
using Stip.TestKit;
using Stip.TestKit.Toys;

namespace Stip.Client.Tests.Embedding;

public sealed class EmbeddingTablesTests
{
    private static readonly ToyModel Model = new();

    [Fact]
    public void WriteRows_OneTable_CopiesTheBytes()
    {
        using var folder = new TemporaryFolder();
        ToyBundle.Write(folder.Path, Model);
        using var bundle = Bundle.Open(folder.Path);

        var rows = Rows(bundle, [7, 3, 7], firstPosition: 5);

        Assert.Equal([.. Model.Row(7), .. Model.Row(3), .. Model.Row(7)], rows);
    }

    [Fact]
    public void WriteRows_PositionsAndScale_AreSummedInFloat32()
    {
        using var folder = new TemporaryFolder();
        WriteSummed(folder, scale: 2);
        using var bundle = Bundle.Open(folder.Path);

        // Row 1 of the half-precision tables is 1.5, position p adds p.
        Assert.Equal([3 + 4, 3 + 4, 3 + 5, 3 + 5], Rows(bundle, [1, 1], firstPosition: 4));
    }

    [Fact]
    public void WriteRows_BeyondTheTables_IsRefusedWithoutNamingTheToken()
    {
        using var folder = new TemporaryFolder();
        WriteSummed(folder, scale: 1);
        using var bundle = Bundle.Open(folder.Path);

        var refusal = Assert.Throws<ArgumentOutOfRangeException>(() => Rows(bundle, [77], 0));
        Assert.DoesNotContain("77", refusal.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => Rows(bundle, [-1], 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => Rows(bundle, [1, 1], 7));
        Assert.Throws<ArgumentException>(() => bundle.Embedding.WriteRows([1], 0, new byte[4]));
    }

    [Fact]
    public void WriteRows_SegmentBeyondTheTable_IsRefusedWithItsRange()
    {
        using var folder = new TemporaryFolder();
        WriteSummed(folder, scale: 1, "token_embedding", "token_type_embedding");
        using var bundle = Bundle.Open(folder.Path);
        var rows = new byte[2 * bundle.Embedding.RowBytes];

        var refusal = Assert.Throws<BundleException>(() => bundle.Embedding.WriteRows([1, 1], [0, 2], 0, rows));

        Assert.Equal(
            "the tokenizer gives tokens the segment 2; the model's table 'token_type_embedding' has 0..1",
            refusal.Message);
        bundle.Embedding.WriteRows([1, 1], [0, 1], 0, rows);
        Assert.Equal([1.5f, 1.5f, 2.5f, 2.5f], MemoryMarshal.Cast<byte, float>(rows).ToArray());
    }

    [Fact]
    public void WriteRows_OfAModelOfPages_StandInABoxOfZeros()
    {
        using var folder = new TemporaryFolder();
        WriteSummed(folder, scale: 1, ["token_embedding", .. EmbeddingManifest.Boxes]);
        using var bundle = Bundle.Open(folder.Path);

        // The first row of each of the six tables is 0.25; the second one no text without boxes gets.
        Assert.Equal([3, 3], Rows(bundle, [1], firstPosition: 0));
    }

    private static float[] Rows(Bundle bundle, int[] ids, int firstPosition)
    {
        var rows = new byte[ids.Length * bundle.Embedding.RowBytes];
        bundle.Embedding.WriteRows(ids, firstPosition, rows);
        return MemoryMarshal.Cast<byte, float>(rows).ToArray();
    }

    private static void WriteSummed(TemporaryFolder folder, double scale, params string[] tables)
    {
        var small = new ToyModel(vocabSize: 3, hiddenSize: 2);
        ToyBundle.Write(folder.Path, small, manifest =>
        {
            manifest["context_length"] = 8;
            manifest["embedding"] = new JsonObject
            {
                ["tensors"] = new JsonArray(
                    [.. (tables.Length > 0 ? tables : ["token_embedding", "position_embedding"])]),
                ["scale"] = scale,
            };
        });
        Half[] tokens = [(Half)0, (Half)0, (Half)1.5, (Half)1.5, (Half)3, (Half)3];
        Half[] positions = [.. Enumerable.Range(0, 8).SelectMany(p => new[] { (Half)p, (Half)p })];
        File.WriteAllBytes(folder.At("embedding.safetensors"), SafetensorsWriter.ToBytes(
        [
            Source("token_embedding", 3, tokens),
            Source("position_embedding", 8, positions),
            Source("token_type_embedding", 2, [(Half)0, (Half)0, (Half)1, (Half)1]),
            .. EmbeddingManifest.Boxes.Select(
                table => Source(table, 2, [(Half)0.25, (Half)0.25, (Half)8, (Half)8])),
        ]));
    }

    private static SafetensorsWriter.Source Source(string name, long rows, Half[] values) =>
        SafetensorsWriter.Source.FromBytes(
            name, TensorDtype.Float16, [rows, 2], MemoryMarshal.AsBytes<Half>(values).ToArray());
}
