using Stip.Keys.Bundles;
using Stip.Onnx.Execution;
using Stip.Onnx.Packages;
using Stip.Protocol.Tensors;
using Stip.TestKit;

namespace Stip.Onnx.Tests.Packages;

public sealed class EmbeddingTablesTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void Embed_OfTokensAtAPosition_AddsPositionRowsInFloat32()
    {
        Write(TensorDtype.Float16);
        using var tables = EmbeddingTables.Open(_folder.Path, new(["token_embedding", "position_embedding"], Scale: 2));

        Assert.Equal([2 * 3 + 30, 2 * 4 + 40, 2 * 1 + 50, 2 * 2 + 60], tables.Embed([1, 0], firstPosition: 1));
        Assert.Equal((2, 2), (tables.HiddenSize, tables.VocabSize));
    }

    [Fact]
    public void Embed_OfTokensAlone_GivesTheirRows()
    {
        Write(TensorDtype.BFloat16);
        using var tables = EmbeddingTables.Open(_folder.Path, new(["token_embedding"]));

        Assert.Equal([1, 2], tables.Embed([0], firstPosition: 9));
    }

    [Theory]
    [InlineData(2, 0, "token id 2 is outside 0..1")]
    [InlineData(-1, 0, "token id -1 is outside 0..1")]
    [InlineData(0, 3, "position 3 is outside 0..2")]
    public void Embed_BeyondATable_Refuses(long id, int position, string message)
    {
        Write(TensorDtype.Float32);
        using var tables = EmbeddingTables.Open(_folder.Path, new(["token_embedding", "position_embedding"]));

        Assert.Equal(message, Assert.Throws<RefusedException>(() => tables.Embed([id], position)).Message);
    }

    [Fact]
    public void Open_WithoutTheTableNamed_Refuses()
    {
        using (var stream = File.Create(_folder.At(BundleManifest.EmbeddingFileName)))
        {
            SafetensorsWriter.Write(stream, []);
        }

        Assert.Throws<InvalidDataException>(() => EmbeddingTables.Open(_folder.Path, new(["token_embedding"])));
    }

    [Theory]
    [InlineData(null, "has no export.json")]
    [InlineData("{", "is not a manifest")]
    [InlineData("""{"format": "stip-export/9"}""", "has format 'stip-export/9'; it must be stip-export/1")]
    public void ReadManifest_OfWhatIsNone_Refuses(string? json, string message)
    {
        if (json is not null)
        {
            File.WriteAllText(_folder.At(ExportManifest.FileName), json);
        }

        var refusal = Assert.Throws<RefusedException>(() => ExportFolder.ReadManifest(_folder.Path));

        Assert.Contains(message, refusal.Message, StringComparison.Ordinal);
        Assert.Equal(json is not null, ExportFolder.Exists(_folder.Path));
    }

    public void Dispose() => _folder.Dispose();

    private void Write(TensorDtype dtype)
    {
        using var stream = File.Create(_folder.At(BundleManifest.EmbeddingFileName));
        SafetensorsWriter.Write(stream,
        [
            Table("token_embedding", dtype, [1, 2, 3, 4]),
            Table("position_embedding", dtype, [10, 20, 30, 40, 50, 60]),
        ]);
    }

    private static SafetensorsWriter.Source Table(string name, TensorDtype dtype, float[] values) =>
        SafetensorsWriter.Source.FromBytes(
            name,
            dtype,
            [values.Length / 2, 2],
            HostTensor.FromFloats(values, values.Length / 2, 2).ConvertTo(dtype).Bytes);
}
