using Stip.Onnx.Model;

namespace Stip.Onnx.Protection;

/// <summary>Outputs that a sigmoid gives, such as a map of where a picture has text. Where nothing is there all of them
/// are next to nothing, and their last bits are not those of small numbers: the runtime computes 1/2 plus a quotient.
/// </summary>
internal static class ShareOutputs
{
    /// <summary>What such an output may be off by, however small it is: sixteen roundings of a number between 1/2 and
    /// 1, in float32, in which the runtime works it out for narrower types too.</summary>
    public const double Rounding = 16 / (double)(1 << 24);

    // What hands numbers on as they are.
    private static readonly HashSet<string> Passing =
    [
        "Identity", "Cast", "Reshape", "Flatten", "Squeeze", "Unsqueeze", "Transpose", "Slice", "Split", "Gather",
    ];

    /// <summary>Names of outputs of the server's graphs.</summary>
    public static IReadOnlySet<string> Of(PlainModel plain) => plain.Parts.Where(part => !part.IsClient)
        .SelectMany(part => Of(part.Graph)).ToHashSet(StringComparer.Ordinal);

    private static IEnumerable<string> Of(GraphProto graph)
    {
        var makers = new Dictionary<string, NodeProto>(StringComparer.Ordinal);
        foreach (var node in graph.Node)
        {
            foreach (var output in node.Output)
            {
                makers[output] = node;
            }
        }

        return graph.Output.Select(output => output.Name).Where(IsShare);

        bool IsShare(string name)
        {
            var maker = makers.GetValueOrDefault(name);
            while (maker is not null && Passing.Contains(maker.OpType) && maker.Input.Count > 0)
            {
                maker = makers.GetValueOrDefault(maker.Input[0]);
            }

            return maker is { OpType: "Sigmoid" };
        }
    }
}
