using Stip.Onnx.Model;
using Stip.Protocol.Tensors;
using Stip.TestKit;

namespace Stip.Onnx.Tests.Symmetry;

/// <summary>A graph of a few nodes with random float32 weights, written for one test.</summary>
internal sealed class SmallGraph : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly Random _random = new(5);

    public GraphBuilder Graph { get; } = new("small");

    public string FilePath => _folder.At("model.onnx");

    /// <summary>A weight of random values.</summary>
    public string Weight(string name, params long[] shape)
    {
        var count = shape.Aggregate(1L, (product, length) => product * length);
        float[] values = [.. Enumerable.Range(0, (int)count).Select(_ => _random.NextSingle() - 0.5f)];
        return Graph.AddWeight(name, Onnx.Model.Weight.FromFloats(TensorDtype.Float32, shape, values));
    }

    /// <summary>A float input <c>[batch, seq, features…]</c>.</summary>
    public string Input(string name, params ReadOnlySpan<Axis> shape) =>
        Graph.AddInput(name, TensorDtype.Float32, shape);

    public void Output(string name, params ReadOnlySpan<Axis> shape) =>
        Graph.AddOutput(name, TensorDtype.Float32, shape);

    /// <summary>A node of the default domain with one output.</summary>
    public string Add(string operation, string output, params string[] inputs) => With(operation, output, inputs);

    /// <summary>A node with attributes.</summary>
    public string With(
        string operation, string output, string[] inputs, params ReadOnlySpan<AttributeProto> attributes) =>
        Graph.Append("", operation, output + "/node", inputs, [output], attributes)[0];

    public ModelFile Save()
    {
        Graph.Save(FilePath);
        return ModelFile.Load(FilePath);
    }

    public void Dispose() => _folder.Dispose();
}
