using System.Runtime.InteropServices;
using System.Text;
using Stip.Export.Checkpoints;
using Stip.Export.Checkpoints.Packed;
using Stip.Onnx;
using Stip.Protocol.Tensors;
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

    // Tools round some modules to other widths, in other groups, than config.json says of the rest.
    [Theory]
    [InlineData("gptq", "gptq", 4, 16)]
    [InlineData("gptq", "gptq", 8, 64)]
    [InlineData("gptq-8", "gptq", 4, 32)]
    [InlineData("gptq-2", "auto-round", 4, 128)]
    [InlineData("awq", "awq", 4, 64)]
    public void Matrix_OfAnotherWidthOrGroupThanTheFilesOwn_IsWhatItStandsFor(
        string name, string method, int bits, int size)
    {
        var config = ConfigJson.Parse("config.json", Encoding.UTF8.GetBytes($$"""
            {"quantization_config": {"quant_method": "{{method}}", "bits": {{bits}}, "group_size": {{size}},
             "packing_format": "auto_round:auto_gptq"} }
            """));
        using var store = Open(PackedConfig.Read(config)!);

        Assert.Equal(
            Values(store.Require($"{name}.expected", Outputs, Inputs)),
            Values(store.Require($"{name}.weight", Outputs, Inputs)));
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
    [InlineData("awq", 12, 8, 1, "'a.qweight' is int32 of shape [8, 1]; it must hold 12 × 8 numbers of 4 bits")]
    [InlineData("gptq", 12, 8, 1, "'a.qzeros' is int32 of shape [1, 1]; it must hold 2 words of int32")]
    [InlineData("gptq", 8, 12, 1, "'a.qweight' is int32 of shape [1, 8]; it must hold 8 × 12 numbers of ")]
    public void Matrix_ThatWordsDoNotHold_IsRefused(string name, int outputs, int inputs, int zeros, string reason)
    {
        Write(
            ("a.qweight", name == "awq" ? [inputs, outputs / 8] : [inputs / 8, outputs], 0),
            ("a.qzeros", [1, zeros], 0),
            ("a.scales", [1, outputs], 1));
        using var store = SafetensorsTensors.Open(_folder.Path, Layout(name), keepsBlocks: false);

        Assert.Contains(
            reason,
            Assert.Throws<RefusedException>(() => store.Require("a.weight", outputs, inputs)).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Zero_ThatIsStoredAsTheLargestNumber_IsZero()
    {
        // What is stored is one less; zeros have no more bits than numbers, so one less than 0 is 15.
        Write(("a.qweight", [1, 8], 0x76543210), ("a.qzeros", [1, 1], -1), ("a.scales", [1, 8], 1));
        using var store = SafetensorsTensors.Open(
            _folder.Path, PackedLayout.Gptq with { ZeroOffset = 1 }, keepsBlocks: false);
        var values = new float[64];

        store.Require("a.weight", 8, 8).Read(0, values);

        Assert.Equal(Enumerable.Range(0, 64).Select(i => i % 8f), values);
    }

    [Fact]
    public void Matrix_WhoseLastWordsAreFilledUp_IsRead()
    {
        // compressed-tensors fills the last word of a row of inputs, and that of a column of zeros, up with zeros.
        const int Rows = 12;
        const int Columns = 20;
        Write(
            ("a.weight_packed", [Rows, 3], 0x76543210),
            ("a.weight_zero_point", [2, 1], 0x22222222),
            ("a.weight_scale", [Rows, 1], 1));
        using var store = SafetensorsTensors.Open(
            _folder.Path, PackedLayout.Rows with { Bits = 4 }, keepsBlocks: false);
        var values = new float[Rows * Columns];

        store.Require("a.weight", Rows, Columns).Read(0, values);

        Assert.Equal(Enumerable.Range(0, Rows * Columns).Select(i => (i % Columns % 8) - 2f), values);
    }

    [Theory]
    [InlineData("""{"group_0": {"weights": {"num_bits": 8}}, "group_1": {"weights": {"num_bits": 4}}}""", null)]
    [InlineData("""{"group_0": {"weights": {"num_bits": 8}}, "group_1": {"weights": {"num_bits": 8}}}""", 8)]
    [InlineData("""{"attention": {"weights": {"num_bits": 4}}, "rest": {"weights": null}}""", 4)]
    [InlineData("{}", null)]
    public void Config_OfSeveralWidths_LeavesThemToTheSizes(string groups, int? bits)
    {
        var config = ConfigJson.Parse("config.json", Encoding.UTF8.GetBytes($$"""
            {"quantization_config": {"quant_method": "compressed-tensors", "config_groups": {{groups}} } }
            """));

        Assert.Equal(bits, PackedConfig.Read(config)!.Bits);
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

    // Words of one value each; factors in float32.
    private void Write(params (string Name, long[] Shape, int Word)[] tensors) => File.WriteAllBytes(
        _folder.At("model.safetensors"),
        SafetensorsWriter.ToBytes([.. tensors.Select(tensor =>
        {
            var isFactor = tensor.Name.Contains("scale", StringComparison.Ordinal);
            var word = isFactor ? BitConverter.SingleToInt32Bits(tensor.Word) : tensor.Word;
            var words = Enumerable.Repeat(word, (int)tensor.Shape.Aggregate(1L, (all, axis) => all * axis)).ToArray();
            return new SafetensorsWriter.Source(
                tensor.Name,
                isFactor ? TensorDtype.Float32 : TensorDtype.Int32,
                tensor.Shape,
                target => target.Write(MemoryMarshal.AsBytes(words.AsSpan())));
        })]));

    private SafetensorsTensors Open(PackedLayout layout)
    {
        File.Copy(RepositoryRoot.At("tests", "data", "packed", "packed.safetensors"), _folder.At("model.safetensors"));
        return SafetensorsTensors.Open(_folder.Path, layout, keepsBlocks: true);
    }
}
