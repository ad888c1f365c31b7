using System.Runtime.InteropServices;
using Stip.Keys.Bundles;
using Stip.Onnx.Execution;
using Stip.Onnx.Model;
using Stip.Onnx.Protection;
using Stip.Onnx.Running;
using Stip.Onnx.Tests.Symmetry;
using Stip.Protocol.Tensors;
using Stip.TestKit;

namespace Stip.Onnx.Tests.Protection.Cut;

/// <summary>Graphs that give the place of the best word instead of its logit: the server sees where in its own
/// order.</summary>
public sealed class IndexOutputTests : IDisposable
{
    private static readonly Dictionary<string, HostTensor> Inputs = new()
    {
        ["input_ids"] = HostTensor.FromIntegers([10L, 0L, 3L, 3L, 7L, 2L], 2, 3),
        ["position_ids"] = HostTensor.FromIntegers([0L, 1L, 2L, 4L, 6L, 7L], 2, 3),
    };

    private readonly SmallGraph _graph = new();
    private readonly TemporaryFolder _folder = new();

    [Theory]
    [InlineData("best")]
    [InlineData("places")]
    [InlineData("narrow")]
    public void Run_OfIndicesOfTheVocabulary_GivesThePlainOnes(string output)
    {
        Protect(output);

        var plain = Only(WholeModel.Run(_graph.FilePath, Inputs));
        Assert.Equal(plain.ToIntegers(), Only(WholeModel.Run(_folder.At("package"), Inputs)).ToIntegers());
    }

    [Fact]
    public void Bundle_OfIndicesOfTheVocabulary_SaysWhichNumberIsWhich()
    {
        Protect("best");

        var order = Order("best");
        Assert.NotEqual(Enumerable.Range(0, TextGraph.Vocabulary), order);
        Assert.Equal(Enumerable.Range(0, TextGraph.Vocabulary), order.Order());
    }

    [Fact]
    public void Protect_OfIndicesThatAreCountedOn_HoldsTheVocabulary()
    {
        // A number that something is added to is more than a place.
        TextGraph.Build(_graph);
        _graph.With("ArgMax", "argmax", ["logits"], NodeAttribute.Int("axis", -1), NodeAttribute.Int("keepdims", 0));
        _graph.Add("Add", "best", "argmax", _graph.Integer(100));
        Give("best", "batch", "seq");
        _graph.Save().Dispose();

        var made = PackageProtector.Protect(
            _graph.FilePath, _folder.At("package"), new ProtectionOptions("text"), new SeededRandom(3));

        Assert.True(made.Verification!.Passed);
        Assert.Null(Find("best"));
    }

    public void Dispose()
    {
        _graph.Dispose();
        _folder.Dispose();
    }

    private static HostTensor Only(IEnumerable<(string Name, HostTensor Tensor)> outputs) =>
        Assert.Single(outputs).Tensor;

    private void Protect(string output)
    {
        TextGraph.Build(_graph);
        _graph.With("ArgMax", "best", ["logits"], NodeAttribute.Int("axis", -1), NodeAttribute.Int("keepdims", 0));
        _graph.With("Cast", "narrow", ["best"], NodeAttribute.Int("to", (long)TensorDtype.Int32.ToOnnx()));
        _graph.Graph.Append(
            "", "TopK", "top", ["logits", _graph.Numbers(3)], ["values", "places"], [NodeAttribute.Int("axis", -1)]);
        if (output == "places")
        {
            Give(output, "batch", "seq", 3);
        }
        else
        {
            Give(output, "batch", "seq");
        }

        _graph.Save().Dispose();
        var made = PackageProtector.Protect(
            _graph.FilePath, _folder.At("package"), new ProtectionOptions("text"), new SeededRandom(3));
        Assert.True(made.Verification!.Passed);
        Assert.DoesNotContain(made.Warnings, warning => warning.Contains("output '", StringComparison.Ordinal));
    }

    // In place of the logits.
    private void Give(string output, params ReadOnlySpan<Axis> shape)
    {
        _graph.Graph.Graph.Output.Clear();
        _graph.Graph.AddOutput(
            output, output == "narrow" ? TensorDtype.Int32 : TensorDtype.Int64, shape);
    }

    private int[] Order(string output) => Find(output) ?? throw new InvalidOperationException("there is none");

    private int[]? Find(string output)
    {
        using var file = SafetensorsFile.Open(
            Path.Combine(_folder.At("package/client"), BundleManifest.OutputFileName));
        var name = BundleManifest.OutputPermutationPrefix + output;
        return file.Header.Entries.ContainsKey(name) ? MemoryMarshal.Cast<byte, int>(file.Bytes(name)).ToArray() : null;
    }
}
