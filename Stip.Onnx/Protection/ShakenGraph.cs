using Stip.Onnx.Execution;
using Stip.Onnx.Model;

namespace Stip.Onnx.Protection;

/// <summary>
/// A graph that rounds activations, in which each tensor that is rounded is first taken a little larger or smaller:
/// numbers between two steps go the other way, all others stay.
/// </summary>
internal sealed class ShakenGraph : IDisposable
{
    // Sums of a few hundred numbers in another order differ by about as much.
    private const float LastBits = 1f / (1 << 20);
    private const int Seed = 20262;
    private const string Prefix = "stip_factor_";

    private readonly Random _random = new(Seed);
    private readonly GraphRunner _runner;
    private readonly int _factors;

    private ShakenGraph(GraphRunner runner, int factors) => (_runner, _factors) = (runner, factors);

    /// <param name="path">The graph; its external data lies beside it.</param>
    public static ShakenGraph Load(string path)
    {
        var model = ModelProto.Parser.ParseFrom(File.ReadAllBytes(path));
        var factors = 0;
        foreach (var (body, node) in RoundedActivations.In(model).ToArray())
        {
            var factor = $"{Prefix}{factors++}";
            var shaken = new NodeProto
            {
                OpType = "Mul",
                Name = factor,
                Input = { node.Input[0], factor },
                Output = { $"{factor}_product" },
            };
            node.Input[0] = shaken.Output[0];
            body.Node.Insert(body.Node.IndexOf(node), shaken);
            var type = new TypeProto.Types.Tensor
            {
                ElemType = (int)TensorProto.Types.DataType.Float,
                Shape = new TensorShapeProto(),
            };
            model.Graph.Input.Add(
                new ValueInfoProto { Name = factor, Type = new TypeProto { TensorType = type } });
        }

        var folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        return new ShakenGraph(new GraphRunner(model, folder), factors);
    }

    /// <summary>Runs it once, with other last bits each time.</summary>
    public IReadOnlyDictionary<string, HostTensor> Run(IReadOnlyDictionary<string, HostTensor> inputs)
    {
        var given = inputs.ToDictionary(StringComparer.Ordinal);
        for (var factor = 0; factor < _factors; factor++)
        {
            given[$"{Prefix}{factor}"] = HostTensor.FromFloats(
                [1 + (LastBits * ((2 * _random.NextSingle()) - 1))], []);
        }

        return _runner.Run(given);
    }

    public void Dispose() => _runner.Dispose();
}
