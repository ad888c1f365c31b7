using System.Runtime.InteropServices;
using Google.Protobuf;
using Stip.Onnx.Model;
using Stip.Onnx.Protection;
using Stip.Onnx.Tests.Symmetry;
using Stip.Protocol.Tensors;
using Stip.TestKit;

namespace Stip.Onnx.Tests.Protection.Rounding;

/// <summary>Matrices that lie inside of their graph file are rounded as those beside it are.</summary>
public sealed class InlineWeightsTests : IDisposable
{
    private const int Width = 32;
    private readonly SmallGraph _graph = new();
    private readonly TemporaryFolder _folder = new();

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public void Protect_WithRounding_RoundsThem(bool areTyped, bool isLink)
    {
        var path = Build(areTyped);
        if (isLink)
        {
            path = File.CreateSymbolicLink(_folder.At("link.onnx"), path).FullName;
        }

        var made = PackageProtector.Protect(
            path, _folder.At("package"), new ProtectionOptions("text") { Rounding = WeightRounding.Int8 },
            new SeededRandom(3));

        Assert.True(made.Verification!.Passed);
        Assert.True(made.Rounded!.Passed);
        Assert.True(PackageVerifier.Verify(path, _folder.At("package"), samples: 1).Passed);
        using var cloud = ModelFile.Load(_folder.At("package", "cloud", "model.onnx"));
        Assert.Equal(2, cloud.Graph.Node.Count(node => node.OpType == "MatMulNBits"));
    }

    public void Dispose()
    {
        _graph.Dispose();
        _folder.Dispose();
    }

    private string Build(bool areTyped)
    {
        _graph.Graph.AddInput("input_ids", TensorDtype.Int64, "batch", "seq");
        _graph.Add("Gather", "rows", _graph.Weight("tokens", 11, Width), "input_ids");
        _graph.Add("MatMul", "up", "rows", _graph.Weight("w_up", Width, 2 * Width));
        _graph.Add("Relu", "active", "up");
        _graph.Add("MatMul", "down", "active", _graph.Weight("w_down", 2 * Width, Width));
        _graph.Add("Add", "last_hidden_state", "down", "rows");
        _graph.Output("last_hidden_state", "batch", "seq", Width);
        using var file = _graph.Save();
        foreach (var tensor in file.Tensors.Where(tensor => tensor.IsExternal))
        {
            tensor.Proto.ExternalData.Clear();
            tensor.Proto.DataLocation = TensorProto.Types.DataLocation.Default;
            if (areTyped)
            {
                tensor.Proto.FloatData.Add(MemoryMarshal
                    .Cast<byte, float>(tensor.Bytes()).ToArray());
            }
            else
            {
                tensor.Proto.RawData = ByteString.CopyFrom(tensor.Bytes());
            }
        }

        var path = _folder.At("inline.onnx");
        File.WriteAllBytes(path, file.Model.ToByteArray());
        return path;
    }
}
