using System.Security.Cryptography;
using Stip.Onnx.Model;
using Stip.Onnx.Protection;
using Stip.Onnx.Protection.Rounding;
using Stip.Onnx.Symmetry;
using Stip.Onnx.Tests.Symmetry;
using Stip.TestKit;

namespace Stip.Onnx.Tests.Protection;

public sealed class DataFilesTests : IDisposable
{
    private readonly SmallGraph _graph = new();
    private readonly TemporaryFolder _folder = new();

    [Theory]
    [InlineData(long.MaxValue, 1)]
    [InlineData(16_384, 3)]
    [InlineData(1, 5)]
    public void Write_OfLongWeights_MakesFilesThatHoldWhatOneWould(long fileBytes, int least)
    {
        using var plain = Plain();
        var plan = PlanOf(plain);
        Directory.CreateDirectory(_folder.At("one"));
        Directory.CreateDirectory(_folder.At("several"));
        ProtectedGraphWriter.Write(plain, plan, _folder.At("one", "model.onnx"));

        var written = ProtectedGraphWriter.Write(
            GraphPart.Of(plain), plan, _folder.At("several", "model.onnx"), fileBytes);

        using var one = ModelFile.Load(_folder.At("one", "model.onnx"));
        using var several = ModelFile.Load(_folder.At("several", "model.onnx"));
        Assert.True(written.Count >= least);
        Assert.Equal("model.onnx.data", written[0].Path);
        Assert.All(one.Tensors.Zip(several.Tensors), pair => Assert.Equal(
            pair.First.Bytes(0, (int)pair.First.ByteLength), pair.Second.Bytes(0, (int)pair.Second.ByteLength)));
        Assert.All(written, file =>
        {
            var bytes = File.ReadAllBytes(_folder.At("several", file.Path));
            Assert.Equal(file.Bytes, bytes.Length);
            Assert.Equal(file.Sha256, Convert.ToHexStringLower(SHA256.HashData(bytes)));
        });
    }

    [Theory]
    [InlineData(1)]
    [InlineData(6_000)]
    public void Round_IntoSeveralFiles_HoldsWhatOneWould(long fileBytes)
    {
        using (Plain())
        {
        }

        Directory.CreateDirectory(_folder.At("one"));
        Directory.CreateDirectory(_folder.At("several"));
        foreach (var file in Directory.GetFiles(Path.GetDirectoryName(_graph.FilePath)!))
        {
            File.Copy(file, _folder.At("one", Path.GetFileName(file)));
            File.Copy(file, _folder.At("several", Path.GetFileName(file)));
        }

        GraphRounder.Round(_folder.At("one", "model.onnx"), WeightRounding.Int4);

        var written = GraphRounder.Round(_folder.At("several", "model.onnx"), WeightRounding.Int4, fileBytes);

        using var one = ModelFile.Load(_folder.At("one", "model.onnx"));
        using var several = ModelFile.Load(_folder.At("several", "model.onnx"));
        Assert.True(written.Count > 1);
        Assert.Equal(
            [.. written.Select(file => file.Path).Append("model.onnx").Order(StringComparer.Ordinal)],
            Directory.GetFileSystemEntries(_folder.At("several")).Select(path => Path.GetFileName(path))
                .Order(StringComparer.Ordinal));
        Assert.All(one.Tensors.Zip(several.Tensors), pair => Assert.Equal(
            pair.First.Bytes(0, (int)pair.First.ByteLength), pair.Second.Bytes(0, (int)pair.Second.ByteLength)));
    }

    [Fact]
    public void Write_TellsHowFarItIs()
    {
        using var plain = Plain();
        var told = new List<long>();

        var written = ProtectedGraphWriter.Write(
            GraphPart.Of(plain), ProtectionPlan.Nothing, _folder.At("model.onnx"), 16_384, told.Add);

        Assert.Equal(told.Order(), told);
        Assert.Equal(written.Sum(file => file.Bytes), told[^1]);
    }

    public void Dispose()
    {
        _graph.Dispose();
        _folder.Dispose();
    }

    private ModelFile Plain()
    {
        var hidden = _graph.Hidden(64);
        for (var layer = 0; layer < 5; layer++)
        {
            hidden = _graph.Add("MatMul", $"layer_{layer}", hidden, _graph.Weight($"w_{layer}", 64, 64));
        }

        _graph.Finish(hidden, 64);
        return _graph.Save();
    }

    private static ProtectionPlan PlanOf(ModelFile plain)
    {
        using var random = RandomNumberGenerator.Create();
        var analysis = SymmetryAnalysis.Of(plain);
        return ProtectionPlan.From(analysis.Graph, analysis.Draw(random).Targets);
    }
}
