using Stip.Onnx.Execution;
using Stip.Onnx.Model;
using Stip.Onnx.Protection.Cut;

namespace Stip.Onnx.Protection.Blocks;

/// <summary>Some nodes of a graph, cut out of it and loaded; weights of other nodes are not touched, and those of its
/// own stay mapped.</summary>
internal sealed class BlockRunner : IDisposable
{
    private const long LeastPackedBytes = 4096;

    private readonly GraphRunner _runner;

    /// <param name="model">The whole graph.</param>
    /// <param name="folder">Where its external data lies.</param>
    /// <param name="inputs">What the nodes are given: their types are the types of these values.</param>
    /// <param name="outputs">What is wanted of them.</param>
    /// <param name="asWritten">True to run node for node what the graph says, nothing fused.</param>
    public BlockRunner(
        ModelProto model,
        string folder,
        IReadOnlyDictionary<string, HostTensor> inputs,
        IEnumerable<string> outputs,
        bool asWritten = false)
    {
        var graph = model.Graph;
        var pruner = new GraphPruner(graph);
        var wanted = outputs.Distinct(StringComparer.Ordinal).ToArray();
        var (needed, _) = pruner.Needed([.. inputs.Keys], wanted);
        var declared = graph.Input.ToDictionary(input => input.Name, StringComparer.Ordinal);
        var taken = pruner.Take(
            "block",
            [.. inputs.Where(input => needed.Contains(input.Key))
                .Select(input => declared.GetValueOrDefault(input.Key) ?? Declare(input.Key, input.Value))],
            [.. wanted.Select(name => graph.Output.FirstOrDefault(output => output.Name == name)
                ?? new ValueInfoProto { Name = name })]);
        var cut = new ModelProto { IrVersion = model.IrVersion, Graph = taken };
        cut.OpsetImport.Add(model.OpsetImport);
        cut.Functions.Add(UsedFunctions.Of(model, taken));
        WideTypes.Write(cut);
        TiledProducts.Write(cut);
        _runner = new GraphRunner(
            cut, folder, asWritten, HasPackedWeights(cut) ? WeightMemory.MappedButPacked : WeightMemory.Mapped);
    }

    public IReadOnlyDictionary<string, HostTensor> Run(IReadOnlyDictionary<string, HostTensor> inputs) =>
        WrittenRows.Only(inputs, _runner.Run(inputs));

    public void Dispose() => _runner.Dispose();

    private static bool HasPackedWeights(ModelProto model) => model.Graph.Initializer.Any(tensor =>
        ElementTypes.Bits((TensorProto.Types.DataType)tensor.DataType) <= 8
        && GraphTensor.ByteCount(tensor) >= LeastPackedBytes);

    // Of any rank and shape: the values themselves say.
    private static ValueInfoProto Declare(string name, HostTensor value) => new()
    {
        Name = name,
        Type = new TypeProto
        {
            TensorType = new TypeProto.Types.Tensor { ElemType = (int)value.Dtype.ToOnnx() },
        },
    };
}
