using Stip.Onnx.Model;

namespace Stip.Onnx.Protection.Cut;

/// <summary>
/// A sound or a picture that several convolutions make rows of, before each row is told its place (Whisper's encoder):
/// a patch embedding in more than one step. All of it is the client's, as the one convolution of a ViT is, because it
/// ends in the position embedding, which is.
/// </summary>
internal static class ConvolvedStem
{
    private static readonly HashSet<string> Between = new(StringComparer.Ordinal)
    {
        "Add", "Sub", "Mul", "Div", "Pow", "Neg", "Sqrt", "Exp", "Cast", "CastLike", "Identity", "Dropout", "Erf",
        "Gelu", "FastGelu", "BiasGelu", "QuickGelu", "Relu", "LeakyRelu", "Elu", "Selu", "Celu", "PRelu", "Sigmoid",
        "HardSigmoid", "HardSwish", "Swish", "Tanh", "Mish", "Softplus", "Softsign", "Clip", "Pad", "Reshape",
        "Flatten", "Squeeze", "Unsqueeze", "Transpose",
    };

    private static readonly HashSet<string> PartsOfTables = new(StringComparer.Ordinal)
    {
        "Slice", "Gather", "Cast", "Identity", "Unsqueeze", "Squeeze", "Reshape", "Expand", "Transpose",
    };

    /// <summary>The nodes from the first convolution to the sum with the places; none where the graph does anything
    /// else with what lies between, or has but one convolution there.</summary>
    /// <param name="graph">The graph, its nodes in order.</param>
    /// <param name="constants">What does not depend on its inputs.</param>
    /// <param name="states">What the client computes without this.</param>
    public static IReadOnlySet<NodeProto> Find(
        GraphProto graph, Constants constants, Func<string, CutState> states)
    {
        var none = new HashSet<NodeProto>(ReferenceEqualityComparer.Instance);
        var stem = new HashSet<NodeProto>(ReferenceEqualityComparer.Instance);
        var rows = new HashSet<string>(StringComparer.Ordinal);
        var tables = new HashSet<string>(StringComparer.Ordinal);
        var lengths = new HashSet<string>(StringComparer.Ordinal);
        var (kernels, ends) = (0, 0);
        foreach (var node in graph.Node)
        {
            var reads = OuterReads.Of(node).ToArray();
            if (!Array.Exists(reads, rows.Contains))
            {
                if (PartsOfTables.Contains(node.OpType) && node.Input.Take(1).Any(IsTable) && IsOpen(reads))
                {
                    tables.UnionWith(node.Output);
                }
                else if (Array.Exists(reads, lengths.Contains) && IsOpen(reads))
                {
                    lengths.UnionWith(node.Output);
                }

                if (Convolutions.KernelOf(node) is null || !states(node.Output[0]).IsHidden)
                {
                    continue;
                }
            }
            else if (node.OpType is "Shape" or "Size")
            {
                lengths.UnionWith(node.Output);
                continue;
            }
            else if (node.OpType == "Add" && Array.Exists(reads, IsTable) && IsOpen(reads))
            {
                stem.Add(node);
                ends++;
                continue;
            }
            else if (!IsOpen(reads) || !(Between.Contains(node.OpType) || Convolutions.KernelOf(node) is not null))
            {
                return none;
            }

            kernels += Convolutions.KernelOf(node) is null ? 0 : 1;
            stem.Add(node);
            rows.UnionWith(node.Output);
        }

        return kernels > 1 && ends == 1 && !graph.Output.Any(output => rows.Contains(output.Name)) ? stem : none;

        bool IsTable(string name) => tables.Contains(name) || constants.HasMatrix(name);

        bool IsOpen(string[] reads) => Array.TrueForAll(
            reads, name => rows.Contains(name) || tables.Contains(name) || lengths.Contains(name)
                || (states(name) is { IsClient: true, Crosses: false }));
    }
}
