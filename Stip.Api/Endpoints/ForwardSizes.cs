using System.Text.Json;
using Stip.Api.Engine.Forward;
using Stip.Api.Registry;
using Stip.Api.Registry.Packages;
using Stip.Protocol.Forward;
using Stip.Protocol.Packages;
using Stip.Protocol.Tensors;

namespace Stip.Api.Endpoints;

/// <summary>How large a pass may be, and how much of a key's token rate it takes.</summary>
internal static class ForwardSizes
{
    private const long SmallestLimit = 64 << 10;

    /// <summary>What no pass exceeds, whatever its model says of itself.</summary>
    private const long LargestLimit = 256 << 20;

    /// <summary>Longest body that any of these models could ask for.</summary>
    public static long MaxBodyBytes(IEnumerable<HostedModel> models, int maxBatch) => models
        .SelectMany(model => model.Forwards.Values.Select(forward => BodyBytes(
            forward.Graph, maxBatch, model.Manifest.ContextLength)))
        .Aggregate(SmallestLimit, Math.Max);

    /// <summary>A full batch at full length in base64, where the graph says how long that is.</summary>
    public static long BodyBytes(GraphManifest graph, int maxBatch, int contextLength)
    {
        var most = (decimal)SmallestLimit;
        foreach (var input in graph.Inputs)
        {
            // Rows may come in float32 whatever the graph's type is.
            _ = TensorDtypes.TryParseWire(input.Dtype, out var dtype);
            decimal bytes = Math.Max(dtype.ByteSize(), sizeof(float));
            for (var axis = 0; axis < input.Shape.Count; axis++)
            {
                var isFixed = input.Shape[axis].ValueKind == JsonValueKind.Number
                    && input.Shape[axis].TryGetInt64(out var length) && length > 0;
                bytes *= isFixed ? input.Shape[axis].GetInt64() : axis == 0
                    ? Math.Max(maxBatch, ForwardRequest.ClientTexts)
                    : contextLength;
                // A length that nobody knows.
                bytes = bytes <= 0 ? LargestLimit : Math.Min(bytes, LargestLimit);
            }

            most = Math.Min(most + bytes / 3 * 4, LargestLimit);
        }

        return (long)most;
    }

    /// <summary>Tokens of a text that are more than its encoder takes (attention grows with their square); null where
    /// the pass is short enough, or its graph no encoder of texts.</summary>
    public static long? TokensBeyond(PackageManifest manifest, DeclaredInputs inputs)
    {
        if (manifest.Graphs is not { Count: 1 } graphs || !graphs.TryGetValue(Roles.Encoder, out var encoder))
        {
            return null;
        }

        var longest = encoder.Inputs
            .Where(input => input.Shape is [_, { ValueKind: JsonValueKind.String }, { ValueKind: JsonValueKind.Number }]
                && input.Shape[2].TryGetInt32(out var width) && width == manifest.HiddenSize)
            .Select(input => inputs.Inputs.First(given => given.Name == input.Name).Shape[1])
            .DefaultIfEmpty()
            .Max();
        return manifest.ContextLength > 0 && longest > manifest.ContextLength ? longest : null;
    }

    /// <summary>Rows of the model's width that a pass is worth, at least one: tokens of texts, and of images what they
    /// cost as much as.</summary>
    public static int Rows(DeclaredInputs inputs, int hiddenSize)
    {
        var numbers = inputs.Inputs.Where(input => input.Numbers.Dtype.IsWireFloat())
            .Select(input => (long)input.Numbers.Count).DefaultIfEmpty().Max();
        return (int)Math.Clamp((numbers + hiddenSize - 1) / hiddenSize, 1, int.MaxValue);
    }
}
