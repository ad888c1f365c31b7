using Stip.Export.Checkpoints;
using Stip.Export.Checkpoints.Packed;
using Stip.Onnx;
using Stip.TestKit;

namespace Stip.Export.Tests.Checkpoints.Packed;

/// <summary>Matrices of 16 × 64 that NumPy packed as the tools define it, and what they stand for.</summary>
public sealed class PackedWeightsTests : IDisposable
{
    private const int Outputs = 16;
    private const int Inputs = 64;

    private readonly TemporaryFolder _folder = new();

    [Theory]
    [InlineData("gptq", true)]
    [InlineData("gptq-even", false)]
    [InlineData("gptq-order", null)]
    [InlineData("gptq-2", null)]
    [InlineData("gptq-8", null)]
    [InlineData("second", true)]
    [InlineData("awq", true)]
    [InlineData("rows", true)]
    [InlineData("rows-even", false)]
    [InlineData("rows-8", null)]
    public void Matrix_OfATool_IsWhatItStandsFor(string name, bool? hasOffsets)
    {
        using var store = Open(Layout(name));
        var expected = Values(store.Require($"{name}.expected", Outputs, Inputs));
        var matrix = store.Require($"{name}.weight", Outputs, Inputs);

        Assert.True(store.Has($"{name}.weight"));
        Assert.Equal(expected, Values(matrix));
        Assert.Equal(hasOffsets, matrix.FourBitRows?.HasOffsets);
        if (matrix.FourBitRows is { } blocks)
        {
            Assert.Equal(expected, Widened(blocks));
        }
    }

    [Fact]
    public void Matrix_OfAnotherSize_IsRefused()
    {
        using var store = Open(PackedLayout.Gptq with { Bits = 4 });

        Assert.Contains(
            "'gptq.qweight' is int32 of shape [8, 16]; it must hold 16 × 128 numbers of 4 bits in int32",
            Assert.Throws<RefusedException>(() => store.Require("gptq.weight", Outputs, 2 * Inputs)).Message,
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"quant_method": "awq", "version": "gemv"}""", "version is 'gemv'; it must be 'gemm'")]
    [InlineData("""{"quant_method": "gptq", "checkpoint_format": "marlin"}""", "checkpoint_format is 'marlin'")]
    [InlineData("""{"quant_method": "gptq"}""", "packed weights of 'gpt2' are not supported", "gpt2")]
    public void Config_OfAnotherPacking_IsRefused(string rounding, string reason, string modelType = "llama")
    {
        File.WriteAllText(
            _folder.At("config.json"), $$"""{"model_type": "{{modelType}}", "quantization_config": {{rounding}}}""");

        Assert.Contains(
            reason,
            Assert.Throws<RefusedException>(() => Checkpoint.Open(_folder.Path, null)).Message,
            StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();

    private static PackedLayout Layout(string name) => name.Split('-')[0] switch
    {
        "gptq" => PackedLayout.Gptq with { GroupSize = 32, ZeroOffset = 1 },
        "second" => PackedLayout.Gptq,
        "awq" => PackedLayout.Awq with { GroupSize = 32 },
        _ => PackedLayout.Rows,
    };

    private static float[] Values(CheckpointTensor tensor)
    {
        // In two parts, so that reading begins inside a row.
        var values = new float[Outputs * Inputs];
        var first = values.Length / 3;
        tensor.Read(0, values.AsSpan(0, first));
        tensor.Read(first, values.AsSpan(first));
        return values;
    }

    private static float[] Widened(IFourBitRows blocks)
    {
        var values = new List<float>();
        for (var row = 0; row < Outputs; row++)
        {
            var (pairs, scales, offsets) = (new byte[Inputs / 2], new float[Inputs / 32], new float[Inputs / 32]);
            blocks.Read(row, pairs, scales, offsets);
            values.AddRange(Enumerable.Range(0, Inputs).Select(input =>
            {
                var number = input % 2 == 0 ? pairs[input / 2] & 15 : pairs[input / 2] >> 4;
                return (scales[input / 32] * (number - 8)) + offsets[input / 32];
            }));
        }

        return [.. values];
    }

    private SafetensorsTensors Open(PackedLayout layout)
    {
        File.Copy(RepositoryRoot.At("tests", "data", "packed", "packed.safetensors"), _folder.At("model.safetensors"));
        return SafetensorsTensors.Open(_folder.Path, layout, keepsBlocks: true);
    }
}
