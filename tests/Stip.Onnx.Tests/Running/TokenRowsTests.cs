using System.Runtime.InteropServices;
using Stip.Keys.Bundles;
using Stip.Onnx.Execution;
using Stip.Onnx.Packages;
using Stip.Onnx.Running;
using Stip.Protocol.Tensors;
using Stip.TestKit;

namespace Stip.Onnx.Tests.Running;

public sealed class TokenRowsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Theory]
    [InlineData("past_key_values.0.key")]
    [InlineData("key_cache.0")]
    public void Embed_WithAMaskThatCoversACacheToo_LooksUpTheNewTokens(string cache)
    {
        using var tables = Tables();
        var inputs = new Dictionary<string, HostTensor>
        {
            ["input_ids"] = HostTensor.FromIntegers([2L, 0L], 2, 1),
            ["attention_mask"] = HostTensor.FromIntegers([1L, 1L, 1L, 1L, 1L, 1L], 2, 3),
            [cache] = HostTensor.FromFloats(new float[8], 2, 1, 2, 2),
        };

        var rows = TokenRows.Embed(tables, inputs, ["inputs_embeds", "attention_mask", cache]);

        Assert.Equal([2, 1, 2], rows.Shape);
        Assert.Equal([20, 21, 0, 1], rows.ToFloats());
    }

    // What the client has no tables for is the graph's own, whatever it is called.
    [Fact]
    public void Embed_WithBoxesThatTheGraphTakes_LeavesThemToIt()
    {
        using var tables = Tables();
        var inputs = new Dictionary<string, HostTensor>
        {
            ["input_ids"] = HostTensor.FromIntegers([2L, 0L], 1, 2),
            ["bbox"] = HostTensor.FromFloats([0.5f, 0.25f, 0.75f], 1, 1, 3),
        };

        var rows = TokenRows.Embed(tables, inputs, ["inputs_embeds", "bbox"]);

        Assert.Equal([20, 21, 0, 1], rows.ToFloats());
    }

    public void Dispose() => _folder.Dispose();

    private EmbeddingTables Tables()
    {
        float[] table = [0, 1, 10, 11, 20, 21];
        using (var file = File.Create(_folder.At(BundleManifest.EmbeddingFileName)))
        {
            SafetensorsWriter.Write(file, [SafetensorsWriter.Source.FromBytes(
                EmbeddingManifest.Token, TensorDtype.Float32, [3, 2], MemoryMarshal.AsBytes<float>(table).ToArray())]);
        }

        return EmbeddingTables.Open(_folder.Path, new([EmbeddingManifest.Token]));
    }
}
