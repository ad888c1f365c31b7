using Stip.Export.Checkpoints;
using Stip.Onnx;
using Stip.Protocol.Tensors;
using Stip.TestKit;

namespace Stip.Export.Tests.Checkpoints;

public sealed class Float8TensorTests : IDisposable
{
    private const int Side = 130;
    private readonly TemporaryFolder _folder = new();

    // OCP 8-bit floating point, table of E4M3: its least and largest, and what lies between.
    [Theory]
    [InlineData(0x00, 0)]
    [InlineData(0x01, 0.001953125f)]
    [InlineData(0x08, 0.015625f)]
    [InlineData(0x38, 1)]
    [InlineData(0x3C, 1.5f)]
    [InlineData(0x7E, 448)]
    [InlineData(0xB8, -1)]
    public void Read_OfOneNumber_IsItsValue(byte bits, float value)
    {
        using var store = Store(TensorDtype.Float8E4M3, [1, 1], [bits], null, []);

        Assert.Equal([value], Values(store, 1, 1));
    }

    [Fact]
    public void Read_OfTheOtherKind_IsTheUpperHalfOfAFloat16()
    {
        using var store = Store(TensorDtype.Float8E5M2, [1, 2], [0x3C, 0xC0], null, []);

        Assert.Equal([1f, -2], Values(store, 1, 2));
    }

    [Fact]
    public void Read_AcrossBlocks_TakesTheScaleOfEach()
    {
        using var store = Store(TensorDtype.Float8E4M3, [Side, Side], Ones(), "weight_scale_inv", [1, 2, 3, 4], 2, 2);
        var values = Values(store, Side, Side);

        Assert.All(Enumerable.Range(0, Side * Side), at => Assert.Equal(
            1 + (at / Side / 128 * 2) + (at % Side / 128), values[at]));
    }

    [Fact]
    public void Read_OfRowsWithScales_TakesThatOfTheRow()
    {
        float[] scales = [.. Enumerable.Range(1, Side).Select(row => (float)row)];
        using var store = Store(TensorDtype.Float8E4M3, [Side, Side], Ones(), "weight_scale", scales, Side, 1);
        var values = Values(store, Side, Side);

        Assert.All(Enumerable.Range(0, Side * Side), at => Assert.Equal(1 + (at / Side), values[at]));
    }

    [Fact]
    public void Scales_OfAnotherShape_AreRefused()
    {
        using var store = Store(
            TensorDtype.Float8E4M3, [Side, Side], Ones(), "weight_scale_inv", [1, 2, 3, 4, 5, 6], 2, 3);

        Assert.Contains(
            "scales of 'weight'",
            Assert.Throws<RefusedException>(() => store.Require("weight", Side, Side)).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void AnotherQuantization_IsRefusedByName()
    {
        File.WriteAllText(
            _folder.At("config.json"),
            """{ "model_type": "llama", "quantization_config": { "quant_method": "bitsandbytes" } }""");

        Assert.Contains(
            "quant_method is 'bitsandbytes'",
            Assert.Throws<RefusedException>(() => Checkpoint.Open(_folder.Path, null)).Message,
            StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();

    private static byte[] Ones() => [.. Enumerable.Repeat((byte)0x38, Side * Side)];

    private static float[] Values(SafetensorsTensors store, long rows, long columns)
    {
        var tensor = store.Require("weight", rows, columns);
        var values = new float[rows * columns];

        // In two parts, so that reading begins inside a row.
        var half = values.Length / 3;
        tensor.Read(0, values.AsSpan(0, half));
        tensor.Read(half, values.AsSpan(half));
        return values;
    }

    private SafetensorsTensors Store(
        TensorDtype dtype, long[] shape, byte[] bytes, string? scaleName, float[] scales, params long[] scaleShape)
    {
        var sources = new List<SafetensorsWriter.Source> { new("weight", dtype, shape, stream => stream.Write(bytes)) };
        if (scaleName is not null)
        {
            sources.Add(new SafetensorsWriter.Source(
                scaleName, TensorDtype.Float32, scaleShape,
                stream => stream.Write(System.Runtime.InteropServices.MemoryMarshal.AsBytes(scales.AsSpan()))));
        }

        using (var file = File.Create(_folder.At("model.safetensors")))
        {
            SafetensorsWriter.Write(file, sources);
        }

        return SafetensorsTensors.Open(_folder.Path);
    }
}
