using System.Buffers.Binary;
using Stip.Export.Checkpoints.Gguf;
using Stip.Onnx;
using Stip.TestKit;
using Stip.TestKit.Gguf;

namespace Stip.Export.Tests.Checkpoints.Gguf;

/// <summary>Headers that lie: each is refused in one line, before anything is allocated for what it claims.</summary>
public sealed class GgufFileTests : IDisposable
{
    private const int TensorCountAt = 8;
    private const int EntryCountAt = 16;
    private const int FirstKeyAt = 24;

    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void Open_OfAGoodFile_GivesMetadataAndTensors()
    {
        using var file = Open(Good());

        Assert.Equal("llama", file.Metadata.Text("general.architecture"));
        Assert.Equal([1, 2, 3], file.Metadata.Integers("list")!.Select(value => (int)value));
        var tensor = file.Tensors["second"];
        Assert.Equal([2L, 32], tensor.Shape);
        Assert.Equal("Q8_0", tensor.Type.Name);
        Assert.Equal(7, file.Bytes(tensor, 0, 1)[0]);
    }

    [Fact]
    public void Open_OfAFileCutAnywhere_IsRefused()
    {
        var good = Good();
        for (var length = 0; length < good.Length; length += 3)
        {
            Assert.Throws<RefusedException>(() => Open(good[..length]).Dispose());
        }
    }

    [Fact]
    public void Open_OfAFileWithAnyByteChanged_IsReadOrRefused()
    {
        var good = Good();
        for (var at = 0; at < good.Length; at++)
        {
            var changed = good.ToArray();
            changed[at] ^= 0x91;
            try
            {
                Open(changed).Dispose();
            }
            catch (RefusedException e)
            {
                Assert.DoesNotContain('\n', e.Message);
            }
        }
    }

    [Theory]
    [InlineData("is not a GGUF file", 0, 0x46554748UL)]
    [InlineData("GGUF version 1", 4, 1UL)]
    [InlineData("GGUF version 50331648", 4, 0x03000000UL)]
    [InlineData("claims 18446744073709551615 tensors", TensorCountAt, ulong.MaxValue)]
    [InlineData("claims 1099511627776 metadata entries", EntryCountAt, 1UL << 40)]
    [InlineData("metadata key of 9223372036854775807 bytes", FirstKeyAt, (ulong)long.MaxValue)]
    [InlineData("ends inside its header", FirstKeyAt, 16_000_000UL)]
    public void Open_OfALyingHeader_IsRefused(string reason, int at, ulong value)
    {
        var bytes = Good();
        if (at < TensorCountAt)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(at), (uint)value);
        }
        else
        {
            BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(at), value);
        }

        AssertRefused(reason, bytes);
    }

    [Fact]
    public void Open_OfATypeThatCannotBeRead_NamesIt() => AssertRefused(
        "tensor 'odd' of type NVFP4 (40); there are F32, F16, Q4_0",
        With(writer => writer.AddTensor("odd", new GgufType("NVFP4", 40, 64, 36, 0), [1, 64], Zeros(36))));

    [Fact]
    public void Open_OfAnUnknownType_GivesItsNumber() => AssertRefused(
        "tensor 'odd' of type 77, which is unknown",
        With(writer => writer.AddTensor("odd", new GgufType("?", 77, 1, 4, 0), [8], Zeros(32))));

    [Fact]
    public void Open_OfRowsThatAreNoWholeBlocks_IsRefused() => AssertRefused(
        "the shape [2, 16]; its rows must be whole blocks of 32",
        With(writer => writer.AddTensor("odd", GgufType.Named("Q4_0"), [2, 16], Zeros(18))));

    [Fact]
    public void Open_OfATensorTwice_IsRefused() => AssertRefused(
        "has tensor 'second' twice",
        With(writer => writer.AddTensor("second", GgufType.Named("F32"), [8], Zeros(32))));

    [Fact]
    public void Open_OfAnEntryTwice_IsRefused() =>
        AssertRefused("has list twice", With(writer => writer.Add("list", 1)));

    [Fact]
    public void Open_OfAnOddAlignment_IsRefused() =>
        AssertRefused("general.alignment of 48", With(writer => writer.Add("general.alignment", 48)));

    [Fact]
    public void Open_OfAShapeBeyondAllNumbers_IsRefused() => AssertRefused(
        "is truncated: tensor 'huge'",
        With(
            writer => writer.AddTensor("huge", GgufType.Named("F32"), [int.MaxValue, int.MaxValue, 2], _ => { }),
            isWhole: false));

    [Theory]
    [InlineData("x-00001-of-00002.gguf")]
    [InlineData("x-00002-of-00002.gguf")]
    public void Open_OfAnyPartOfASplitFile_GivesTensorsOfAll(string given)
    {
        Split("x-00001-of-00002.gguf", "x-00002-of-00002.gguf");

        using var file = GgufFile.Open(_folder.At(given));

        Assert.Equal("llama", file.Metadata.Text("general.architecture"));
        Assert.Equal(["a", "b"], file.Tensors.Keys.Order());
        Assert.Equal([1, 2], "ab".Select(name => (int)file.Bytes(file.Tensors[$"{name}"], 0, 1)[0]));
    }

    [Theory]
    [InlineData("x.gguf", "x-00002-of-00002.gguf", "x.gguf is part 1 of 2 of a split file; its name must end in "
        + "-00001-of-00002.gguf")]
    [InlineData("x-00001-of-00002.gguf", "y-00002-of-00002.gguf", "x-00001-of-00002.gguf is part 1 of 2 of a split "
        + "file; x-00002-of-00002.gguf is not beside it")]
    [InlineData("x-00001-of-00002.gguf", "x-00002-of-00002.gguf", "x-00001-of-00002.gguf tells of 3 tensors in all "
        + "parts; there are 2", 3)]
    [InlineData("x-00001-of-00002.gguf", "x-00002-of-00002.gguf", "x-00002-of-00002.gguf has tensor 'a', which an "
        + "earlier part has", 2, "a")]
    [InlineData("x-00001-of-00002.gguf", "x-00002-of-00002.gguf", "x-00002-of-00002.gguf says that it is part 1 of 2; "
        + "its name says 2 of 2", 2, "b", 0)]
    public void Open_OfASplitFileThatIsNotWhole_IsRefused(
        string first, string second, string reason, int tensors = 2, string name = "b", int number = 1)
    {
        Split(first, second, tensors, name, number);

        Assert.Equal(reason, Assert.Throws<RefusedException>(() => GgufFile.Open(_folder.At(first))).Message);
    }

    public void Dispose() => _folder.Dispose();

    private void Split(string first, string second, int tensors = 2, string name = "b", int number = 1)
    {
        Part(0).Add("general.architecture", "llama").Add("split.tensors.count", tensors)
            .AddTensor("a", GgufType.Named("F32"), [3], stream => stream.Write([1, .. new byte[11]]))
            .Save(_folder.At(first));
        Part(number).AddTensor(name, GgufType.Named("F32"), [3], stream => stream.Write([2, .. new byte[11]]))
            .Save(_folder.At(second));

        static GgufWriter Part(int number) => new GgufWriter().Add("split.no", number).Add("split.count", 2);
    }

    private static Action<Stream> Zeros(int count) => stream => stream.Write(new byte[count]);

    private static byte[] Good() => With(_ => { });

    private static byte[] With(Action<GgufWriter> change, bool isWhole = true)
    {
        var writer = new GgufWriter()
            .Add("general.architecture", "llama")
            .Add("list", new[] { 1, 2, 3 })
            .Add("texts", new[] { "a", "b" })
            .Add("number", 0.5f)
            .Add("flag", true)
            .AddTensor("first", GgufType.Named("F32"), [3], Zeros(12))
            .AddTensor("second", GgufType.Named("Q8_0"), [2, 32], stream => stream.Write([7, .. new byte[67]]));
        change(writer);
        using var stream = new MemoryStream();
        try
        {
            writer.Write(stream);
        }
        catch (InvalidOperationException) when (!isWhole)
        {
        }

        return stream.ToArray();
    }

    private GgufFile Open(byte[] bytes)
    {
        File.WriteAllBytes(_folder.At("a.gguf"), bytes);
        return GgufFile.Open(_folder.At("a.gguf"));
    }

    private void AssertRefused(string reason, byte[] bytes)
    {
        var refused = Assert.Throws<RefusedException>(() => Open(bytes).Dispose());
        Assert.Contains(reason, refused.Message, StringComparison.Ordinal);
        Assert.StartsWith("a.gguf ", refused.Message, StringComparison.Ordinal);
    }
}
